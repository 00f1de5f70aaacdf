"""What a section's form does: each answer is taken or refused on its own, so that one wrong entry loses no other."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, QueryDict

from accounts.models import User
from core import clock
from core.errors import InvalidInput, InvalidState
from questionnaires.models import Answer, Exhibit, Invitation
from questionnaires.respondents import AnswerConflict, actor_behind
from questionnaires.rules import DECLINED
from questionnaires.services.answering import answer_decline, answer_write, comment_add, exhibit_attach, exhibit_remove
from web.forms import sentence
from web.portal.fields import Asked, named_in, raw_in, seen_in

BOTH = "There is an answer and a reason for not disclosing it. Keep one of them and empty the other."


@dataclass
class Outcome:
    """What came of one form, by question."""

    saved: set[str] = field(default_factory=set)
    errors: dict[str, str] = field(default_factory=dict)
    file_errors: dict[str, list[str]] = field(default_factory=dict)
    typed: dict[str, Any] = field(default_factory=dict)
    conflicts: dict[str, AnswerConflict] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether everything was taken."""
        return not (self.errors or self.file_errors or self.conflicts)


def section_save(request: HttpRequest, invitation: Invitation, rows: list[Asked]) -> Outcome:
    """Take every answer, reason, file and comment in the form that belongs to ``rows``; errors stay with their question."""
    actor, data, found = actor_behind(invitation), request.POST, Outcome()
    named = named_in(data)
    for row in rows:
        if row.key in named:
            _answer(actor, invitation, row, data, found)
        for file in request.FILES.getlist(f"f-{row.key}"):
            _attach(actor, invitation, row.key, file, found)
        text = data.get(f"c-{row.key}", "").strip()
        if text:
            _guarded(found, row.key, partial(comment_add, actor=actor, invitation=invitation, question=row.key, text=text))
    _remove(actor, invitation, data, found)
    return found


def _answer(actor: User, invitation: Invitation, row: Asked, data: QueryDict, found: Outcome) -> None:
    raw, reason = raw_in(row.question, data), data.get(f"d-{row.key}", "").strip()
    if not row.changeable:
        return
    new_reason, new_answer = reason != row.declined, _differs(row.answer, raw)
    if reason and raw and new_reason and new_answer:
        found.errors[row.key], found.typed[row.key] = BOTH, raw
        return
    seen = seen_in(data, row.key)
    declines = bool(reason) and (new_reason or not raw)

    def write() -> Answer:
        if declines:
            return answer_decline(actor=actor, invitation=invitation, question=row.key, reason=reason, seen=seen)
        return answer_write(actor=actor, invitation=invitation, question=row.key, raw=raw, seen=seen)

    before = row.revision
    stored = _guarded(found, row.key, write, {DECLINED: reason} if declines else raw)
    if isinstance(stored, Answer) and stored.revision != before:
        found.saved.add(row.key)
        row.answer = stored


def _differs(answer: Answer | None, raw: Any) -> bool:
    value = answer.value if answer else None
    if isinstance(value, dict):
        value = None
    shown = "" if value is None else value
    return (raw or "") != shown and str(raw or "") != str(shown)


def _attach(actor: User, invitation: Invitation, key: str, file: Any, found: Outcome) -> None:
    try:
        exhibit_attach(actor=actor, invitation=invitation, question=key, name=file.name, stream=file.file)
        found.saved.add(key)
    except (InvalidInput, InvalidState) as error:
        message = error.message if isinstance(error, InvalidInput) else str(error)
        found.file_errors.setdefault(key, []).append(f"{file.name}: {message}.".replace("..", "."))


def _remove(actor: User, invitation: Invitation, data: QueryDict, found: Outcome) -> None:
    try:
        key = UUID(data.get("remove", "")) if "remove" in data else None
    except ValueError:
        key = None
    row = Exhibit.objects.filter(pk=key, answer__request=invitation.request).select_related("answer").first() if key else None
    if row is not None:
        question = row.answer.question
        _guarded(found, question, lambda: exhibit_remove(actor=actor, invitation=invitation, exhibit=row))
        found.saved.add(question)


def _guarded(found: Outcome, key: str, act: Callable[[], Any], typed: Any = None) -> Any:
    try:
        return act()
    except InvalidInput as error:
        found.errors[key] = sentence(error.message)
    except AnswerConflict as error:
        found.conflicts[key] = error
    except InvalidState as error:
        found.errors[key] = str(error)
    if typed is not None:
        found.typed[key] = typed
    return None


def shown_after(rows: list[Asked], found: Outcome) -> None:
    """Put what came of a form beside each question."""
    now = clock.now()
    for row in rows:
        row.error, row.file_errors = found.errors.get(row.key, ""), found.file_errors.get(row.key, [])
        typed = found.typed.get(row.key)
        row.typed = None if isinstance(typed, dict) else typed
        if row.key in found.saved and not row.error:
            row.saved = f"Saved at {now:%H:%M}"
        conflict = found.conflicts.get(row.key)
        if conflict is not None:
            row.conflict = _told(row, conflict)


def _told(row: Asked, conflict: AnswerConflict) -> str:
    from_whom = conflict.answer.invitation.name if conflict.answer.invitation else "somebody else"
    at = f" at {conflict.answer.changed_at:%H:%M}" if conflict.answer.changed_at else ""
    mine = Asked(row.question, "", True, Answer(question=row.key, value=conflict.offered), True).words
    stored, offered = row.words or "no answer", mine or "no answer"
    return f"{from_whom} answered this{at}: “{stored}”. You entered: “{offered}”, which is not saved. Press Save to put yours in its place."
