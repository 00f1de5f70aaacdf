"""Filters of reports."""

from django_filters import FilterSet

from api.v1.base import filters
from reports.models import ReportState


class ReportFilter(FilterSet):  # the library is untyped
    """Run, version, state."""

    run = filters.key("run_id", "id of the run")
    version = filters.key("run__plan__version_id", "id of the model version")
    state = filters.choice("state", ReportState.choices, "how far it is")
