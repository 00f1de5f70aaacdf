"""Blind exercises: sealed by one person, answered by another, revealed against the commitment and scored by the program."""

import json
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.permissions import require
from assessments import blind
from assessments.blind import Planted
from assessments.blind_models import BLIND_ALLOWED, OPEN, BlindExercise, BlindState
from assessments.contracts import Reading
from assessments.models import AddedOrganism, Finding
from assessments.organisms.registry import ADAPTERS, digests_shipped
from assessments.registry import instrument as instrument_named
from core.canonical import canonical_digest, canonical_json
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from core.hashing import sha256_file
from evidence import ledger, statements
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes
from inventory.models import ModelVersion

TRUTH = "truth.json"
LONGEST = 4000


@transaction.atomic
def blind_seal(*, actor: User, version: ModelVersion, instrument: str, question: str, planted: str, description: str) -> tuple[BlindExercise, str]:
    """Enter the commitment to a truth in the log; returns the exercise and the truth as JSON, which is kept nowhere and must be kept by the caller."""
    _person(actor, "blind.seal", version)
    method = instrument_named(instrument)
    _check(version, question, planted, description)
    row = BlindExercise(id=uuid4(), version=version, instrument=method.card.slug, question=question.strip(), sealed_by=actor)
    truth = blind.truth_document(
        exercise=str(row.id), weights_digest=version.weights_digest, instrument=row.instrument, planted=Planted(planted), description=description.strip()
    )
    row.commitment = canonical_digest(truth)
    about = [statements.descriptor(TRUTH, row.commitment)]
    row.sealed_entry = ledger.append(
        actor=actor,
        action="assessments.blind.sealed",
        subject=row.subject,
        payload={**row.facts(), "commitment": row.commitment},
        statement=statements.build(about, blind.SEAL, {**row.facts(), "commitment": row.commitment}),
        organisation_id=row.organisation_id,
    )
    _insert(row)
    return row, json.dumps(truth, ensure_ascii=False, indent=2)


@transaction.atomic
def blind_answer(*, actor: User, exercise: BlindExercise, finding: Finding) -> BlindExercise:
    """Record, once, the finding that answers; refuses whoever sealed the truth and whatever was planned before the seal."""
    _person(actor, "blind.answer", exercise)
    row = _locked(exercise, BlindState.ANSWERED)
    if actor == row.sealed_by:
        raise NotAllowed("You sealed the truth of this exercise, so you know it. Somebody else has to answer.")
    _fits(row, finding)
    since = _findings_since(row)
    row.state, row.finding, row.answered_by, row.findings_since = BlindState.ANSWERED, finding, actor, since
    said = {**row.facts(), "commitment": row.commitment, "result": finding.result_artifact.sha256, "reading": finding.reading, "findings_since_seal": since}
    about = [statements.descriptor(finding.result_artifact.name, finding.result_artifact.sha256)]
    row.answered_entry = ledger.append(
        actor=actor,
        action="assessments.blind.answered",
        subject=row.subject,
        payload=said,
        statement=statements.build(about, blind.ANSWER, said),
        organisation_id=row.organisation_id,
    )
    row.save(update_fields=["state", "finding", "answered_by", "findings_since", "answered_entry"])
    return row


@transaction.atomic
def blind_reveal(*, actor: User, exercise: BlindExercise, truth: str) -> BlindExercise:
    """Check ``truth`` against the commitment, keep it as evidence, and score the answer; a text that was not sealed changes nothing."""
    _person(actor, "blind.seal", exercise)
    row = _locked(exercise, BlindState.REVEALED)
    if actor == row.answered_by:
        raise NotAllowed("You answered this exercise. Whoever sealed the truth has to reveal it.")
    found = blind.truth_read(truth, row.commitment)
    assert row.finding is not None
    outcome = blind.outcome_of(Planted(found["planted"]), Reading(row.finding.reading))
    said = {**row.facts(), "commitment": row.commitment, "planted": found["planted"], "reading": row.finding.reading, "outcome": outcome.value}
    row.closed_entry = evidence_record(
        actor=actor,
        action="assessments.blind.revealed",
        subject=row.subject,
        predicate_type=blind.REVEAL,
        predicate={**said, "sealed_entry": row.sealed_entry.index},
        blobs=[StoredFile(blob_put_bytes(canonical_json(found)), TRUTH, "application/json", "blind_truth", f"Revealed truth: {row}")],
        payload=said,
        organisation_id=row.organisation_id,
    ).entry
    row.state, row.planted, row.description, row.outcome, row.closed_by = BlindState.REVEALED, found["planted"], found["description"], outcome.value, actor
    row.save(update_fields=["state", "planted", "description", "outcome", "closed_by", "closed_entry"])
    return row


