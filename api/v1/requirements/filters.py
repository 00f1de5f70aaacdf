"""Filters of requirements."""

from django_filters import FilterSet

from api.v1.base import filters


class RequirementFilter(FilterSet):  # the library is untyped
    """Framework, reference, text."""

    framework = filters.text("version__framework__slug", "slug of the framework")
    ref = filters.text("ref", "the whole reference")
    text = filters.text("title", "part of the title", "icontains")
