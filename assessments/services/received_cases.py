"""Cases that vendors send: checked in full first, then taken in as attested by the vendor, or refused with nothing changed but a line in the log."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from accounts.permissions import require
from assessments.contracts import Verdict
from assessments.findings import finding_insert
from assessments.judgement import ThresholdResult, thresholds_check
from assessments.models import Plan, ReceivedCase, Run, RunState, Step, VendorKey
from assessments.reception import judging
from assessments.reception.judging import Judged, Sealed
from assessments.reception.opening import LARGEST, Head, Opened, history_check, opened
from assessments.reception.report import Report, State
from assessments.reception.results import Result, bundle_bytes
from assessments.registry import instrument
from assessments.services.runs import next_number, run_settle
from assessments.services.steps import step_spec
from core import clock
from core.canonical import canonical_digest
from core.errors import InvalidInput, StorageFailed
from core.hashing import sha256_file
from evidence import ledger, statements
from evidence.bundle import file_name
from evidence.models import Artifact
from evidence.services import StoredFile, evidence_record, link_propose
from evidence.storage import blob_put_bytes, blob_put_file, blobs
from frameworks.models import Requirement
from inventory.models import Vendor

BY_VENDOR = "Run by the vendor, attested by its key {key}…, not repeated by us. {why}"


@dataclass(frozen=True)
class Reception:
    """What came of a received file: its checks, and the case once it was accepted (``repeated``: it was here before)."""

    report: Report
    case: ReceivedCase | None
    sha256: str
    repeated: bool = False


@dataclass(frozen=True)
class _Ready:
    """Everything that is to be written, with its bytes in the store."""

    opened: Opened
    judged: Judged
    plan: Plan
    file: StoredFile
    files: dict[str, list[StoredFile]]


def case_receive(*, actor: User, vendor: Vendor, stream: BinaryIO) -> Reception:
    """Check a vendor's case and take it in. A refusal changes nothing but the log, which keeps the file's digest and the names of the failed checks.

    The same file, or another case with the same results, gives the case that is here already.
    """
    require(actor, "case.receive", vendor)
    with tempfile.TemporaryDirectory(prefix="received-") as folder:
        path = Path(folder) / "case.zip"
        _copy(stream, path)
        digest = sha256_file(path)
        before = ReceivedCase.objects.filter(vendor=vendor, sha256=digest).first()
        if before is not None:
            return Reception(_stored(before), before, digest, repeated=True)
        return _receive(actor, vendor, path, digest)


def _copy(stream: BinaryIO, path: Path) -> None:
    try:
        with path.open("wb") as target:
            shutil.copyfileobj(stream, target, 1 << 20)
    except OSError as error:
        raise StorageFailed(f"the file could not be kept while it is checked: {error.strerror or error}. Nothing was kept.") from error
    if path.stat().st_size > LARGEST:
        raise InvalidInput("file", f"the file has more than {LARGEST >> 20} MiB; ask the vendor for a case of fewer runs")


def _stored(case: ReceivedCase) -> Report:
    report = Report()
    for row in case.checks:
        report.add(row["slug"], State(row["state"]), row["found"])
    return report


def _receive(actor: User, vendor: Vendor, path: Path, digest: str) -> Reception:
    report = Report()
    found = _checked(vendor, path, report)
    report.finish()
    if found is None:
        _refuse(actor, vendor, digest, path.stat().st_size, report)
        return Reception(report, None, digest)
    here, judged, plan = found
    same = ReceivedCase.objects.filter(vendor=vendor, results_digest=_results_digest(judged)).first()
    if same is not None:
        return Reception(_stored(same), same, digest, repeated=True)
    ready = _Ready(here, judged, plan, _case_file(path, vendor), {row.key: _files(here, row) for row in judged.results})
    return Reception(report, _accept(actor, vendor, ready, report), digest)


def _checked(vendor: Vendor, path: Path, report: Report) -> tuple[Opened, Judged, Plan] | None:
    here = opened(path, list(VendorKey.objects.filter(vendor=vendor, withdrawn_at__isnull=True)), report)
    if here is None:
        return None
    history_check(here, _longest(vendor, here), report)
    if report.refused:
        return None
    plan = _plan(vendor, here, report)
    if plan is None or plan.sealed_at is None:
        return None
    judged = judging.judge(here, Sealed(plan.document, plan.sealed_digest, plan.sealed_at), clock.now(), report)
    return None if judged is None else (here, judged, plan)


def _longest(vendor: Vendor, here: Opened) -> Head | None:
    """The longest head of this log that an accepted case showed."""
    rows = ReceivedCase.objects.filter(vendor=vendor, key__origin=here.case.head.origin).order_by("-log_size")
    row = rows.first()
    return None if row is None else Head(row.log_size, row.log_root, lambda: blobs().open(row.sha256))


def _plan(vendor: Vendor, here: Opened, report: Report) -> Plan | None:
    """The sealed plan of ours that the case is about; None after ``report`` says in what its plan differs from the nearest."""
    digest, document, origin = judging.plan_named(here)
    ours = Plan.objects.filter(version__model__vendor=vendor, received__isnull=True).exclude(sealed_digest="")
    plan: Plan | None = ours.filter(sealed_digest=digest).select_related("version__model__vendor").first() if digest else None
    if plan is None:
        named = _named(ours, origin) or ours.filter(title=str((document or {}).get("title", ""))[:200]).first()
        judging.other_plan(named.document if named else None, document, report)
    return plan


def _named(ours: QuerySet[Plan], origin: str) -> Plan | None:
    """The plan of ours that the vendor's own record names as its origin."""
    try:
        return ours.filter(pk=UUID(origin)).first()
    except ValueError:
        return None


