"""Filters of the lists of decisions and gate policies."""

import django_filters as filters

from decisions.gate_models import Decision, DecisionState, GatePolicy
from decisions.gate_vocabulary import STEPS


class DecisionFilter(filters.FilterSet):
    """By state and step."""

    state = filters.ChoiceFilter(choices=DecisionState.choices, label="State", empty_label="Any")
    step = filters.ChoiceFilter(field_name="policy__policy__step", choices=list(STEPS.items()), label="Step", empty_label="Any")

    class Meta:
        model = Decision
        fields: tuple[str, ...] = ()


class PolicyFilter(filters.FilterSet):
    """By name and step."""

    name = filters.CharFilter(lookup_expr="icontains", label="Name contains")
    step = filters.ChoiceFilter(choices=list(STEPS.items()), label="Step", empty_label="Any")

    class Meta:
        model = GatePolicy
        fields: tuple[str, ...] = ()
