"""Questionnaires of customers: taken in, answered by us with files cited by digest, approved by somebody else, and only then exported."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import require
from accounts.record import Owner
from core import clock
from core.canonical import canonical_digest
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from core.hashing import sha256_bytes
from evidence.models import Artifact
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes
from inventory.rows import row_insert, row_log
from questionnaires.document import Document
from questionnaires.inbound import answers_digest, authors_of, cited_of, rows_of, unanswered
from questionnaires.inbound_file import FORMS, document_from_questions, questions_read, table_write
from questionnaires.models import (
    Answer,
    AnswerRevision,
    Direction,
    Exhibit,
    ExhibitOrigin,
    ExhibitState,
    QuestionnaireRequest,
    RequestState,
    Template,
    TemplateVersion,
    Verdict,
)
from questionnaires.values import value_read

VERB, APPROVE = "questionnaire.send", "questionnaire.review"
RECEIVED = "urn:assay:predicate:questionnaire-received:v1"
LONGEST_CUSTOMER, LONGEST_REASON, MOST_CITED, HOLDS = 120, 1000, 20, 12
"""Characters of a customer's name and of a reason, files behind one answer, months that approved answers hold."""
HARD = frozenset({"table", "file"})
"""Types of question that cannot be answered here."""


@dataclass(frozen=True)
class Received:
    """Who asks and until when, and either a file with the heading of its column of questions, or a published version."""

    customer: str
    due_on: date
    file: bytes = b""
    column: str = ""
    version: TemplateVersion | None = None


@transaction.atomic
def inbound_receive(*, actor: User, organisation: Organisation, given: Received) -> QuestionnaireRequest:
    """A customer's questionnaire, open to be answered. A file is kept as evidence under its hash. ``Conflict`` where it was taken in today already."""
    require(actor, VERB, Owner(organisation.id))
    customer = given.customer.strip()
    if not customer or len(customer) > LONGEST_CUSTOMER:
        raise InvalidInput("customer", f"name the customer in 1 to {LONGEST_CUSTOMER} characters")
    if given.due_on < clock.now().date():
        raise InvalidInput("due_on", "choose today or a later day")
    if bool(given.file) == (given.version is not None):
        raise InvalidInput("file", "give either a file or a questionnaire that is published here")
    version = _published(organisation, given.version) if given.version else _from_file(actor, organisation, customer, given)
    row = QuestionnaireRequest(
        organisation=organisation, direction=Direction.INBOUND, customer=customer, version=version, state=RequestState.OPENED,
        owner=actor, created_by=actor, due_on=given.due_on,
    )  # fmt: skip
    row.save(force_insert=True)
    _log_received(actor, row, given)
    return row


@transaction.atomic
def inbound_answer(*, actor: User, request: QuestionnaireRequest, question: str, raw: Any, citations: Collection[str] = (), seen: int = 0) -> Answer:
    """Write or change one answer with the files it cites, by SHA-256; ``seen`` is the revision the author looked at (0: none). Earlier forms are kept."""
    row = _locked(actor, request, VERB, RequestState.OPENED)
    asked = row.version.parsed().by_id.get(question)
    if asked is None:
        raise InvalidInput("question", "there is no such question in this questionnaire")
    value, files = value_read(asked, raw), _files(actor, row, citations)
    held = Answer.objects.select_for_update(of=("self",)).filter(request=row, question=question).first()
    if seen != (held.revision if held else 0):
        raise Conflict("This answer was changed in the meantime. Nothing was stored; look at it as it is now.")
    before = sorted(cited_of(row).get(question, ())) if held else []
    if held is not None and held.value == value and before == sorted(file.sha256 for file in files):
        return held
    answer = _stored(actor, row, held, question, value)
    _cite(actor, answer, files)
    facts = {"question": question, "revision": answer.revision, "value": canonical_digest(value), "files": sorted(file.sha256 for file in files)}
    row_log(actor, "questionnaires.inbound.answered", row, facts)
    return answer


