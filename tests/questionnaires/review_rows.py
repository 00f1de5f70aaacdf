"""Rows for tests of reviews, written straight into the tables: sending and answering are tested elsewhere."""

import itertools
from datetime import date, timedelta
from typing import Any

from accounts.models import User
from core import clock
from evidence import statements
from evidence.models import Artifact, EvidenceLink
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes
from frameworks.models import Requirement
from questionnaires.document import document_read
from questionnaires.models import (
    Answer,
    Exhibit,
    ExhibitOrigin,
    ExhibitState,
    QuestionnaireRequest,
    RequestState,
    Score,
    ScoreReason,
    Template,
    TemplateVersion,
)
from questionnaires.services.inbound import Received, inbound_receive
from questionnaires.sitting import score_add
from tests import factories

count = itertools.count(1)

DOCUMENT: dict[str, Any] = {
    "format": "urn:assay:questionnaire:v1",
    "title": "Small disclosure set",
    "headline": ["headline"],
    "sections": [
        {
            "id": "access",
            "title": "Access",
            "questions": [
                {
                    "id": "headline",
                    "text": "Could we audit this model after an incident?",
                    "type": "yes_no_partly",
                    "most": 3,
                    "awards": [
                        {"when": {"question": "headline", "one_of": ["yes"]}, "points": 3},
                        {"when": {"question": "headline", "one_of": ["partly"]}, "points": 1},
                    ],
                },
                {
                    "id": "hours",
                    "text": "Within how many hours?",
                    "type": "number",
                    "unit": "hours",
                    "show_if": {"question": "headline", "one_of": ["yes", "partly"]},
                },
                {
                    "id": "method",
                    "text": "How is faithfulness tested?",
                    "type": "text",
                    "evidence": "welcome",
                    "most": 3,
                    "levels": [{"points": 0, "label": "Not tested"}, {"points": 1, "label": "Described"}, {"points": 3, "label": "Tested with a result"}],
                },
            ],
        },
        {
            "id": "proof",
            "title": "Proof",
            "questions": [
                {
                    "id": "report",
                    "text": "Attach the outside report.",
                    "type": "file",
                    "evidence": "required",
                    "most": 3,
                    "awards": [{"when": {"question": "report", "attached": True}, "points": 3}],
                }
            ],
        },
    ],
    "caps": [{"id": "blind", "when": {"question": "headline", "points_at_most": 0}, "at_most": 50, "because": "Later claims cannot be checked."}],
    "flags": [{"id": "no-audit", "when": {"question": "headline", "one_of": ["no"]}, "title": "Cannot be audited", "because": "The vendor says no."}],
    "clauses": [
        {"id": "audit", "when": {"question": "headline", "none_of": ["yes"]}, "title": "Audit access", "text": "The supplier grants access within 24 hours."}
    ],
}
ANSWERS: dict[str, Any] = {"headline": "yes", "hours": 24, "method": "Two probes were compared."}


def template_version(actor: User, name: str = "", document: dict[str, Any] | None = None, number: int = 1) -> TemplateVersion:
    parsed = document_read(document or DOCUMENT)
    template, _ = Template.objects.get_or_create(organisation=factories.home(actor), name=name or f"Disclosure {next(count)}", defaults={"created_by": actor})
    fields = {"document": parsed.stored(), "digest": parsed.digest(), "created_by": actor, "published_at": clock.now(), "published_by": actor}
    return TemplateVersion.objects.create(template=template, number=number, **fields)


def artifact(actor: User, data: bytes = b"", name: str = "report.pdf", kind: str = "questionnaire_exhibit") -> Artifact:
    stored = StoredFile(blob_put_bytes(data or f"bytes {next(count)}".encode()), name, "application/pdf", kind, name)
    sealed = evidence_record(
        actor=actor, action="evidence.file.recorded", subject=f"tests.file:{name}", predicate_type=statements.RECORD, predicate={"name": name},
        blobs=[stored], payload={"sha256": stored.blob.sha256}, organisation_id=factories.home(actor).pk,
    )  # fmt: skip
    return Artifact.objects.get(attestation=sealed)


