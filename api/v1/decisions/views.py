"""Calls about gate policies and decisions."""

from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from api.v1.base.related import named
from api.v1.base.rows import Values
from api.v1.base.views import ActionView, CreateView, DetailView, ListView
from api.v1.decisions.filters import DecisionFilter, PolicyFilter
from api.v1.decisions.serializers import ApproveBody, DecisionRow, DecisionWhole, PolicyRow, RejectBody, RequestBody, WaiverBody
from decisions.gate_models import Decision, GatePolicy
from decisions.services import approval_give, approval_refuse, decision_request, waiver_write
from inventory.models import AISystem, ModelVersion


class PolicyList(ListView):
    """Gate policies of your register."""

    out, noun, filters, orderings = PolicyRow, "gate policy", PolicyFilter, ("name", "created_at")


class PolicyDetail(DetailView):
    """One gate policy, by its newest version."""

    out, noun = PolicyRow, "gate policy"


class DecisionDetail(DetailView):
    """One decision with its basis, evaluated now."""

    out, noun = DecisionWhole, "decision"


class DecisionList(CreateView):
    """Decisions of your register."""

    out, body, noun, detail, address = DecisionRow, RequestBody, "decision", DecisionDetail, "decision"
    filters, orderings = DecisionFilter, ("-number", "created_at")

    def create(self, actor: User, data: Values) -> Decision:
        """Ask for a decision under the newest version of a policy, about one model version or one AI system."""
        policy = named("policy", GatePolicy.objects.visible_to(actor).prefetch_related("versions"), data["policy"])
        subjects: dict[str, QuerySet[Any]] = {"version": ModelVersion.objects.visible_to(actor), "system": AISystem.objects.visible_to(actor)}
        found = {name: named(name, known, data[name]) for name, known in subjects.items() if data.get(name)}
        return decision_request(actor=actor, policy=policy, purpose=data["purpose"], **found)


class DecisionApprove(ActionView):
    """An approval."""

    out, body, noun = DecisionWhole, ApproveBody, "decision"

    def act(self, actor: User, row: Decision, data: Values) -> None:
        """Approve exactly the basis with this digest, signed in: no token does. 409 where the record says something else by now."""
        approval_give(actor=actor, decision=row, **data)


class DecisionReject(ActionView):
    """A rejection."""

    out, body, noun = DecisionWhole, RejectBody, "decision"

    def act(self, actor: User, row: Decision, data: Values) -> None:
        """Reject exactly the basis with this digest, signed in: no token does. One rejection ends the decision."""
        approval_refuse(actor=actor, decision=row, **data)


class DecisionWaive(ActionView):
    """A waiver."""

    out, body, noun = DecisionWhole, WaiverBody, "decision"

    def act(self, actor: User, row: Decision, data: Values) -> None:
        """Waive a failed condition until the end of a day. Who writes it can never approve the decision."""
        owner = named("owner", User.objects.filter(memberships__organisation=row.organisation_id).distinct(), data.pop("owner"))
        waiver_write(actor=actor, decision=row, owner=owner, **data)
