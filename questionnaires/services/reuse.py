"""Earlier accepted answers of the same vendor, offered for the same question in a new request, and taken over as a beginning, never as accepted."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core import clock
from core.canonical import canonical_digest
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from inventory.rows import row_log
from questionnaires.document import Document, Question
from questionnaires.models import ANSWERABLE, Answer, QuestionnaireRequest, RequestState, TemplateVersion, Verdict
from questionnaires.staleness import staleness_of

VERB = "questionnaire.send"
LOOKED_AT = 10
"""So many of the vendor's last reviewed requests are looked through."""


@dataclass(frozen=True)
class Offer:
    """An accepted answer that fits a question of a new request; ``stale`` says why it would have to be looked at again."""

    question: Question
    source: Answer
    stale: tuple[str, ...]


def asked_digest(question: Question) -> str:
    """SHA-256 of what a question asks: key, text, type, unit, choices and columns. Its help, points and rules do not matter for an answer."""
    asked = question.model_dump(mode="json", include={"id", "text", "type", "unit", "options", "columns"})
    asked["options"] = [{"id": row["id"], "label": row["label"]} for row in asked["options"]]
    return canonical_digest(asked)


def reuse_offers(request: QuestionnaireRequest) -> list[Offer]:
    """The newest accepted answer for each question of ``request`` that has none yet; declined ones are not offered. Five queries at most."""
    if request.vendor_id is None:
        return []
    wanted = {question.id: question for question in request.version.parsed().by_id.values()}
    done = set(Answer.objects.filter(request=request, value__isnull=False).values_list("question", flat=True))
    earlier = _earlier(request)
    stale = staleness_of(earlier, clock.now().date())
    documents = {row.pk: row.parsed() for row in TemplateVersion.objects.filter(pk__in={row.version_id for row in earlier})}
    rows = Answer.objects.filter(request__in=earlier, verdict=Verdict.ACCEPTED, question__in=set(wanted) - done)
    found: dict[str, Offer] = {}
    for row in rows.select_related("request__version__template").order_by("-request__reviewed_at"):
        question = wanted[row.question]
        if row.question not in found and _fits(question, documents[row.request.version_id], row):
            found[row.question] = Offer(question, row, stale[row.request_id].of(row.question))
    return [found[key] for key in wanted if key in found]


@transaction.atomic
def answer_reuse(*, actor: User, request: QuestionnaireRequest, source: Answer) -> Answer:
    """Take an accepted answer of an earlier request over into one that is not submitted yet. The respondent sees it, may change it, and hands it in himself.

    It has no verdict: whether it still holds is judged anew. ``Conflict`` where something stands there already.
    """
    require(actor, VERB, request)
    if actor.is_service:
        raise NotAllowed("A service account cannot take answers over; a person has to.")
    row = QuestionnaireRequest.objects.select_for_update(of=("self",)).select_related("version").get(pk=request.pk)
    if row.state not in (RequestState.DRAFT, *ANSWERABLE) or row.submitted_at is not None:
        raise InvalidState("Answers can be taken over only before the first submission.")
    if not any(offer.source.pk == source.pk for offer in reuse_offers(row)):
        raise InvalidInput("source", "this answer does not fit: it must be accepted, of the same vendor, to the same question, and nothing may stand here yet")
    if Answer.objects.filter(request=row, question=source.question).exists():
        raise Conflict(f"Something stands at “{source.question}” already.")
    made = Answer.objects.create(
        request=row, question=source.question, value=source.value, changed_at=clock.now(), changed_by=actor, reused_from=source
    )  # fmt: skip
    facts = {"request": str(row.pk), "question": made.question, "source": str(source.pk), "value": canonical_digest(made.value)}
    row_log(actor, "questionnaires.answer.reused", made, facts)
    return made


def _earlier(request: QuestionnaireRequest) -> Sequence[QuestionnaireRequest]:
    rows = QuestionnaireRequest.objects.filter(organisation=request.organisation_id, vendor=request.vendor_id, state=RequestState.REVIEWED)
    return list(rows.exclude(pk=request.pk).order_by("-reviewed_at")[:LOOKED_AT])


def _fits(question: Question, document: Document, row: Answer) -> bool:
    asked = document.by_id.get(row.question)
    declined = isinstance(row.value, dict)
    return asked is not None and row.value is not None and not declined and asked_digest(asked) == asked_digest(question)