def request(actor: User, answers: dict[str, Any] | None = None, *, respondent: User | None = None, **fields: Any) -> QuestionnaireRequest:
    """A submitted request of a new vendor, with ``answers`` given by ``respondent`` or by nobody known."""
    now = clock.now()
    given = ANSWERS if answers is None else answers
    standing = {
        "organisation": factories.home(actor),
        "version": fields.pop("version", None) or template_version(actor),
        "state": RequestState.SUBMITTED,
        "owner": actor,
        "created_by": actor,
        "due_on": now.date() + timedelta(days=14),
        "sent_at": now,
        "submitted_at": now,
        **fields,
    }
    if standing.get("direction") != "inbound" and "vendor" not in standing:
        standing["vendor"] = factories.vendor(actor)
    row = QuestionnaireRequest.objects.create(**standing)
    for key, value in given.items():
        Answer.objects.create(request=row, question=key, value=value, changed_at=now, changed_by=respondent)
    score_add(row, ScoreReason.SUBMITTED)
    return row


def exhibit(actor: User, answer: Answer, state: str = ExhibitState.QUARANTINED, origin: str = ExhibitOrigin.ATTACHED, **fields: Any) -> Exhibit:
    file = fields.pop("artifact", None) or artifact(actor)
    return Exhibit.objects.create(answer=answer, artifact=file, name=file.name, origin=origin, state=state, **fields)


def evidence_behind(actor: User, answer: Answer, **fields: Any) -> EvidenceLink:
    """A released file behind ``answer`` that is proposed as evidence for a requirement."""
    factories.catalogue(actor)
    file = exhibit(actor, answer, state=ExhibitState.RELEASED).artifact
    about = {"evidence_kind": "questionnaire", "rationale": "It is asked for.", "tier": "observed", **fields}
    return EvidenceLink.objects.create(artifact=file, requirement=Requirement.objects.all()[0], **about)


def answer_of(row: QuestionnaireRequest, key: str) -> Answer:
    found, _ = Answer.objects.get_or_create(request=row, question=key, defaults={"changed_at": clock.now()})
    return Answer.objects.get(pk=found.pk)


def reviewed(actor: User, answers: dict[str, Any] | None = None, *, points: float = 3, valid_until: date | None = None, **fields: Any) -> QuestionnaireRequest:
    """A request whose answers ``actor`` accepted and whose review is closed."""
    row = request(actor, answers, **fields)
    now = clock.now()
    for answer in Answer.objects.filter(request=row):
        answer.verdict, answer.verdict_reason, answer.verdict_by, answer.verdict_at = "accepted", "It can be checked.", actor, now
        answer.points = points if answer.question == "method" else None
        answer.save()
    row.state, row.reviewed_at, row.reviewed_by = RequestState.REVIEWED, fields.get("reviewed_at", now), actor
    row.valid_until = valid_until or now.date() + timedelta(days=365)
    row.submission = artifact(actor, name="submission.json", kind="questionnaire_submission")
    row.save()
    score_add(row, ScoreReason.REVIEWED)
    return row


def latest(row: QuestionnaireRequest) -> Score:
    return Score.objects.filter(request=row).latest()


def review_values(actor: User) -> dict[str, Any]:
    """Arguments of the pages of reviews: a submitted request after an earlier review of the same vendor, with a file in quarantine."""
    before = reviewed(actor)
    row = request(actor, version=before.version, vendor=before.vendor, previous=before)
    draft = request(actor, {}, version=before.version, vendor=before.vendor, state=RequestState.OPENED, submitted_at=None)
    file = exhibit(actor, answer_of(row, "report"))
    released = exhibit(actor, answer_of(row, "report"), state=ExhibitState.RELEASED)
    keys = {"exhibit_id": file.pk, "exhibit-download.exhibit_id": released.pk, "questionnaire-reuse.request_id": draft.pk}
    return {"request_id": row.pk, "question": "headline", **keys}


def inbound_values(actor: User) -> dict[str, Any]:
    """Arguments of the pages of customers' questionnaires: one that is being answered."""
    given = Received("Example Bank", clock.now().date() + timedelta(days=9), b"Question\nDo you encrypt backups?\nHow is faithfulness tested?\n")
    row = inbound_receive(actor=actor, organisation=factories.home(actor), given=given)
    return {"inbound_id": row.pk, "inbound_question": "q002"}
