"""Answering without the browser: the sheet to fill in, what a filled-in one would change, and taking it over."""

from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from core.errors import InvalidInput, InvalidState
from questionnaires.answer_words import told
from questionnaires.models import Answer, Invitation
from questionnaires.respondents import AnswerConflict, actor_behind, changeable, reopened_of, within
from questionnaires.rules import Value
from questionnaires.services.answering import answer_write
from questionnaires.sheets import LARGEST, Filled, Line, Origin, lines_of, sheet_read, sheet_write
from questionnaires.sitting import sitting_of
from questionnaires.values import value_read
from web.forms import sentence, service_errors
from web.lists.export import FORMATS
from web.portal import page
from web.portal.forms import SheetForm
from web.portal.session import path_of, portal_page

SALT = "assay.portal.sheet"
SECONDS = 3600
CHANGED, SAME, EMPTY, INVALID, CONFLICT, LOCKED = "changed", "unchanged", "empty", "invalid", "conflict", "locked"
WORDS = {
    CHANGED: "will be taken over",
    SAME: "unchanged",
    EMPTY: "left empty: what is stored stays",
    INVALID: "cannot be taken",
    CONFLICT: "was answered in the browser meanwhile: that answer stays",
    LOCKED: "submitted: cannot change",
}


@dataclass(frozen=True)
class Change:
    """What the sheet would do to one question."""

    line: Line
    state: str
    before: str
    after: str = ""
    reason: str = ""
    value: Value = None

    @property
    def word(self) -> str:
        """The state in words."""
        return WORDS[self.state]


@portal_page("GET")
def download(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """The questionnaire as a workbook with what is answered so far."""
    lines, _ = _lines(invitation)
    content = sheet_write(lines, _origin(invitation), invitation.request.version.template.name)
    headers = {"Content-Disposition": 'attachment; filename="questionnaire.xlsx"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=FORMATS["xlsx"], headers=headers)


@portal_page("GET", "POST", upload=True)
def upload(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Take a filled-in sheet and show what it would change; nothing is stored yet."""
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = SheetForm(*sent)
    if form.is_valid():
        with service_errors(form):
            lines, answers = _lines(invitation)
            filled = sheet_read(form.cleaned_data["file"].read(LARGEST + 1), _origin(invitation), lines)
            changes = [_change(invitation, line, found, answers) for line, found in zip(lines, filled, strict=True)]
            return _preview(request, invitation, changes)
    status = 422 if form.errors else 200
    return render(request, "web/portal/offline.html", {**page.base(invitation), "form": form}, status=status)


@portal_page("POST")
def apply(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Take over exactly what was shown; each answer on its own."""
    try:
        kept = signing.loads(request.POST.get("rows", ""), salt=SALT, max_age=SECONDS)
    except signing.BadSignature as error:
        raise InvalidInput("file", "this preview is older than an hour, or was changed. Upload the sheet once more") from error
    if kept["invitation"] != str(invitation.pk):
        raise InvalidInput("file", "this preview belongs to another visit. Upload the sheet once more")
    actor, refused = actor_behind(invitation), []
    for key, value, seen in kept["rows"]:
        try:
            answer_write(actor=actor, invitation=invitation, question=key, raw=value, seen=seen)
        except (AnswerConflict, InvalidInput, InvalidState) as error:
            refused.append((key, str(error)))
    if refused:
        context = {**page.base(invitation), "refused": refused, "taken": len(kept["rows"]) - len(refused)}
        return render(request, "web/portal/offline_done.html", context, status=409)
    return redirect(f"{path_of(invitation)}?taken={len(kept['rows'])}")


def _lines(invitation: Invitation) -> tuple[list[Line], dict[str, Answer]]:
    answers = {row.question: row for row in Answer.objects.filter(request=invitation.request)}
    sections = sitting_of(invitation.request).sections()
    return lines_of(sections, answers, lambda key: within(invitation, key)), answers


def _origin(invitation: Invitation) -> Origin:
    version = invitation.request.version
    return Origin(str(invitation.request_id), version.digest, version.number)


def _change(invitation: Invitation, line: Line, found: Filled, answers: dict[str, Answer]) -> Change:
    question, before = line.question, told(line.question, line.value)
    if found.fault:
        return Change(line, INVALID, before, reason=found.fault)
    if found.raw is None:
        return Change(line, SAME if line.value is None else EMPTY, before)
    try:
        value = value_read(question, found.raw)
    except InvalidInput as error:
        return Change(line, INVALID, before, str(found.raw)[:200], sentence(error.message))
    after = told(question, value)
    if value == line.value:
        return Change(line, SAME, before, after)
    if found.revision != line.revision:
        return Change(line, CONFLICT, before, after)
    if not changeable(invitation.request, question, line.value is not None, reopened_of(list(answers.values()))):
        return Change(line, LOCKED, before, after)
    return Change(line, CHANGED, before, after, value=value)


def _preview(request: HttpRequest, invitation: Invitation, changes: list[Change]) -> HttpResponse:
    rows: list[tuple[str, Any, int]] = [(row.line.question.id, row.value, row.line.revision) for row in changes if row.state == CHANGED]
    counts = {state: sum(row.state == state for row in changes) for state in WORDS}
    context = {
        **page.base(invitation),
        "changes": [row for row in changes if row.state not in (SAME, EMPTY)],
        "counts": counts,
        "same": counts[SAME] + counts[EMPTY],
        "rows": signing.dumps({"invitation": str(invitation.pk), "rows": rows}, salt=SALT, compress=True) if rows else "",
    }
    return render(request, "web/portal/offline_preview.html", context)
