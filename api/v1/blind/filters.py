"""Filters of blind exercises."""

from django_filters import FilterSet

from api.v1.base import filters
from assessments.blind_models import BlindState


class BlindFilter(FilterSet):  # the library is untyped
    """Instrument, version, state."""

    instrument = filters.text("instrument", "slug of the instrument")
    version = filters.key("version_id", "id of the model version")
    state = filters.choice("state", BlindState.choices, "how far it is")
