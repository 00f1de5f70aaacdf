"""Everything the first page shows."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse

from accounts.models import User
from accounts.permissions import allowed
from assessments.models import Run
from core import clock
from reports import formats
from reports.queries import step_title
from web.home import answers, clocks, gates, needs, portal, queries
from web.instruments import outline
from web.runs.progress import run_progress

POLL_BUSY, POLL_IDLE = 3, 30
"""Seconds after which the card of running assessments asks again, while something runs and while nothing does."""


@dataclass(frozen=True)
class Card:
    """One thing that waits for this person."""

    tag: str
    tone: str
    title: str
    detail: str
    url: str


def context(actor: User) -> dict[str, Any]:
    """The context of ``web/home/home.html``."""
    now = clock.now()
    kinds = [provider(actor, now) for provider in (*needs.PROVIDERS, *answers.ANSWERS)]
    found = queries.counts(actor, kinds)
    reads = allowed(actor, "assessments.read")
    return {
        "nav": "home",
        "today": now,
        "greeting": f"Good day, {actor.first_name}" if actor.first_name else "Good day",
        "cards": by_tone(
            [*portal.pressing(actor, now), *clocks.pressing(actor, now), *(gates.pressing(actor) if found["has_decisions"] else ()), *cards(kinds, found)]
        ),
        "steps": first_steps(actor, found),
        "reads": reads,
        "findings": _findings(actor) if reads else [],
        "dates": _dates(now.date()) if allowed(actor, "frameworks.read") else [],
        **(running(actor) if reads else {}),
    }


def running(actor: User) -> dict[str, Any]:
    """The context of ``web/home/running.html``."""
    rows = queries.open_runs(actor) if allowed(actor, "assessments.read") else []
    return {"runs": [_run(run) for run in rows], "poll": POLL_BUSY if rows else POLL_IDLE}


def _run(run: Run) -> dict[str, Any]:
    progress = run_progress(list(run.steps.all()), outline.usual_seconds(), clock.now())
    current = next((row.step for row in progress.steps if row.step.state == "running"), None)
    return {"run": run, "progress": progress, "current": current, "title": step_title(current.key) if current else ""}


def _findings(actor: User) -> list[dict[str, Any]]:
    return [{"finding": row, "title": step_title(row.step.key), "version": row.step.run.plan.version} for row in queries.latest_findings(actor)]


def _dates(today: date) -> list[dict[str, Any]]:
    """The next days on which duties begin, with the framework's name as people say it: what stands before the first comma."""
    return [{**row, "name": row["name"].partition(",")[0]} for row in queries.next_dates(today)]


def cards(kinds: list[needs.Waiting], found: dict[str, Any]) -> list[Card]:
    """The kinds of which something waits, most pressing first."""
    made = [_card(kind, found[f"n{place}"], found[f"first{place}"]) for place, kind in enumerate(kinds) if found[f"n{place}"]]
    return by_tone(made)


def by_tone(made: list[Any]) -> list[Any]:
    """The most pressing first; clocks stand before the rest of their tone, because they run."""
    return sorted(made, key=lambda card: needs.TONES.index(card.tone))


def _card(kind: needs.Waiting, count: int, first: dict[str, Any]) -> Card:
    words = {**first, "n": formats.grouped(count), "day": formats.day(first["since"])}
    if count == 1:
        title, name, key = kind.one
        url = reverse(f"web:{name}", kwargs={key: queries.key(first["pk"])} if key else None)
    else:
        title, name, query = kind.many
        url = reverse(f"web:{name}") + (f"?{query}" if query else "")
    return Card(kind.tag, kind.tone, title.format(**words), kind.detail.format(**words), url)


def first_steps(actor: User, found: dict[str, Any]) -> list[tuple[bool, str, str, str]]:
    """Done, title, explanation and address of each first step; nothing once all are done, or for people who may not write to the register."""
    if not allowed(actor, "inventory.write"):
        return []
    steps = [(found[has], title, text, reverse(f"web:{name}")) for has, title, text, name in FIRST_STEPS]
    return [] if all(done for done, *_ in steps) else steps


FIRST_STEPS = (
    ("has_vendor", "Register a vendor", "Who sells, hosts or publishes the model, and what access its contract grants.", "vendor-create"),
    ("has_system", "Describe an AI system", "What the model is used for: its purpose and risk class decide which law applies.", "system-create"),
    ("has_model", "Add a model", "The model under the name its vendor gives it.", "model-create"),
    ("has_version", "Register a version", "The exact weights. A worker hashes them, so that every result is about these bytes and no others.", "model-list"),
    ("has_run", "Assess it", "Draw up a plan, seal its thresholds, and run it.", "plan-create"),
)