@transaction.atomic
def inbound_approve(*, actor: User, request: QuestionnaireRequest, seen: str) -> QuestionnaireRequest:
    """Say that the answers may go out; by nobody who wrote one of them. ``seen`` is ``answers_digest`` as it was on the page."""
    row = _locked(actor, request, APPROVE, RequestState.OPENED)
    if actor.pk in authors_of(row):
        raise NotAllowed("You wrote one of these answers, or an earlier form of it. Somebody else has to approve them.")
    missing = unanswered(row)
    if missing:
        raise InvalidInput("answers", f"not answered yet: {', '.join(missing[:10])}{' and more' if len(missing) > 10 else ''}")
    digest = answers_digest(row)
    if digest != seen:
        raise Conflict("The answers were changed since you looked at them. Nothing was approved; read them again.")
    now = clock.now()
    for answer in Answer.objects.filter(request=row):
        answer.verdict, answer.verdict_reason, answer.verdict_by, answer.verdict_at = Verdict.ACCEPTED, "Approved to go out.", actor, now
        answer.save(update_fields=["verdict", "verdict_reason", "verdict_by", "verdict_at"])
    row.state, row.submitted_at, row.reviewed_at, row.reviewed_by = RequestState.REVIEWED, now, now, actor
    row.valid_until = clock.add_months(now.date(), HOLDS)
    row.save(update_fields=["state", "submitted_at", "reviewed_at", "reviewed_by", "valid_until"])
    row_log(actor, "questionnaires.inbound.approved", row, {"document": row.version.digest, "answers": digest})
    return row


@transaction.atomic
def inbound_reopen(*, actor: User, request: QuestionnaireRequest, reason: str) -> QuestionnaireRequest:
    """Take the approval back so that answers can change; what went out stays in the log."""
    text = reason.strip()
    if not text or len(text) > LONGEST_REASON:
        raise InvalidInput("reason", f"say why in 1 to {LONGEST_REASON} characters")
    row = _locked(actor, request, VERB, RequestState.REVIEWED)
    Answer.objects.filter(request=row).update(verdict="", verdict_reason="", verdict_by=None, verdict_at=None)
    row.state, row.submitted_at, row.reviewed_at, row.reviewed_by, row.valid_until = RequestState.OPENED, None, None, None, None
    row.save(update_fields=["state", "submitted_at", "reviewed_at", "reviewed_by", "valid_until"])
    row_log(actor, "questionnaires.inbound.reopened", row, {"reason": text})
    return row


@transaction.atomic
def inbound_export(*, actor: User, request: QuestionnaireRequest, form: str) -> bytes:
    """The approved answers as CSV or XLSX; the log keeps the digest of the file and of the answers."""
    if form not in FORMS:
        raise InvalidInput("form", f"choose one of {', '.join(FORMS)}")
    row = _locked(actor, request, VERB, RequestState.REVIEWED)
    data = table_write(rows_of(row), form)
    row_log(actor, "questionnaires.inbound.exported", row, {"form": form, "sha256": sha256_bytes(data), "answers": answers_digest(row)})
    return data


def _locked(actor: User, request: QuestionnaireRequest, verb: str, state: RequestState) -> QuestionnaireRequest:
    require(actor, verb, request)
    if actor.is_service:
        raise NotAllowed("A service account cannot answer for you; a person has to.")
    row = QuestionnaireRequest.objects.select_for_update(of=("self",)).select_related("version__template").get(pk=request.pk)
    if row.direction != Direction.INBOUND:
        raise InvalidState("This questionnaire is one that we sent; a customer's is needed here.")
    if row.state != state:
        raise InvalidState("The answers are approved; take the approval back first." if state == RequestState.OPENED else "The answers are not approved yet.")
    return row


def _published(organisation: Organisation, version: TemplateVersion) -> TemplateVersion:
    if version.organisation_id != organisation.id or version.published_at is None:
        raise InvalidInput("version", "choose a published questionnaire of this register")
    hard = next((row for row in version.parsed().by_id.values() if row.type in HARD), None)
    if hard is not None:
        raise InvalidInput("version", f"question “{hard.id}” asks for a {hard.type}, which cannot be answered here; choose another or upload a file")
    return version


