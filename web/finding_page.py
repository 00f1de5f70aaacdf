"""Everything the page of one finding shows."""

from typing import Any

from accounts.models import User
from accounts.permissions import allowed
from assessments.contracts import Verdict
from assessments.models import Finding
from reports.queries import step_title
from web import figures, measurements, queries, words

TERMS = ("Interval", "Null", "p", "Threshold", "Control", "Primary value", "Capped verdict", "Organism", "Sealed plan", "Log", "Digest")


def context(finding: Finding, actor: User) -> dict[str, Any]:
    """The context of ``web/finding_detail.html``."""
    step, run, plan = finding.step, finding.step.run, finding.step.run.plan
    capped = finding.verdict == Verdict.NOT_QUALIFIED
    return {
        "finding": finding,
        "step": step,
        "run": run,
        "plan": plan,
        "version": plan.version,
        "item": step.item,
        "siblings": queries.findings_of(run),
        "title": step_title(step.key),
        "capped": capped,
        "meaning": words.tier_meaning(finding.reading),
        "figures": figures.figures_of(finding),
        "rows": measurements.rows_of(finding),
        "files": queries.files_of(finding),
        "links": queries.links_of(finding),
        "may_review": allowed(actor, "evidence.review", run),
        "glossary": words.glossary(*TERMS),
        "nav": "models",
    }
