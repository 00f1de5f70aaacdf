"""Everything the page that compares two runs shows."""

from collections.abc import Mapping
from typing import Any

from accounts.models import User
from assessments.models import Run, RunState
from core.errors import InvalidState
from web import figures, words
from web.fetch import run_for
from web.runs import comparison, queries
from web.runs.comparison_figure import comparison_figure

TERMS = ("Interval", "Null", "Primary value", "Threshold", "Probe set", "Capped verdict", "Digest")


def context(actor: User, query: Mapping[str, str]) -> dict[str, Any]:
    """The context of ``web/runs/compare.html``: the choice of two runs, and the comparison once both are chosen."""
    first, second = (_chosen(actor, name, query.get(name, "")) for name in ("a", "b"))
    shared = {"choices": queries.finished_runs(actor), "first": first, "second": second, "nav": "assessments"}
    if first is None or second is None:
        return shared
    if first == second:
        return {**shared, "same": True}
    return {**shared, **compared(first, second), "glossary": words.glossary(*TERMS)}


def _chosen(actor: User, name: str, text: str) -> Run | None:
    if not text:
        return None
    run = run_for(actor, queries.as_uuid(name, text))
    if run.state != RunState.DONE:
        raise InvalidState(f"{run} is {run.get_state_display().lower()}; only finished runs can be compared.")
    return run


def compared(first: Run, second: Run) -> dict[str, Any]:
    """Facts, steps, numbers and the figure of two different finished runs."""
    steps, only_first, only_second = comparison.step_pairs(queries.measured_steps(first), queries.measured_steps(second))
    figure = comparison_figure(first, second, steps)
    return {
        "facts": comparison.run_facts(first, second),
        "steps": steps,
        "only": [(first, only_first), (second, only_second)],
        "figure": figures.figure_view(figure) if figure else None,
        "broken": [step.title for step in steps if step.breaks],
        "identical": [step.title for step in steps if step.identical],
        "same_weights": first.plan.document["subject"]["weights_digest"] == second.plan.document["subject"]["weights_digest"],
        "same_seed": first.plan.document["seed"] == second.plan.document["seed"],
    }