def _from_file(actor: User, organisation: Organisation, customer: str, given: Received) -> TemplateVersion:
    """The questions as a published version of a template of its own, withdrawn at once so that nobody sends it to vendors."""
    now = clock.now()
    name = f"Asked by {customer}, {now.date().isoformat()} ({sha256_bytes(given.file)[:8]})"
    document: Document = document_from_questions(name, questions_read(given.file, given.column))
    template = Template(organisation=organisation, name=name, created_by=actor, withdrawn_at=now)
    row_insert(template)
    version = TemplateVersion(template=template, number=1, document=document.stored(), digest=document.digest(), created_by=actor)
    version.published_at, version.published_by = now, actor
    row_insert(version)
    return version


def _log_received(actor: User, row: QuestionnaireRequest, given: Received) -> None:
    facts = {"document": row.version.digest, "questions": len(row.version.parsed().by_id), "due_on": row.due_on.isoformat()}
    if not given.file:
        row_log(actor, "questionnaires.inbound.received", row, facts)
        return
    suffix = "xlsx" if given.file.startswith(b"PK\x03\x04") else "csv"
    blob = blob_put_bytes(given.file)
    stored = StoredFile(blob, f"received.{suffix}", FORMS[suffix].partition(";")[0], "questionnaire-received", "Questionnaire of a customer")
    evidence_record(
        actor=actor, action="questionnaires.inbound.received", subject=f"{row._meta.label_lower}:{row.pk}", predicate_type=RECEIVED,
        predicate={"request": str(row.pk), "document": row.version.digest}, blobs=[stored], payload={**facts, "file": blob.sha256},
        organisation_id=row.organisation_id, verb=VERB,
    )  # fmt: skip


def _files(actor: User, row: QuestionnaireRequest, citations: Collection[str]) -> list[Artifact]:
    """The newest file for each digest; ``InvalidInput`` names one that the register does not hold."""
    wanted = list(dict.fromkeys(text.strip().lower().removeprefix("sha256:") for text in citations if text.strip()))
    if len(wanted) > MOST_CITED:
        raise InvalidInput("citations", f"at most {MOST_CITED} files behind one answer")
    rows = Artifact.objects.visible_to(actor).filter(sha256__in=wanted, attestation__organisation=row.organisation_id).order_by("created_at")
    found = {file.sha256: file for file in rows}
    unknown = next((digest for digest in wanted if digest not in found), None)
    if unknown is not None:
        raise InvalidInput("citations", f"the evidence store holds no file “{unknown[:64]}”; copy the SHA-256 from the page of the file")
    return [found[digest] for digest in wanted]


def _stored(actor: User, row: QuestionnaireRequest, held: Answer | None, question: str, value: Any) -> Answer:
    now = clock.now()
    if held is None:
        return Answer.objects.create(request=row, question=question, value=value, changed_at=now, changed_by=actor)
    AnswerRevision.objects.create(answer=held, number=held.revision, value=held.value, changed_by=held.changed_by)
    held.value, held.revision, held.changed_at, held.changed_by = value, held.revision + 1, now, actor
    held.save(update_fields=["value", "revision", "changed_at", "changed_by"])
    return held


def _cite(actor: User, answer: Answer, files: Sequence[Artifact]) -> None:
    """Exactly ``files`` stand behind the answer from now on; what stood there before is kept as taken back."""
    standing = Exhibit.objects.filter(answer=answer, removed_at__isnull=True)
    standing.exclude(artifact__sha256__in=[file.sha256 for file in files]).update(removed_at=clock.now())
    known = set(standing.values_list("artifact__sha256", flat=True))
    for file in files:
        if file.sha256 not in known:
            fields: dict[str, Any] = {"origin": ExhibitOrigin.CITED, "state": ExhibitState.RELEASED, "added_by": actor}
            Exhibit.objects.create(answer=answer, artifact=file, name=file.name, **fields)