def _results_digest(judged: Judged) -> str:
    """Which results these are, whatever else the file holds: digest of the leaf hashes of their statements."""
    return canonical_digest(sorted(row.statement.leaf_hash.hex() for row in judged.results))


def _case_file(path: Path, vendor: Vendor) -> StoredFile:
    return StoredFile(blob_put_file(path), "received-case.zip", "application/zip", "received_case", f"Case received from {vendor.name}"[:200])


def _files(here: Opened, result: Result) -> list[StoredFile]:
    """The files of a result in our store, the result document first and the vendor's signed statement last. Their kinds are such that nothing opens them."""
    rows = sorted(result.statement.subjects, key=lambda row: not row[0].endswith("/result.json"))
    out = []
    for name, sha256 in rows:
        if f"artifacts/{sha256}" in here.case.rows:
            with here.source.open(f"artifacts/{sha256}") as stream:
                blob = blobs().put(stream)
            title = f"{result.key}: {name.rpartition('/')[2]}, from the vendor"
            out.append(StoredFile(blob, name[:200], "application/octet-stream", "vendor_file", title[:200]))
    bundle = blob_put_bytes(bundle_bytes(here.source, result.statement))
    name = f"{result.key}/{file_name(result.statement.index)}"
    return [*out, StoredFile(bundle, name, "application/json", "vendor_statement", f"{result.key}: the vendor's signed statement"[:200])]


@transaction.atomic
def _refuse(actor: User, vendor: Vendor, digest: str, size: int, report: Report) -> None:
    payload = {"vendor": str(vendor.pk), "sha256": digest, "size": size, "failed": [row.slug for row in report.failures]}
    subject = f"inventory.vendor:{vendor.pk}"
    ledger.append(actor=actor, action="assessments.case.refused", subject=subject, payload=payload, organisation_id=vendor.organisation_id)


@transaction.atomic
def _accept(actor: User, vendor: Vendor, ready: _Ready, report: Report) -> ReceivedCase:
    Vendor.objects.select_for_update(of=("self",)).get(pk=vendor.pk)
    case = _case_row(actor, vendor, ready, report)
    before = ReceivedCase.objects.filter(vendor=vendor, results_digest=case.results_digest).first()
    if before is not None:
        return before
    said = {"vendor": str(vendor.pk), "plan": ready.plan.sealed_digest, "outcome": case.outcome, "checks": case.checks}
    attestation = evidence_record(
        actor=actor,
        action="assessments.case.received",
        subject=case.subject,
        predicate_type=statements.RECEIVED_CASE,
        predicate={**said, "attested_by": _attested_by(case)},
        blobs=[ready.file],
        payload={"sha256": case.sha256, "plan": str(ready.plan.pk), "outcome": case.outcome, "key": ready.opened.key.fingerprint},
        organisation_id=vendor.organisation_id,
    )
    case.entry = attestation.entry
    case.save(force_insert=True)
    _run_write(actor, case, ready)
    return case


