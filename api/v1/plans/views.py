"""Calls about plans."""

from accounts.models import User
from api.v1.base.related import named
from api.v1.base.rows import Values
from api.v1.base.views import ActionView, CreateView, DetailView
from api.v1.plans.filters import PlanFilter
from api.v1.plans.serializers import PlanBody, PlanRow, PlanWhole
from assessments.contracts import Threshold
from assessments.models import Plan
from assessments.services.plans import PlanItem, plan_create, plan_seal
from assessments.services.standard import standard_plan
from inventory.models import ModelVersion


class PlanDetail(DetailView):
    """One plan with its whole document."""

    out, noun = PlanWhole, "plan"


class PlanList(CreateView):
    """Plans: drafts and sealed protocols."""

    out, body, noun, detail, address = PlanRow, PlanBody, "plan", PlanDetail, "plan"
    filters, orderings = PlanFilter, ("-created_at", "title")

    def create(self, actor: User, data: Values) -> Plan:
        """Draft a plan. Nothing can be run before it is sealed."""
        version = named("version", ModelVersion.objects.visible_to(actor).select_related("model__vendor"), data["version"])
        if "preset" in data:
            return standard_plan(actor=actor, version=version, seed=data["seed"])
        items = [_item(row) for row in data["items"]]
        return plan_create(actor=actor, version=version, title=data["title"], claim=data["claim"], items=items, seed=data["seed"])


class PlanSeal(ActionView):
    """The seal of a plan."""

    out, noun = PlanWhole, "plan"

    def act(self, actor: User, row: Plan, data: Values) -> None:
        """Hash the plan into the log; from here on no threshold can move."""
        plan_seal(actor=actor, plan=row)


def _item(row: Values) -> PlanItem:
    thresholds = tuple(Threshold(entry["metric"], entry["op"], entry.get("value")) for entry in row["thresholds"])
    return PlanItem(row["instrument"], row["params"], thresholds, row["key"])
