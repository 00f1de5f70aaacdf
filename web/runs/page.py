"""Everything the live run page shows, for the whole page and for each refresh of its moving part."""

from typing import Any

from django.conf import settings

from accounts.models import User
from accounts.permissions import allowed
from assessments.models import Run, RunState, Step
from assessments.pipeline import axes_of, is_pipeline
from core import clock
from reports.models import Report, ReportState
from reports.queries import step_title
from web import words
from web.findings.measurements import row_of
from web.instruments import outline
from web.runs import queries
from web.runs.progress import RunProgress, StepProgress, run_progress

PATIENCE = 20
"""Seconds after which a run that nobody took is worth a hint."""


def context(run: Run, actor: User) -> dict[str, Any]:
    """The context of ``web/runs/detail.html``."""
    steps = queries.steps_of(run)
    progress = run_progress(steps, outline.usual_seconds(), clock.now())
    reports = list(Report.objects.filter(run=run))
    retryable = run.ended and any(step.state in (RunState.FAILED, RunState.CANCELLED) for step in steps)
    return {
        "run": run,
        "plan": run.plan,
        "version": run.plan.version,
        "rows": [_row(row) for row in progress.steps],
        "progress": progress,
        "status": status_text(run, progress),
        "pipeline": is_pipeline(axes_of(run.plan.document["items"])),
        "waiting": _waiting(run, steps),
        "max_attempts": settings.ASSAY_MAX_ATTEMPTS,
        "may_cancel": not run.ended and not run.cancel_requested and allowed(actor, "run.cancel", run),
        "may_retry": retryable and not run.received_id and allowed(actor, "run.retry", run),
        "reports": reports,
        "polls": not run.ended or any(report.state == ReportState.REQUESTED for report in reports),
        "may_report": run.state == RunState.DONE and allowed(actor, "report.build", run),
        "glossary": words.glossary("Sealed plan", "Log", "Primary value", "Interval", "Null", "Capped verdict"),
        "nav": "assessments",
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
