"""Everything the live run page shows, for the whole page and for each refresh of its moving part."""

from typing import Any

from django.conf import settings

from accounts.models import User
from accounts.permissions import allowed
from assessments.models import Run, RunState, Step
from assessments.services import standard
from core import clock
from inventory.models import ModelVersion
from reports.models import Report, ReportState
from reports.queries import step_title
from web import instruments, queries, words
from web.measurements import row_of
from web.progress import RunProgress, StepProgress, run_progress

PATIENCE = 20
"""Seconds after which a run that nobody took is worth a hint."""


def begin_context(version: ModelVersion, running: Run | None) -> dict[str, Any]:
    """The context of ``web/run_begin.html``."""
    outline = instruments.standard_outline(version)
    return {
        "version": version,
        "running": running,
        "outline": outline,
        "blocked": next((row.blocked for row in outline if row.blocked), ""),
        "usual_total": sum(row.seconds for row in outline),
        "seed": standard.SEED,
        "claim": standard.CLAIM,
        "glossary": words.glossary("Sealed plan", "Threshold", "Null", "Probe set", "Control", "Log"),
        "nav": "models",
    }


def context(run: Run, actor: User) -> dict[str, Any]:
    """The context of ``web/run_detail.html``."""
    steps = queries.steps_of(run)
    progress = run_progress(steps, instruments.usual_seconds(), clock.now())
    reports = list(Report.objects.filter(run=run))
    retryable = run.ended and any(step.state in (RunState.FAILED, RunState.CANCELLED) for step in steps)
    return {
        "run": run,
        "plan": run.plan,
        "version": run.plan.version,
        "rows": [_row(row) for row in progress.steps],
        "progress": progress,
        "status": status_text(run, progress),
        "waiting": _waiting(run, steps),
        "max_attempts": settings.ASSAY_MAX_ATTEMPTS,
        "may_cancel": not run.ended and not run.cancel_requested and allowed(actor, "run.cancel", run),
        "may_retry": retryable and allowed(actor, "run.retry", run),
        "reports": reports,
        "polls": not run.ended or any(report.state == ReportState.REQUESTED for report in reports),
        "may_report": run.state == RunState.DONE and allowed(actor, "report.build", run),
        "glossary": words.glossary("Sealed plan", "Log", "Primary value", "Interval", "Null", "Capped verdict"),
        "nav": "models",
    }


def status_text(run: Run, progress: RunProgress) -> str:
    """One sentence for readers who cannot see the bar; it changes only when something happens."""
    if run.ended:
        return f"{run} is {run.get_state_display().lower()}."
    if run.cancel_requested:
        return f"{run} is stopping."
    return f"{run} is {run.get_state_display().lower()}, step {progress.current} of {progress.count}."


def _row(row: StepProgress) -> dict[str, Any]:
    step = row.step
    finding = getattr(step, "finding", None)
    attempts = list(step.attempts.all())
    return {
        "progress": row,
        "step": step,
        "title": step_title(step.key),
        "finding": finding,
        "primary": row_of(finding.primary_measurement) if finding else None,
        "attempts": attempts,
        "worker": attempts[-1].worker if attempts else "",
    }


def _waiting(run: Run, steps: list[Step]) -> bool:
    untouched = all(step.state == RunState.QUEUED for step in steps)
    return untouched and not run.ended and (clock.now() - run.created_at).total_seconds() > PATIENCE
