"""Handing in: the answers as they stand become one file under its hash, with a signed statement and a score."""

from typing import Any

from django.db import transaction

from accounts.models import User
from core import clock
from core.canonical import canonical_json
from core.errors import InvalidInput, InvalidState, NotAllowed
from evidence.models import Artifact
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes
from questionnaires.models import ANSWERABLE, Answer, Exhibit, ExhibitState, Invitation, QuestionnaireRequest, RequestState, ScoreReason
from questionnaires.respondents import reopened_of
from questionnaires.services.answering import subject_of
from questionnaires.sitting import score_add, sitting_of
from questionnaires.writing import VERB, Entry, entered

FORMAT = "urn:assay:questionnaire-submission:v1"
PREDICATE = "urn:assay:predicate:questionnaire-submission:v1"


class Missing(InvalidInput):
    """Required answers are missing; ``keys`` names the questions."""

    def __init__(self, keys: list[str]) -> None:
        shown = ", ".join(keys[:10]) + (f" and {len(keys) - 10} more" if len(keys) > 10 else "")
        super().__init__("answers", f"still missing: {shown}. Answer each, or say why it is not disclosed")
        self.keys = keys


@transaction.atomic
def answers_submit(*, actor: User, invitation: Invitation) -> Artifact:
    """Hand in all answers: stored whole under their hash, signed, scored; ``Missing`` lists what is required and not there."""
    entry = entered(actor, invitation)
    if not entry.invitation.may_submit:
        raise NotAllowed("You answer a part of this questionnaire. Who passed it on to you submits the whole.")
    if not may_submit_now(entry.request, list(entry.answers.values())):
        raise InvalidState("The answers were submitted already, and none is reopened.")
    sitting = sitting_of(entry.request, clock.now().date())
    missing = sitting.missing()
    if missing:
        raise Missing(missing)
    document = submission_document(entry.request, [question.id for _, question in sitting.asked()])
    artifact = _kept(entry, document)
    _close(entry, artifact)
    score_add(entry.request, ScoreReason.SUBMITTED)
    return artifact


def may_submit_now(request: QuestionnaireRequest, answers: list[Answer]) -> bool:
    """Whether there is something to hand in: it never was, or an answer is reopened."""
    if request.state in ANSWERABLE:
        return True
    return request.state in (RequestState.SUBMITTED, RequestState.REVIEWED) and bool(reopened_of(answers))


def submission_document(request: QuestionnaireRequest, asked: list[str]) -> dict[str, Any]:
    """What is stored: the digest of what was asked, every answer to it with its revision, and the digests of the files behind each."""
    files: dict[str, list[dict[str, Any]]] = {}
    rows = Exhibit.objects.filter(answer__request=request, removed_at__isnull=True).exclude(state=ExhibitState.REFUSED)
    for row in rows.select_related("artifact", "answer").order_by("created_at"):
        files.setdefault(row.answer.question, []).append({"sha256": row.artifact.sha256, "size": row.artifact.size, "origin": row.origin})
    answers = {row.question: row for row in Answer.objects.filter(request=request)}
    return {
        "format": FORMAT,
        "request": str(request.pk),
        "document": request.version.digest,
        "template": str(request.version.template_id),
        "template_version": request.version.number,
        "switched": sorted(request.switched),
        "answers": [_answer(key, answers.get(key), files.get(key, [])) for key in asked],
    }


def _answer(key: str, row: Answer | None, files: list[dict[str, Any]]) -> dict[str, Any]:
    return {"question": key, "value": row.value if row else None, "revision": row.revision if row else 0, "exhibits": files}


def _kept(entry: Entry, document: dict[str, Any]) -> Artifact:
    blob = blob_put_bytes(canonical_json(document))
    stored = StoredFile(blob, "submission.json", "application/json", "questionnaire-submission", f"Answers: {entry.request.version.template}"[:200])
    facts = {"invitation": str(entry.invitation.pk), "document": entry.request.version.digest, "submission": blob.sha256, "answers": _digested(document)}
    attestation = evidence_record(
        actor=entry.actor,
        action="questionnaires.request.submitted",
        subject=subject_of(entry),
        predicate_type=PREDICATE,
        predicate={"request": str(entry.request.pk), "document": entry.request.version.digest, "submission": blob.sha256},
        blobs=[stored],
        payload=facts,
        organisation_id=entry.request.organisation_id,
        verb=VERB,
    )
    return attestation.artifacts.get()


def _digested(document: dict[str, Any]) -> dict[str, int]:
    rows = document["answers"]
    return {
        "asked": len(rows),
        "answered": sum(row["value"] is not None or bool(row["exhibits"]) for row in rows),
        "declined": sum(isinstance(row["value"], dict) for row in rows),
        "files": sum(len(row["exhibits"]) for row in rows),
    }


def _close(entry: Entry, artifact: Artifact) -> None:
    request = entry.request
    request.state, request.submitted_at, request.submission = RequestState.SUBMITTED, clock.now(), artifact
    request.save(update_fields=["state", "submitted_at", "submission"])
    Answer.objects.filter(request=request, reopened_at__isnull=False).update(reopened_at=None)
