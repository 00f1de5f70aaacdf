"""Filters of pilots."""

from django_filters import FilterSet

from api.v1.base import filters
from assessments.pilot_models import PilotState


class PilotFilter(FilterSet):  # the library is untyped
    """Version, vendor, state."""

    version = filters.key("version_id", "id of the model version")
    vendor = filters.key("version__model__vendor_id", "id of the vendor")
    state = filters.choice("state", PilotState.choices, "how far it is")
