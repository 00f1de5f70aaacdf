"""Filters of gate policies and decisions."""

from django_filters import FilterSet

from api.v1.base import filters
from decisions.gate_models import DecisionState
from decisions.gate_vocabulary import OUTCOMES, STEPS


class PolicyFilter(FilterSet):  # the library is untyped
    """Name, step."""

    name = filters.text("name", "part of the name", "icontains")
    step = filters.choice("step", list(STEPS.items()), "step of the lifecycle")


class DecisionFilter(FilterSet):  # the library is untyped
    """State, outcome, step, policy, version, system."""

    state = filters.choice("state", DecisionState.choices, "where it stands with its approvers")
    outcome = filters.choice("outcome", [(key.value, text) for key, text in OUTCOMES.items()], "outcome that was approved")
    step = filters.choice("policy__policy__step", list(STEPS.items()), "step of the lifecycle")
    policy = filters.key("policy__policy", "id of a gate policy")
    version = filters.key("version", "id of a model version")
    system = filters.key("system", "id of an AI system")
