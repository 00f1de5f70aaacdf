"""What a vendor's page says of its answers: the headline first, then scores, exposure, clauses, when to ask again, and the history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from accounts.models import User
from accounts.permissions import allowed
from inventory.models import Vendor
from questionnaires.answer_words import said
from questionnaires.document import Document
from questionnaires.models import Answer, QuestionnaireRequest, RequestState, Score
from questionnaires.standing import AnswerBook, Worth, document_of, newest_reviewed
from reports.vendor_exposure import exposure_of
from reports.vendor_figures import history_figure
from web.figures import figure_view

SOON = timedelta(days=30)
SHOWN = 20
ASKED = (RequestState.SENT, RequestState.OPENED, RequestState.SUBMITTED, RequestState.REVIEWED)


@dataclass(frozen=True)
class Headline:
    """The answer to the question that sums a disclosure up, and what a reviewer made of it."""

    request: QuestionnaireRequest
    question: str
    key: str
    answer: str
    verdict: str
    reason: str
    points: float | None
    most: float | None
    stale: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One request as the page lists it; ``counts`` for the newest review of its questionnaire."""

    request: QuestionnaireRequest
    worth: Worth
    counts: bool
    due: str


def context(vendor: Vendor, actor: User, risk_classes: list[str], book: AnswerBook) -> dict[str, Any]:
    """What ``web/vendors/standing.html`` shows; empty for those who may not read answers. ``risk_classes``: one for each place at work."""
    if not allowed(actor, "questionnaires.read", vendor):
        return {"may_read_answers": False}
    today, requests, worths = book.today, book.requests, book.worths
    counting = {row.pk for row in (newest_reviewed(group) for group in _by_template(requests)) if row is not None}
    documents = _documents([row for row in requests if row.pk in counting or row.state in ASKED])
    current = [row for row in requests if row.pk in counting]
    return {
        "may_read_answers": True,
        "headline": headline(requests, worths, documents),
        "headline_waits": _waits(requests, documents),
        "asked": [Row(row, worths[row.pk], row.pk in counting, due(row, worths[row.pk], row.pk in counting, today)) for row in requests[:SHOWN]],
        "vendor_flags": list(dict.fromkeys(row for request in current for row in _named(documents[request.version_id].flags, worths[request.pk].flags))),
        "vendor_clauses": _clauses(current, documents),
        "exposure": exposure_of(vendor, risk_classes),
        "score_history": _history([row for row in requests if "headline" in _keys(documents, row)] or requests),
    }


def headline(requests: Sequence[QuestionnaireRequest], worths: dict[Any, Worth], documents: dict[Any, Document]) -> Headline | None:
    """From the newest reviewed disclosure, else from the newest that was submitted, also where answers are open again; None where nothing was submitted."""
    rows = [row for row in _disclosures(requests, documents) if row.submitted_at is not None]
    chosen = newest_reviewed(rows) or max(rows, key=lambda row: row.created_at, default=None)
    if chosen is None:
        return None
    key = documents[chosen.version_id].headline[0]
    question = documents[chosen.version_id].by_id[key]
    answer = Answer.objects.filter(request=chosen, question=key).first()
    stale = worths[chosen.pk].stale.of(key) if answer and answer.verdict == "accepted" else ()
    if answer is None:
        return Headline(chosen, question.text, key, "", "", "", None, question.most, ())
    points = answer.points if question.levels else None
    return Headline(chosen, question.text, key, said(question, answer.value), answer.verdict, answer.verdict_reason, points, question.most, stale)


def _disclosures(requests: Sequence[QuestionnaireRequest], documents: dict[Any, Document]) -> list[QuestionnaireRequest]:
    return [row for row in requests if row.state in ASKED and documents[row.version_id].headline]


def _waits(requests: Sequence[QuestionnaireRequest], documents: dict[Any, Document]) -> QuestionnaireRequest | None:
    """The newest disclosure that was sent and never submitted."""
    rows = [row for row in _disclosures(requests, documents) if row.submitted_at is None]
    return max(rows, key=lambda row: row.created_at, default=None)


def due(row: QuestionnaireRequest, worth: Worth, counts: bool, today: date) -> str:
    """When to ask again, in words; empty while there is nothing to do."""
    if not counts:
        return ""
    if row.valid_until is None or row.valid_until < today:
        return "Expired: ask again"
    if worth.stale.whole:
        return "Moved on: ask again"
    return "Ask again soon" if row.valid_until <= today + SOON else ""


def _by_template(requests: Sequence[QuestionnaireRequest]) -> list[list[QuestionnaireRequest]]:
    found: dict[Any, list[QuestionnaireRequest]] = {}
    for row in requests:
        found.setdefault(row.version.template_id, []).append(row)
    return list(found.values())


def _documents(requests: Sequence[QuestionnaireRequest]) -> dict[Any, Document]:
    return {row.version_id: document_of(row) for row in requests}


def _keys(documents: dict[Any, Document], row: QuestionnaireRequest) -> tuple[str, ...]:
    return ("headline",) if row.version_id in documents and documents[row.version_id].headline else ()


def _named(rows: Sequence[Any], keys: Sequence[str]) -> list[Any]:
    return [row for row in rows if row.id in keys]


def _clauses(requests: Sequence[QuestionnaireRequest], documents: dict[Any, Document]) -> list[Any]:
    """Clauses that the newest reviews leave open, each once."""
    kept = [(row, (getattr(row, "sheet", None) or {}).get("clauses", ())) for row in requests]
    return list(dict.fromkeys(clause for row, keys in kept for clause in _named(documents[row.version_id].clauses, keys)))


def _history(requests: Sequence[QuestionnaireRequest]) -> Any:
    rows = Score.objects.filter(request__in=[row.pk for row in requests]).order_by("created_at").values_list("created_at", "claimed", "confirmed")
    figure = history_figure(list(rows), "Disclosure over time")
    return figure_view(figure) if figure else None
