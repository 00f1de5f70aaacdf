"""Filters of due-diligence packs."""

from django_filters import FilterSet

from api.v1.base import filters
from reports.models import ReportState


class PackFilter(FilterSet):  # the library is untyped
    """Vendor, state."""

    vendor = filters.key("vendor_id", "id of the vendor")
    state = filters.choice("state", ReportState.choices, "how far it is")
