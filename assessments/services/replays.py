"""Replays: the outcome of running a step again becomes attested evidence beside the step it repeats."""

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from assessments.models import Replay, Step
from assessments.replay import Comparison
from core.canonical import canonical_json
from core.errors import InvalidState
from evidence import statements
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes


def replay_record(*, actor: User, step: Step, comparison: Comparison, result: bytes) -> Replay:
    """Attest what came out when ``step`` was run again; both the comparison and the new result document are kept, whatever they say."""
    require(actor, "run.execute", step.run)
    if step.attestation is None:
        raise InvalidState("This step has no attested result yet; there is nothing to replay.")
    document = comparison.document()
    files = [
        StoredFile(blob_put_bytes(canonical_json(document)), f"{step.key}/replay.json", "application/json", "replay", f"{step.key}: replay compared"),
        StoredFile(blob_put_bytes(result), f"{step.key}/replayed-result.json", "application/json", "replay", f"{step.key}: result of the replay"),
    ]
    with transaction.atomic():
        attestation = evidence_record(
            actor=actor,
            action="assessments.step.replayed",
            subject=step.subject,
            predicate_type=statements.REPLAY,
            predicate={"replayed": step.attestation.statement_digest, "outcome": comparison.outcome.value, "tolerance": comparison.tolerance.name},
            blobs=files,
            payload={"run": str(step.run_id), "key": step.key, "outcome": comparison.outcome.value},
            organisation_id=step.run.organisation_id,
        )
        return Replay.objects.create(step=step, outcome=comparison.outcome.value, comparison=document, attestation=attestation)
