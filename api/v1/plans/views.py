"""Calls about plans."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse

from accounts.models import User
from api.v1.base.related import named
from api.v1.base.rendering import answer
from api.v1.base.rows import Values
from api.v1.base.views import ActionView, CreateView, PatchView
from api.v1.plans.filters import PlanFilter
from api.v1.plans.serializers import PlanBody, PlanDiscarded, PlanPatch, PlanRow, PlanWhole
from assessments.contracts import Threshold
from assessments.models import Plan
from assessments.services.plans import PlanItem, plan_create, plan_discard, plan_seal, plan_update
from assessments.services.standard import standard_plan
from core.errors import NotFound
from inventory.models import ModelVersion


class PlanDetail(PatchView):
    """One plan with its whole document."""

    out, body, noun = PlanWhole, PlanPatch, "plan"

    def change(self, actor: User, row: Plan, changes: Values) -> None:
        """Write a draft anew; the log keeps the digest before and after. 409 once it is sealed."""
        before = {name: row.document[name] for name in ("title", "claim", "seed")}
        items = [_item(found) for found in changes.pop("items")] if "items" in changes else _items_of(row)
        plan_update(actor=actor, plan=row, items=items, **{**before, **changes})


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


class PlanDiscard(ActionView):
    """The end of a draft."""

    out, noun = PlanDiscarded, "plan"

    def act(self, actor: User, row: Any, data: Values) -> None:
        """Delete a draft for good. A sealed plan stays: 409."""

    def _done(self, actor: User, key: UUID, data: Values) -> HttpResponse:
        plan = Plan.objects.visible_to(actor).filter(pk=key).first()
        if plan is None:
            raise NotFound("There is no such plan in your register.")
        plan_discard(actor=actor, plan=plan)
        return answer({"id": key})


def _items_of(plan: Plan) -> list[PlanItem]:
    """The steps as they stand, as wishes for the plan that takes its place."""
    rows = plan.document["items"]
    return [PlanItem(row["instrument"], row["params"], tuple(Threshold(**limit) for limit in row["thresholds"]), row["key"]) for row in rows]


def _item(row: Values) -> PlanItem:
    thresholds = tuple(Threshold(entry["metric"], entry["op"], entry.get("value")) for entry in row["thresholds"])
    return PlanItem(row["instrument"], row["params"], thresholds, row["key"])
