"""Filters of the blind exercises."""

import django_filters as filters

from assessments.blind_models import BlindState
from assessments.models import BlindExercise
from assessments.registry import METHODS


class BlindFilter(filters.FilterSet):
    """By text, instrument and state."""

    question = filters.CharFilter(lookup_expr="icontains", label="Question contains")
    instrument = filters.ChoiceFilter(choices=[(method.card.slug, method.card.title) for method in METHODS], empty_label="All")
    state = filters.ChoiceFilter(choices=BlindState.choices, label="State", empty_label="All")

    class Meta:
        model = BlindExercise
        fields: tuple[str, ...] = ()
