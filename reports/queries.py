"""Reads everything a report says out of the tables, as one JSON-like document: the content, before numbers and log head are added."""

import datetime
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from assessments.contracts import Threshold
from assessments.judgement import wording
from assessments.models import Finding, Plan, Qualification, ReceivedCase, Run, Step
from core import clock
from core.errors import IntegrityFailed
from evidence.models import Attestation, LedgerEntry
from inventory.models import Deployment, ModelVersion
from reports.qualification import record_read
from reports.requirements import requirements_read

LEFT_OUT = ("assessments.plan.drafted", "assessments.plan.revised", "evidence.link.proposed")
"""Log entries of a run that no report attaches: nothing rests on them."""
BEGUN = ("assessments.run.started", "assessments.run.received")
MEASURED = ("name", "label", "value", "n", "formula", "unit", "low", "high", "null_low", "null_high", "p_value", "direction", "role")
FOUND = (
    *("reading", "verdict", "headline", "summary", "does_not_show", "not_examined", "primary"),
    *("thresholds", "controls", "figures", "counts", "environment", "cap_reasons"),
)
RECORDS = ("finding__qualification__attestation__entry", "finding__qualification__result_artifact")
SEALED = ("key", "instrument", "version", "source_digest", "question", "estimand", "falsifier", "params", "probe_sets")
VERSION = ("label", "locator", "architecture", "parameters", "quantisation", "licence", "notes", "weights_digest", "tokenizer_digest", "template_digest")


def content_read(run: Run, as_of: datetime.date) -> dict[str, Any]:
    """All that is reported about a finished ``run`` with links and coverage as of a day; the same rows give the same document."""
    version = run.plan.version
    steps = list(run.steps.select_related("attestation__entry").prefetch_related("attestation__artifacts", "finding__measurements", *RECORDS))
    return {
        "organisation": version.model.vendor.organisation.name,
        "subject": subject_read(version),
        "systems": [system_read(row) for row in version.deployments.filter(active=True).select_related("system").order_by("system__name", "environment")],
        "plan": plan_read(run.plan),
        "run": {**run_read(run), "others": other_runs(run, as_of)},
        "steps": [step_read(step) for step in steps],
        "requirements": requirements_read(version, steps, as_of),
    }


def subject_read(version: ModelVersion) -> dict[str, Any]:
    """Exactly which weights are meant, and where they come from."""
    vendor = version.model.vendor
    return {
        **{name: getattr(version, name) for name in VERSION},
        "vendor": vendor.name,
        "country": vendor.country,
        "model": version.model.name,
        "name": str(version),
        "source": version.get_source_display(),
        "access": version.get_access_display(),
        "lifecycle": version.get_lifecycle_display(),
        "parent": str(version.parent) if version.parent else None,
        "weights_manifest": list(version.weights_manifest),
    }


def system_read(deployment: Deployment) -> dict[str, Any]:
    """A system that uses the version at present."""
    system = deployment.system
    return {
        "name": system.name,
        "purpose": system.purpose,
        "our_role": system.get_our_role_display(),
        "risk_class": system.get_risk_class_display(),
        "jurisdiction": system.jurisdiction,
        "environment": deployment.environment,
    }


def plan_read(plan: Plan) -> dict[str, Any]:
    """The sealed plan with the log entry of its seal."""
    if plan.sealed_entry is None or plan.sealed_at is None:
        raise IntegrityFailed(f"plan “{plan.title}” has no seal; nothing can be reported about it")
    document = plan.document
    return {
        "title": plan.title,
        "claim": document["claim"],
        "digest": plan.sealed_digest,
        "entry": plan.sealed_entry.index,
        "sealed_at": clock.iso(plan.sealed_entry.at),
        "seed": document["seed"],
        "exploration": document["split"]["exploration"],
        "split_by": document["split"]["by"],
        "items": [_item(item) for item in document["items"]],
    }


def _item(item: dict[str, Any]) -> dict[str, Any]:
    thresholds = [{"metric": row["metric"], "text": wording(Threshold(**row))} for row in item["thresholds"]]
    return {**{name: item[name] for name in SEALED}, "title": step_title(item["key"]), "thresholds": thresholds}


def step_title(key: str) -> str:
    """``steering_validation.sentiment`` as ``Steering validation: sentiment``."""
    return key.replace("_", " ").replace(".", ": ").capitalize()


