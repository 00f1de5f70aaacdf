"""How runs can be narrowed down, and the filters that all lists of assessments share."""

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet

from assessments.models import Run, RunState, Step
from assessments.registry import METHODS

INSTRUMENTS = [(method.card.slug, method.card.title) for method in METHODS]


class DayInput(forms.DateInput):
    """A day, chosen in the browser's own calendar."""

    input_type = "date"


def about_version(path: str, text: str) -> Q:
    """Rows whose model version (at ``path``, ending in ``__``) has ``text`` in its model's name, its label or its vendor's name."""
    words = text.replace("·", " ").split()
    condition = Q()
    for word in words:
        either = Q(**{f"{path}model__name__icontains": word}) | Q(**{f"{path}label__icontains": word})
        condition &= either | Q(**{f"{path}model__vendor__name__icontains": word})
    return condition


class VersionFilter(filters.CharFilter):
    """A model version by words of its name; ``path`` leads from the row to the version and ends in ``__``."""

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__(label="Model, version or vendor", **options)
        self.path = path

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Rows in which every word occurs."""
        return qs.filter(about_version(self.path, value)) if value else qs


class RunFilter(filters.FilterSet):
    """State, version, instrument, first and last day."""

    version = VersionFilter("plan__version__")
    state = filters.ChoiceFilter(choices=RunState.choices, empty_label="Any")
    instrument = filters.ChoiceFilter(choices=INSTRUMENTS, empty_label="Any", method="with_instrument", label="Instrument")
    since = filters.DateFilter(field_name="created_at", lookup_expr="date__gte", label="From", widget=DayInput)
    until = filters.DateFilter(field_name="created_at", lookup_expr="date__lte", label="To", widget=DayInput)

    class Meta:
        model = Run
        fields: tuple[str, ...] = ()

    def with_instrument(self, rows: QuerySet[Run], _name: str, value: str) -> QuerySet[Run]:
        """Runs with a step of this instrument."""
        return rows.filter(Exists(Step.objects.filter(run=OuterRef("pk"), instrument=value)))
