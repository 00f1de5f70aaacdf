"""Everything the page of one finding shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from accounts.permissions import allowed
from assessments.contracts import Verdict
from assessments.models import Finding, Measurement, Step
from assessments.registry import METHODS
from reports.queries import step_title
from web import figures, words
from web.findings import measurements, preview, queries
from web.findings.measurements import Glyph, Row
from web.findings.replays import replays_of
from web.instruments.records import finding_belief
from web.runs.queries import findings_of

TERMS = ("Interval", "Null", "p", "Threshold", "Control", "Primary value", "Capped verdict", "Organism", "Sealed plan", "Log", "Digest")


@dataclass(frozen=True)
class Earlier:
    """The same question put to this model in another run; ``glyph`` is on the axis of all of them."""

    finding: Finding
    row: Row | None
    glyph: Glyph | None
    here: bool
    differs: str


def context(finding: Finding, actor: User) -> dict[str, Any]:
    """The context of ``web/findings/detail.html``."""
    step, run, plan = finding.step, finding.step.run, finding.step.run.plan
    siblings, files = list(findings_of(run)), list(queries.files_of(finding))
    before, after = neighbours(siblings, finding)
    return {
        "finding": finding,
        "step": step,
        "run": run,
        "plan": plan,
        "version": plan.version,
        "item": step.item,
        "siblings": siblings,
        "before": before,
        "after": after,
        "title": step_title(step.key),
        "known": step.instrument in {method.card.slug for method in METHODS},
        "capped": finding.verdict == Verdict.NOT_QUALIFIED,
        "belief": finding_belief(finding),
        "received": run.received,
        "meaning": words.tier_meaning(finding.reading),
        "figures": figures.figures_of(finding),
        "rows": measurements.rows_of(finding),
        "thresholds_met": sum(row["met"] is True for row in finding.thresholds),
        "files": files,
        "raw": preview.items_of(files),
        "links": queries.links_of(finding),
        "earlier": earlier(finding, queries.same_question(actor, finding)),
        "replays": replays_of(step),
        "may_review": allowed(actor, "evidence.review", run),
        "glossary": words.glossary(*TERMS),
        "nav": "assessments",
    }


def neighbours(siblings: Sequence[Finding], finding: Finding) -> tuple[Finding | None, Finding | None]:
    """The findings before and after this one in its run."""
    place = next(place for place, row in enumerate(siblings) if row.pk == finding.pk)
    return siblings[place - 1] if place else None, siblings[place + 1] if place + 1 < len(siblings) else None


def earlier(finding: Finding, others: Sequence[Finding]) -> list[Earlier]:
    """This finding among the others of the same question, newest run first; nothing where there are no others."""
    if not others:
        return []
    everything = sorted([finding, *others], key=lambda row: -row.step.run.number)
    primaries = {row.pk: _primary(row, finding.primary) for row in everything}
    glyphs = measurements.glyphs_of([row for row in primaries.values() if row is not None])
    return [_earlier(finding, row, primaries[row.pk], glyphs) for row in everything]


def _earlier(here: Finding, there: Finding, found: Measurement | None, glyphs: Mapping[Any, Glyph]) -> Earlier:
    row = measurements.row_of(found) if found else None
    return Earlier(there, row, glyphs.get(found.pk) if found else None, there.pk == here.pk, differs(here.step, there.step))


def _primary(finding: Finding, name: str) -> Measurement | None:
    return next((row for row in finding.measurements.all() if row.name == name), None)


def differs(here: Step, there: Step) -> str:
    """In what the other finding was made differently; empty when its number may be compared."""
    one, other = here.item, there.item
    names = {"version": "instrument version", "params": "parameters", "probe_sets": "probe sets"}
    return ", ".join(word for name, word in names.items() if one[name] != other[name])