def _case_row(actor: User, vendor: Vendor, ready: _Ready, report: Report) -> ReceivedCase:
    head = ready.opened.case.seal.head
    return ReceivedCase(
        vendor=vendor,
        plan=ready.plan,
        key=ready.opened.key,
        sha256=ready.file.blob.sha256,
        size=ready.file.blob.size,
        results_digest=_results_digest(ready.judged),
        outcome=ReceivedCase.Outcome.LIMITS if report.limits else ReceivedCase.Outcome.ACCEPTED,
        checks=report.as_rows(),
        log_size=head.size,
        log_root=head.root.hex(),
        received_by=actor,
    )


def _attested_by(case: ReceivedCase) -> dict[str, str]:
    return {"who": "vendor", "vendor": str(case.vendor_id), "key_file": case.key.fingerprint, "log": case.key.origin}


def _run_write(actor: User, case: ReceivedCase, ready: _Ready) -> None:
    """A run that says it was received, with a step per step of the plan: done where there is a result, failed where there is none."""
    run = Run.objects.create(plan=ready.plan, number=next_number(), requested_by=actor, received=case)
    payload = {"plan": str(ready.plan.pk), "digest": ready.plan.sealed_digest, "number": run.number, "case": case.sha256}
    ledger.append(actor=actor, action="assessments.run.received", subject=run.subject, payload=payload, organisation_id=run.organisation_id)
    results = {row.key: row for row in ready.judged.results}
    for place, item in enumerate(ready.plan.document["items"]):
        step = Step(run=run, position=place, key=item["key"], instrument=item["instrument"])
        if item["key"] in results:
            _step_write(actor, step, results[item["key"]], ready)
        else:
            step.state, step.finished_at, step.error = RunState.FAILED, clock.now(), "The vendor's case holds no result of this step."
            step.save(force_insert=True)
    run_settle(actor=actor, run=run)


def _step_write(actor: User, step: Step, result: Result, ready: _Ready) -> None:
    verdict, case = ready.judged.verdict(result), step.run.received
    assert case is not None
    limits = thresholds_check(step_spec(step).thresholds, result.output.measurements)
    files = ready.files[result.key]
    attestation = evidence_record(
        actor=actor,
        action="assessments.step.received",
        subject=step.subject,
        predicate_type=statements.RECEIVED_RESULT,
        predicate=_predicate(case, result, verdict, ready, limits),
        blobs=files,
        payload={"run": str(step.run_id), "key": step.key, "result": files[0].blob.sha256, "case": case.sha256},
        organisation_id=case.organisation_id,
    )
    step.state, step.fraction, step.stage, step.finished_at, step.attestation = RunState.DONE, 1.0, "received", clock.now(), attestation
    step.save(force_insert=True)
    artifact = attestation.artifacts.get(name=next(name for name, _ in result.statement.subjects if name.endswith("/result.json")))
    finding_insert(step, result.output, verdict, limits, ready.judged.reasons(result), artifact)
    _links(actor, step, artifact, verdict)


def _predicate(case: ReceivedCase, result: Result, verdict: Verdict, ready: _Ready, limits: Sequence[ThresholdResult]) -> dict[str, Any]:
    """Who attests what: the vendor's key the result and where it was made, ours that it was received and what we make of it."""
    row = result.statement
    theirs = {"log_index": row.index, "leaf_hash": row.leaf_hash.hex(), "at": result.at, "verdict": result.found["verdict"], "subject": result.found["subject"]}
    return {
        "plan": ready.plan.sealed_digest,
        "key": result.key,
        "case": case.sha256,
        "attested_by": {**_attested_by(case), **theirs},
        "reading": result.output.reading.value,
        "verdict": verdict.value,
        "cap_reasons": ready.judged.reasons(result),
        "limits": [asdict(limit) for limit in limits],
        "not_repeated_here": True,
    }


def _links(actor: User, step: Step, artifact: Artifact, verdict: Verdict) -> None:
    """Propose what the instrument declares, at the capped tier and with the vendor named; only a person can accept."""
    if verdict == Verdict.NOT_APPLICABLE or step.run.received is None:
        return
    claims = {claim.requirement: claim for claim in instrument(step.instrument).card.requirements}
    key = step.run.received.key.fingerprint[:16]
    for requirement in Requirement.objects.shipped().known_at(clock.now().date()).filter(ref__in=claims):
        claim = claims[requirement.ref]
        why = BY_VENDOR.format(key=key, why=claim.rationale)
        link_propose(actor=actor, artifact=artifact, requirement=requirement, evidence_kind=claim.evidence_kind, rationale=why, tier=verdict.value)
