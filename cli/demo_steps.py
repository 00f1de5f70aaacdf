"""The main job from end to end: register, plan, seal, run on the workers, report, export, verify."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Avg

from accounts.models import Organisation, Role, User
from assessments.models import Finding, Run, RunState
from assessments.services.plans import plan_seal
from assessments.services.standard import standard_plan
from cli.demo_register import register_fill
from cli.failures import DemoFailed
from core import clock
from evidence.models import Checkpoint
from gpu_tasks.dispatch import run_start
from reports.services import BUNDLE, CASE, PDF, report_build, report_export

Tell = Callable[[float, str], None]
"""Called with the finished fraction of the whole job and what is being done."""

REGISTERED, RAN, REPORTED, EXPORTED = 0.05, 0.92, 0.97, 0.99
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class DemoResult:
    """What the demonstration leaves behind."""

    report: Path
    case: Path
    ledger_size: int
    checkpoint: str
    findings: list[dict[str, Any]]
    seconds: float


def run_demo(out: Path, tell: Tell) -> DemoResult:
    """Do the main job and put report and case into ``out``. Workers must be running. Raises ``DemoFailed`` or ``AssayError``."""
    begun = time.monotonic()
    actor = User.objects.filter(is_active=True, memberships__role=Role.ADMINISTRATOR).order_by("created_at").first()
    if actor is None:
        raise DemoFailed("there is no active administrator in whose name the demonstration could run; make one active again")
    organisation = Organisation.objects.filter(memberships__user=actor, memberships__role=Role.ADMINISTRATOR).order_by("created_at")[0]
    tell(0.0, "fetching, checking and registering the model")
    version = register_fill(actor=actor, organisation=organisation)
    tell(REGISTERED, "sealing the plan")
    plan = plan_seal(actor=actor, plan=standard_plan(actor=actor, version=version))
    run = run_start(actor=actor, plan=plan)
    follow(run, tell)
    tell(RAN, "writing and signing the report")
    report = report_build(actor=actor, run=run, prepared_for="Model risk committee (demonstration)", as_of=clock.now().date())
    tell(REPORTED, "exporting the case")
    exported = report_export(actor=actor, report=report, folder=free_folder(out, run))
    tell(EXPORTED, "verifying report and case offline")
    for path in (exported.pdf, exported.case):
        verify_as_a_stranger(path)
    head = Checkpoint.objects.order_by("-tree_size")[0]
    tell(1.0, "done")
    return DemoResult(exported.pdf, exported.case, head.tree_size, head.note, findings_of(run), round(time.monotonic() - begun, 1))


def free_folder(out: Path, run: Run) -> Path:
    """``out``, or a folder of the run's own below it when an earlier export is there: nothing is overwritten."""
    taken = any((out / name).exists() for name in (PDF, BUNDLE, CASE))
    return out / f"run-{run.number:04d}" if taken else out


def verify_as_a_stranger(path: Path) -> None:
    """Verify in a process of its own, without Django or database, as somebody else would."""
    command = [sys.executable, "-m", "evidence.verify", str(path.resolve())]
    done = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DemoFailed(f"{path.name} does not verify: {done.stdout.strip() or done.stderr.strip()}")


def follow(run: Run, tell: Tell) -> None:
    """Wait for a run to end, telling how far it is; raises ``DemoFailed`` with each failed step's own message."""
    while True:
        run.refresh_from_db()
        steps = list(run.steps.all())
        if run.ended:
            break
        done = run.steps.aggregate(mean=Avg("fraction"))["mean"] or 0.0
        working = [f"{step.key}: {step.stage} ({step.tokens_per_second:.0f} tokens/s)" for step in steps if step.state == RunState.RUNNING]
        tell(REGISTERED + (RAN - REGISTERED) * done, "; ".join(working) or "waiting for a worker")
        time.sleep(POLL_SECONDS)
    if run.state != RunState.DONE:
        reasons = "; ".join(f"{step.key}: {step.error}" for step in steps if step.error)
        raise DemoFailed(f"{run} ended as {run.get_state_display().lower()}. {reasons}")


def findings_of(run: Run) -> list[dict[str, Any]]:
    """One row per step: instrument, verdict, reading, primary value and its 95 % interval."""
    rows = Finding.objects.filter(step__run=run).select_related("step").prefetch_related("measurements")
    return [_finding_row(row) for row in rows]


def _finding_row(finding: Finding) -> dict[str, Any]:
    primary = finding.primary_measurement
    return {
        "instrument": finding.step.instrument,
        "step": finding.step.key,
        "verdict": finding.verdict,
        "reading": finding.reading,
        "primary": primary.name,
        "value": primary.value,
        "interval": [primary.low, primary.high],
    }
