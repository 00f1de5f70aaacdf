"""What the pages of the portal show."""

from collections.abc import Sequence
from typing import Any

from core import clock
from core.errors import NotFound
from questionnaires.attachments import ACCEPT, ALLOWED, LARGEST
from questionnaires.document import Question, Section
from questionnaires.models import Answer, Comment, Exhibit, ExhibitOrigin, Invitation, RequestState
from questionnaires.progress import SectionProgress, mine, sections_of, whole
from questionnaires.respondents import changeable, reopened_of
from questionnaires.scoring import Sitting
from questionnaires.services.submitting import may_submit_now
from questionnaires.sitting import sitting_of
from web.portal.fields import Asked


def base(invitation: Invitation) -> dict[str, Any]:
    """What every page of the portal knows."""
    return {"invitation": invitation, "asked": invitation.request, "questionnaire": invitation.request.version.template.name, "today": clock.now().date()}


def overview(invitation: Invitation) -> dict[str, Any]:
    """The first page: what it is about, how far it is, where to go on."""
    request, sitting = invitation.request, sitting_of(invitation.request)
    answers = list(Answer.objects.filter(request=request))
    parts = mine(sections_of(sitting), invitation)
    total = whole(parts)
    reopened = _reopened(sitting, parts, reopened_of(answers))
    return {
        **base(invitation),
        "document": sitting.document,
        "parts": parts,
        "total": total,
        "reopened": reopened,
        "late": request.late_on(clock.now().date()),
        "open": may_submit_now(request, answers),
        "first": next((part for part in parts if part.progress.missing or part.progress.answered < part.progress.asked), parts[0] if parts else None),
        "comments": comments_of(invitation).filter(question=""),
        "colleagues": request.invitations.filter(delegated_by=invitation, revoked_at__isnull=True),
    }


def _reopened(sitting: Sitting, parts: Sequence[SectionProgress], keys: frozenset[str]) -> list[tuple[Section, Question]]:
    known = {part.section.id for part in parts}
    return [(section, question) for section, question in sitting.asked() if question.id in keys and section.id in known]


def section_named(invitation: Invitation, sitting: Sitting, key: str) -> Section:
    """A section of this respondent's part, or ``NotFound``."""
    found = next((part.section for part in mine(sections_of(sitting), invitation) if part.section.id == key), None)
    if found is None:
        raise NotFound("There is no such section in your part of the questionnaire.")
    return found


def comments_of(invitation: Invitation) -> Any:
    """Comments that a respondent may read: never the internal ones."""
    return Comment.objects.filter(request=invitation.request, internal=False).select_related("invitation", "by")


def questions(invitation: Invitation, section: Section, sitting: Sitting) -> list[Asked]:
    """Every question of ``section``, those too that are not asked at present."""
    request = invitation.request
    rows = list(Answer.objects.filter(request=request).select_related("invitation"))
    answers, reopened = {row.question: row for row in rows}, reopened_of(rows)
    keys = [question.id for question in section.questions]
    exhibits = list(
        Exhibit.objects.filter(answer__request=request, answer__question__in=keys, removed_at__isnull=True, origin=ExhibitOrigin.ATTACHED).select_related(
            "answer", "artifact"
        )
    )
    comments = list(comments_of(invitation).filter(question__in=keys))
    asked, missing = {question.id for _, question in sitting.asked()}, set(sitting.missing())
    found = []
    for number, question in enumerate(section.questions, start=1):
        answer = answers.get(question.id)
        free = changeable(request, question, answer is not None and answer.value is not None, reopened)
        row = Asked(question, str(number), question.id in asked, answer, free, question.id in missing or question.required)
        row.exhibits = [exhibit for exhibit in exhibits if exhibit.answer.question == question.id]
        row.comments = [comment for comment in comments if comment.question == question.id]
        found.append(row)
    return found


def section(invitation: Invitation, section: Section, rows: list[Asked], sitting: Sitting) -> dict[str, Any]:
    """One section as one page."""
    parts = mine(sections_of(sitting), invitation)
    place = [part.section.id for part in parts].index(section.id)
    return {
        **base(invitation),
        "section": section,
        "part": parts[place],
        "rows": rows,
        "place": place + 1,
        "places": len(parts),
        "before": parts[place - 1].section if place else None,
        "after": parts[place + 1].section if place + 1 < len(parts) else None,
        "changeable": any(row.changeable and row.shown for row in rows),
        **FILES,
    }


FILES = {"accept": ACCEPT, "allowed": ALLOWED, "largest": LARGEST // 1024 // 1024}


def review(invitation: Invitation, missing: Sequence[str] = ()) -> dict[str, Any]:
    """The page before handing in: every answer in words, what is missing, with the way to each."""
    sitting = sitting_of(invitation.request)
    parts = mine(sections_of(sitting), invitation)
    known = {part.section.id for part in parts}
    lacking = set(missing or sitting.missing())
    rows = {part.section.id: [row for row in questions(invitation, part.section, sitting) if row.shown] for part in parts}
    answers = list(Answer.objects.filter(request=invitation.request))
    return {
        **base(invitation),
        "parts": [(part, rows[part.section.id]) for part in parts],
        "missing": [(section, question) for section, question in sitting.asked() if question.id in lacking and section.id in known],
        "elsewhere": sum(question.id in lacking and section.id not in known for section, question in sitting.asked()),
        "lacking": lacking,
        "open": may_submit_now(invitation.request, answers),
        "again": invitation.request.submitted_at is not None,
    }


def receipt(invitation: Invitation) -> dict[str, Any]:
    """What was handed in, when, and under which digest."""
    request = invitation.request
    if request.submission is None:
        raise NotFound("Nothing was submitted yet.")
    parts = sections_of(sitting_of(request))
    files = (
        Exhibit.objects.filter(answer__request=request, removed_at__isnull=True, origin=ExhibitOrigin.ATTACHED)
        .select_related("artifact", "answer")
        .order_by("created_at")
    )
    return {
        **base(invitation),
        "submission": request.submission,
        "total": whole(parts),
        "files": files,
        "reviewed": request.state == RequestState.REVIEWED,
    }
