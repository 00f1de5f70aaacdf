"""Filters of requirements."""

from django_filters import FilterSet

from api.v1.base import filters
from reports.coverage import GAPS, STATES

CARE = {"nobody": "nobody is in charge", "somebody": "somebody is in charge", "overdue": "somebody is, and the day has passed"}


class GapFilter(FilterSet):  # the library is untyped
    """System, framework, state, who is in charge."""

    system = filters.key("system", "id of an AI system")
    framework = filters.text("framework__slug", "slug of the framework")
    state = filters.choice("state", [(state, STATES[state]) for state in GAPS], "what is wrong with the evidence")
    owner = filters.key("owner", "id of the person in charge")
    care = filters.choice("care", list(CARE.items()), "whether anybody is in charge")


class RequirementFilter(FilterSet):  # the library is untyped
    """Framework, reference, text."""

    framework = filters.text("version__framework__slug", "slug of the framework")
    ref = filters.text("ref", "the whole reference")
    text = filters.text("title", "part of the title", "icontains")
