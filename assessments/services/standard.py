"""The standard assessment: the plan offered for any model whose weights are open to us."""

from accounts.models import User
from assessments.models import Plan
from assessments.services.plans import PlanItem, plan_create
from inventory.models import ModelVersion

STANDARD_ITEMS = (
    PlanItem("known_circuits"),
    PlanItem("linear_direction", key="linear_direction.harm"),
    PlanItem("steering_validation", {"behaviour": "sentiment"}, key="steering_validation.sentiment"),
    PlanItem("steering_validation", {"behaviour": "refusal"}, key="steering_validation.refusal"),
)
CLAIM = (
    "Known circuits are visible to the instruments; requests that are harmful and harmless can be told apart inside the model; "
    "adding a designed direction moves sentiment, or refusal, beyond what random directions of equal norm do."
)
SEED = 20261120


def standard_plan(*, actor: User, version: ModelVersion, seed: int = SEED) -> Plan:
    """Draft the standard plan for ``version``; it still has to be sealed."""
    return plan_create(actor=actor, version=version, title=f"Standard assessment of {version.model.name}", claim=CLAIM, items=STANDARD_ITEMS, seed=seed)
