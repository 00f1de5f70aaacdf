"""Everything the page of a version shows, part by part; each part has its own address and a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from accounts.models import User
from accounts.permissions import allowed
from assessments.models import Step
from core import clock
from inventory.models import Lifecycle, ModelVersion
from web import words
from web.ai_models import queries
from web.ai_models.coverage import shares
from web.ai_models.forms import LIFECYCLE_MEANING, states_without_decision
from web.ai_models.ladder import ladder
from web.ai_models.page import TERMS
from web.history import history
from web.lists.listing import Action

PARTS = (
    ("version-detail", "Overview"),
    ("version-assessments", "Assessments"),
    ("version-weights", "Weights and evidence"),
    ("version-history", "History"),
)
LOG_SHOWN = 50


@dataclass(frozen=True)
class Next:
    """A state the version may move to."""

    value: str
    label: str
    meaning: str


def overview(version: ModelVersion, actor: User) -> dict[str, Any]:
    """Findings, access, lifecycle, coverage, lineage, deployments."""
    steps = queries.steps_of(version)
    children = queries.children_of(version)
    return {
        **_head(version, actor, "version-detail"),
        "latest": next((row for row in queries.by_run(steps) if row.findings), None),
        "may_assess": allowed(actor, "run.start", version),
        "runs": len({step.run_id for step in steps}),
        "rungs": ladder(version.access),
        "lifecycle_meaning": LIFECYCLE_MEANING[Lifecycle(version.lifecycle)],
        "next_states": next_states(version) if allowed(actor, "inventory.transition", version) else [],
        "may_decide": allowed(actor, "decision.request", version),
        "may_roll_back": allowed(actor, "inventory.transition", version) and version.lifecycle in (Lifecycle.APPROVED, Lifecycle.RESTRICTED),
        "may_drill": allowed(actor, "drill.record", version),
        "drill": version.rollback_drills.first(),
        "children": children[: queries.FEW],
        "more_children": len(children) > queries.FEW,
        "deployments": queries.deployments_of(version),
        "coverage": shares(version.pk, subjects_of(version, steps), clock.now().date()),
        "glossary": {**TERMS, **words.glossary("Capped verdict")},
    }


def assessments(version: ModelVersion, actor: User) -> dict[str, Any]:
    """Runs with what they found, and plans that wait."""
    return {
        **_head(version, actor, "version-assessments"),
        "rows": queries.runs_of(version),
        "plans": queries.plans_without_run(version),
        "glossary": words.glossary("Capped verdict", "Sealed plan", "Log"),
    }


def weights(version: ModelVersion, actor: User) -> dict[str, Any]:
    """Digests, files, and the evidence about them."""
    artifacts = list(queries.artifacts_of(actor, version)[: queries.FEW + 1])
    return {
        **_head(version, actor, "version-weights"),
        "size": sum(int(row.get("size", 0)) for row in version.weights_manifest),
        "artifacts": artifacts[: queries.FEW],
        "more_artifacts": len(artifacts) > queries.FEW,
        "glossary": words.glossary("Digest", "Attestation"),
    }


def log(version: ModelVersion, actor: User) -> dict[str, Any]:
    """Every move, and everything else the log says."""
    lines = history(actor, queries.log_subjects(version), LOG_SHOWN)
    return {
        **_head(version, actor, "version-history"),
        "history": lines,
        "moves": [line for line in lines if line.entry.action == "inventory.modelversion.moved"],
        "subject": version.subject,
        "glossary": words.glossary("Log"),
    }


def next_states(version: ModelVersion) -> list[Next]:
    """What it may become from here, with what that means."""
    return [Next(state, state.label, LIFECYCLE_MEANING[state]) for state in states_without_decision(version)]


def subjects_of(version: ModelVersion, steps: Sequence[Step]) -> list[str]:
    """By which texts evidence names the version: evidence of its runs carries their steps as subject."""
    return [version.subject, *(step.subject for step in steps)]


def _head(version: ModelVersion, actor: User, part: str) -> dict[str, Any]:
    model, address = version.model, reverse("web:version-detail", args=[version.id])
    crumbs = [(model.vendor.name, reverse("web:vendor-detail", args=[model.vendor_id])), (model.name, reverse("web:model-detail", args=[model.id]))]
    return {
        "version": version,
        "title": str(version),
        "crumbs": crumbs,
        "actions": _actions(version, actor),
        "parts": [(label, reverse(f"web:{name}", args=[version.id]), name == part) for name, label in PARTS],
        "back": address,
        "nav": "models",
    }


def _actions(version: ModelVersion, actor: User) -> list[Action]:
    made_from = Action("Register one made from it", f"{reverse('web:version-create', args=[version.model_id])}?parent={version.id}")
    assess = Action("Assess", reverse("web:run-begin", args=[version.id]), primary=True)
    may = [(made_from, "inventory.write"), (assess, "run.start")]
    return [action for action, verb in may if allowed(actor, verb, version)]