def run_read(run: Run) -> dict[str, Any]:
    """When the run began and ended in the log; ``IntegrityFailed`` unless the seal came first."""
    started = LedgerEntry.objects.get(action__in=BEGUN, subject=run.subject)
    sealed, finished = run.plan.sealed_entry, run.finished_entry
    if sealed is None or finished is None or not sealed.index < started.index < finished.index:
        raise IntegrityFailed(f"{run}: in the log the plan's seal must come before the run's beginning, and that before its end")
    roles = run.requested_by.memberships.filter(organisation_id=run.organisation_id).order_by("role")
    return {
        "number": run.number,
        "started_entry": started.index,
        "started_at": clock.iso(started.at),
        "finished_entry": finished.index,
        "finished_at": clock.iso(finished.at),
        "requested_by": [membership.get_role_display() for membership in roles],
        **({"received": received_read(run.received)} if run.received else {}),
    }


def received_read(case: ReceivedCase) -> dict[str, Any]:
    """Who attested a run that the vendor made, and what limits what it is worth."""
    return {
        "vendor": case.vendor.name,
        "key_file": case.key.fingerprint,
        "log": case.key.origin,
        "withdrawn": clock.iso(case.key.withdrawn_at) if case.key.withdrawn_at else "",
        "case": case.sha256,
        "outcome": case.get_outcome_display(),
        "limits": [row["found"] for row in case.checks if row["state"] == "limits"],
    }


def other_runs(run: Run, as_of: datetime.date) -> list[dict[str, Any]]:
    """Every other run on the same weights up to ``as_of``, so that nobody can report the best of several as the only one."""
    rows = Run.objects.filter(plan__version=run.plan.version, created_at__date__lte=as_of).exclude(pk=run.pk).select_related("plan").order_by("number")
    return [{"number": row.number, "state": row.get_state_display(), **_plan_of(row), "same_plan": row.plan_id == run.plan_id} for row in rows]


def _plan_of(run: Run) -> dict[str, Any]:
    return {"plan": run.plan.title, "plan_digest": run.plan.sealed_digest}


def step_read(step: Step) -> dict[str, Any]:
    """One finding with everything needed to doubt it."""
    finding, item = step.finding, step.item
    if step.attestation is None:
        raise IntegrityFailed(f"{step} is done without a statement in the log")
    entry = step.attestation.entry
    return {
        **{name: item[name] for name in SEALED},
        **finding_read(finding),
        "title": step_title(item["key"]),
        "entry": entry.index,
        "finished_at": clock.iso(entry.at),
        "files": [row["name"] for row in files_read(step.attestation)],
    }


def finding_read(finding: Finding) -> dict[str, Any]:
    """Reading and verdict side by side, numbers, controls, figures and limits."""
    said = {name: getattr(finding, name) for name in FOUND}
    record = record_read(finding.qualification) if finding.qualification else None
    return {**said, "qualification": record, "measurements": [{name: getattr(row, name) for name in MEASURED} for row in finding.measurements.all()]}


def files_read(attestation: Attestation) -> list[dict[str, Any]]:
    """Files of a step that a report attaches: all but its figures, which are printed and stand in the result document.

    Names are flat, because common tools refuse to extract an attachment into a folder that is not there.
    """
    rows = sorted((row for row in attestation.artifacts.all() if row.kind != "figure"), key=lambda row: row.name)
    return [{"name": row.name.replace("/", "."), "media_type": row.media_type, "sha256": row.sha256, "size": row.size, "title": row.title} for row in rows]


def statements_of(run: Run) -> QuerySet[LedgerEntry]:
    """Log entries whose statements a report on ``run`` attaches: the version's registration, seal, run, steps, calibrations, decided links."""
    records = [row.calibration.subject for row in records_of(run)]
    received = [run.received.subject] if run.received else []
    subjects = [run.subject, run.plan.subject, run.plan.version.subject, *(step.subject for step in run.steps.all()), *records, *received]
    # Who receives the case of a plan that it sent counts the entries that are not opened: they could be other runs.
    left_out = () if run.plan.received_from else LEFT_OUT
    return LedgerEntry.objects.filter(subject__in=subjects).exclude(action__in=left_out).select_related("attestation").order_by("index")


def records_of(run: Run) -> list[Qualification]:
    """The calibration records that were asked for the findings of ``run``, by the order of the log."""
    rows = Qualification.objects.filter(findings__step__run=run).distinct().select_related("calibration", "attestation__entry")
    return list(rows.prefetch_related("attestation__artifacts").order_by("attestation__entry__index"))


def attestations_of(run: Run) -> Sequence[Attestation]:
    """The statements themselves, in the order of the log."""
    return [entry.attestation for entry in statements_of(run)]
