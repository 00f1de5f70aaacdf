"""How findings can be narrowed down."""

import django_filters as filters

from assessments.contracts import Reading, Verdict
from assessments.models import Finding
from web.runs.filters import INSTRUMENTS, DayInput, VersionFilter
from web.words import tier_word


def readings() -> list[tuple[str, str]]:
    """Readings with their words."""
    return [(str(reading), tier_word(reading)) for reading in Reading]


def verdicts() -> list[tuple[str, str]]:
    """Verdicts with their words."""
    return [(str(verdict), tier_word(verdict)) for verdict in Verdict]


class FindingFilter(filters.FilterSet):
    """Words, version, instrument, verdict, reading, run, first and last day."""

    text = filters.CharFilter(field_name="headline", lookup_expr="icontains", label="Headline")
    version = VersionFilter("step__run__plan__version__")
    instrument = filters.ChoiceFilter(field_name="step__instrument", choices=INSTRUMENTS, empty_label="Any", label="Instrument")
    verdict = filters.ChoiceFilter(choices=verdicts, empty_label="Any")
    reading = filters.ChoiceFilter(choices=readings, empty_label="Any", label="Data alone")
    run = filters.NumberFilter(field_name="step__run__number", label="Run", min_value=1)
    since = filters.DateFilter(field_name="created_at", lookup_expr="date__gte", label="From", widget=DayInput)
    until = filters.DateFilter(field_name="created_at", lookup_expr="date__lte", label="To", widget=DayInput)

    class Meta:
        model = Finding
        fields: tuple[str, ...] = ()
