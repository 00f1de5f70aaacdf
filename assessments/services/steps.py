"""Steps: how a worker's result becomes attested evidence, a finding and proposed links, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from assessments.conditions import conditions_of
from assessments.contracts import StepOutput, StepSpec, Threshold, Verdict
from assessments.findings import finding_insert
from assessments.judgement import ThresholdResult, cap, thresholds_check
from assessments.models import Finding, Run, RunState, Step
from assessments.registry import instrument, source_digest
from assessments.services.runs import run_settle
from assessments.standing import Standing, standing_of
from core import clock
from core.errors import Conflict
from evidence import statements
from evidence.models import Artifact, Attestation
from evidence.services import StoredFile, evidence_record, link_propose
from frameworks.models import Requirement

Capped = tuple[Standing, Verdict]
"""The record that was asked for a reading, and the verdict that it leaves."""


def step_spec(step: Step) -> StepSpec:
    """Everything that decides the step's result, from the sealed plan alone."""
    document, item = step.run.plan.document, step.item
    return StepSpec(
        key=item["key"],
        instrument=item["instrument"],
        version=item["version"],
        params=item["params"],
        probe_sets=item["probe_sets"],
        thresholds=tuple(Threshold(**row) for row in item["thresholds"]),
        seed=document["seed"],
        subject=step.run.plan.subject_spec(),
    )


def run_specs(run: Run) -> list[StepSpec]:
    """Every step of ``run`` as sealed."""
    return [step_spec(step) for step in run.steps.all()]


def result_document(spec: StepSpec, output: StepOutput) -> dict[str, Any]:
    """The step's result as it is hashed: no clock reading in it and not what other steps had read, so that an identical re-run hashes the same."""
    return {"schema": "urn:assay:step-result:v1", "spec": asdict(spec), "output": asdict(output)}


def step_finish(*, actor: User, step: Step, token: UUID, output: StepOutput, artifacts: Sequence[StoredFile], tokens_read: int = 0) -> Finding:
    """Attest a step's output and write its finding. ``artifacts[0]`` is the result document. ``Conflict`` when the lease is not ours any more.

    ``tokens_read``: how many of ``output.tokens`` were not run again because an earlier pass of the run had.
    """
    require(actor, "run.execute", step.run)
    spec = step_spec(step)
    results = thresholds_check(spec.thresholds, output.measurements)
    standing = standing_of(conditions_of(spec.instrument, spec.version, source_digest(spec.instrument), output.environment), clock.now())
    verdict = cap(output.reading, qualified=standing.qualified)
    with transaction.atomic():
        run = Run.objects.select_for_update(of=("self",)).get(pk=step.run_id)
        row = Step.objects.select_for_update(of=("self",)).get(pk=step.pk)
        if row.state != RunState.RUNNING or row.lease_token != token:
            raise Conflict(f"{row} is no longer leased to this worker; its result is discarded.")
        attestation = evidence_record(
            actor=actor,
            action="assessments.step.done",
            subject=row.subject,
            predicate_type=statements.STEP_RESULT,
            predicate=_predicate(row, spec, results, _attested_finding(row, spec, output, tokens_read, (standing, verdict))),
            blobs=artifacts,
            payload={"run": str(run.id), "key": row.key, "result": artifacts[0].blob.sha256},
            organisation_id=run.organisation_id,
        )
        result_artifact = attestation.artifacts.get(sha256=artifacts[0].blob.sha256)
        figures = [asdict(figure) for figure in output.figures]
        finding = finding_insert(row, output, verdict, results, standing.reasons, result_artifact, figures=figures, qualification=standing.record)
        _links_propose(actor, spec, result_artifact, verdict)
        _close(row, attestation)
        run_settle(actor=actor, run=run)
    return finding


def _close(row: Step, attestation: Attestation) -> None:
    row.state, row.fraction, row.stage, row.finished_at = RunState.DONE, 1.0, "done", clock.now()
    row.attestation, row.lease_token, row.lease_until = attestation, None, None
    row.save(update_fields=["state", "fraction", "stage", "finished_at", "attestation", "lease_token", "lease_until"])


def _predicate(step: Step, spec: StepSpec, results: Sequence[ThresholdResult], finding: Mapping[str, Any]) -> dict[str, Any]:
    """A test-result/v0.1 predicate: thresholds as tests, what they were tested on as configuration, the finding beside."""
    met = [f"{result.metric} {result.text}" for result in results if result.met]
    unmet = [f"{result.metric} {result.text}" for result in results if result.met is False]
    weights = statements.descriptor(f"weights of {spec.subject.name}", spec.subject.weights_digest)
    probes = [statements.descriptor(f"probe set {slug}", digest) for slug, digest in sorted(spec.probe_sets.items())]
    predicate = statements.step_result(
        result="FAILED" if unmet else "PASSED" if met else "WARNED",
        plan_digest=step.run.plan.sealed_digest,
        configuration=[weights, *probes],
        finding=finding,
    )
    return {**predicate, "passedTests": met, "failedTests": unmet}


def _attested_finding(step: Step, spec: StepSpec, output: StepOutput, tokens_read: int, capped: Capped) -> dict[str, Any]:
    standing, verdict = capped
    return {
        "plan": str(step.run.plan_id),
        "run": str(step.run_id),
        "key": spec.key,
        "instrument": {
            "slug": spec.instrument,
            "version": spec.version,
            "source_digest": step.item["source_digest"],
            "source_ran": source_digest(spec.instrument),
        },
        "params": dict(spec.params),
        "seed": spec.seed,
        "subject": asdict(spec.subject),
        "environment": dict(output.environment),
        "tokens": {"total": output.tokens, "read_from_earlier_passes": tokens_read},
        "reading": output.reading.value,
        "verdict": verdict.value,
        "qualification": _attested_record(standing),
        "cap_reasons": list(standing.reasons),
        "primary": asdict(output.measurement(output.primary)),
        "does_not_show": output.does_not_show,
    }


def _attested_record(standing: Standing) -> dict[str, Any] | None:
    """Which calibration record was asked: its digest and its place in the log, which is lower than that of this result."""
    row = standing.record
    return None if row is None else {"record": {"sha256": row.result_artifact.sha256}, "log_index": row.attestation.entry.index}


def _links_propose(actor: User, spec: StepSpec, artifact: Artifact, verdict: Verdict) -> None:
    """Propose what the instrument declares; only a person can accept. Nothing is proposed for a step that did not apply."""
    if verdict == Verdict.NOT_APPLICABLE:
        return
    claims = {claim.requirement: claim for claim in instrument(spec.instrument).card.requirements}
    for requirement in Requirement.objects.shipped().known_at(clock.now().date()).filter(ref__in=claims):
        claim = claims[requirement.ref]
        link_propose(actor=actor, artifact=artifact, requirement=requirement, evidence_kind=claim.evidence_kind, rationale=claim.rationale, tier=verdict.value)


@transaction.atomic
def step_end(*, actor: User, step: Step, token: UUID, state: str, error: str) -> bool:
    """End a running step as failed or cancelled, if this worker still holds its lease. Returns whether it did."""
    require(actor, "run.execute", step.run)
    run = Run.objects.select_for_update(of=("self",)).get(pk=step.run_id)
    changed = Step.objects.filter(pk=step.pk, state=RunState.RUNNING, lease_token=token).update(
        state=state, error=error, finished_at=clock.now(), lease_token=None, lease_until=None
    )
    if changed:
        run_settle(actor=actor, run=run)
    return bool(changed)
