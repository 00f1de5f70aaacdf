"""How pilots can be narrowed down."""

import django_filters as filters

from assessments.models import Pilot
from assessments.pilot_models import PilotState
from web.runs.filters import VersionFilter


class PilotFilter(filters.FilterSet):
    """By version and state."""

    version = VersionFilter("version__")
    state = filters.ChoiceFilter(choices=PilotState.choices, label="State", empty_label="All")

    class Meta:
        model = Pilot
        fields: tuple[str, ...] = ()
