"""Filters of cases."""

from django_filters import FilterSet

from api.v1.base import filters
from assessments.models import ReceivedCase
from reports.models import ReportState


class CaseFilter(FilterSet):  # the library is untyped
    """Run, version, state."""

    run = filters.key("run_id", "id of the run")
    version = filters.key("run__plan__version_id", "id of the model version")
    state = filters.choice("state", ReportState.choices, "how far it is")


class ReceivedFilter(FilterSet):  # the library is untyped
    """Vendor, plan, outcome, digest."""

    vendor = filters.key("vendor_id", "id of the vendor that sent it")
    plan = filters.key("plan_id", "id of our plan that it is about")
    outcome = filters.choice("outcome", ReceivedCase.Outcome.choices, "what the checks came to")
    sha256 = filters.text("sha256", "hex SHA-256 of the file", longest=64)