@transaction.atomic
def blind_withdraw(*, actor: User, exercise: BlindExercise, reason: str) -> BlindExercise:
    """End an exercise without a score, for example because its truth was lost; it stays in the instrument's record as withdrawn."""
    _person(actor, "blind.seal", exercise)
    row = _locked(exercise, BlindState.WITHDRAWN)
    if not reason.strip():
        raise InvalidInput("reason", "say why there will be no score; the reason is shown in the instrument's record")
    before, row.state, row.reason, row.closed_by = row.state, BlindState.WITHDRAWN, reason.strip()[:LONGEST], actor
    payload = {**row.facts(), "commitment": row.commitment, "was": str(before), "reason": row.reason}
    row.closed_entry = ledger.append(
        actor=actor, action="assessments.blind.withdrawn", subject=row.subject, payload=payload, organisation_id=row.organisation_id
    )
    row.save(update_fields=["state", "reason", "closed_by", "closed_entry"])
    return row


def _person(actor: User, verb: str, target: ModelVersion | BlindExercise) -> None:
    require(actor, verb, target)
    if actor.is_service:
        raise NotAllowed("A service account cannot take part in a blind exercise; a person has to.")


def _locked(exercise: BlindExercise, wanted: BlindState) -> BlindExercise:
    related = ("version__model__vendor", "sealed_by", "sealed_entry", "answered_by", "finding")
    row = BlindExercise.objects.select_for_update(of=("self",)).select_related(*related).get(pk=exercise.pk)
    if wanted not in BLIND_ALLOWED[row.state]:
        raise InvalidState(f"This exercise is “{row.get_state_display().lower()}”, so it cannot become “{wanted.label.lower()}”.")
    return row


def _insert(row: BlindExercise) -> None:
    if BlindExercise.objects.filter(version=row.version, instrument=row.instrument, state__in=OPEN).exists():
        raise Conflict("There is an open exercise with this instrument on this version; reveal or withdraw it first.")
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("Somebody else has just sealed an exercise with this instrument on this version.") from error


def _check(version: ModelVersion, question: str, planted: str, description: str) -> None:
    if not 0 < len(question.strip()) <= 500:
        raise InvalidInput("question", "say in a sentence of at most 500 characters what is to be found out; the assessor reads it")
    if planted not in list(Planted):
        raise InvalidInput("planted", f"must be one of {', '.join(Planted)}")
    if not 0 < len(description.strip()) <= LONGEST:
        raise InvalidInput("description", f"say what is planted, or that nothing is, in at most {LONGEST} characters")
    if version.weights_digest in digests_shipped() or _adapters().intersection(row["sha256"] for row in version.weights_manifest):
        raise InvalidInput("version", "these weights are a test model that comes with the program, so its truth can be looked up; use weights of your own")
    if AddedOrganism.objects.filter(weights_digest=version.weights_digest).exists():
        raise InvalidInput("version", "these weights are registered here as an organism, so everybody can look up their truth; use others")


def _adapters() -> set[str]:
    """Adapters that come with the program; a version made of one has a digest of its own, which covers the base model too."""
    return {sha256_file(path) for path in ADAPTERS.glob("*/*.safetensors")}


def _fits(row: BlindExercise, finding: Finding) -> None:
    plan = finding.step.run.plan
    if plan.version_id != row.version_id or finding.step.instrument != row.instrument:
        raise InvalidInput("finding", f"choose a finding of {row.instrument} on {row.version}")
    if plan.sealed_entry is None or plan.sealed_entry.index <= row.sealed_entry.index:
        raise InvalidInput("finding", "its plan was sealed before the truth was; seal a new plan, so that the answer cannot have been known in advance")
    if row.sealed_by in (plan.author, finding.step.run.requested_by):
        raise InvalidInput("finding", "whoever sealed the truth wrote its plan or started its run; somebody else has to plan and run")


def _findings_since(row: BlindExercise) -> int:
    """So many findings could have been chosen; the log keeps the number, so that trying until one fits can be seen."""
    chosen: dict[str, Any] = {"step__instrument": row.instrument, "step__run__plan__version": row.version}
    return Finding.objects.filter(**chosen, step__run__plan__sealed_entry__index__gt=row.sealed_entry.index).count()
