"""Filters of findings."""

from django_filters import FilterSet

from api.v1.base import filters
from api.v1.findings.serializers import READINGS, VERDICTS


class FindingFilter(FilterSet):  # the library is untyped
    """Run, version, instrument, verdict, reading."""

    run = filters.key("step__run_id", "id of the run")
    version = filters.key("step__run__plan__version_id", "id of the model version")
    instrument = filters.text("step__instrument", "slug of the instrument")
    verdict = filters.choice("verdict", VERDICTS, "the tier it may be cited at")
    reading = filters.choice("reading", READINGS, "what the data alone say")
