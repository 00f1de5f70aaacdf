"""Filters of questionnaires and versions."""

from django_filters import FilterSet

from api.v1.base import filters


class TemplateFilter(FilterSet):  # the library is untyped
    """Name."""

    name = filters.text("name", "part of the name", "icontains")


class VersionFilter(FilterSet):  # the library is untyped
    """Questionnaire, digest."""

    template = filters.key("template", "id of a questionnaire")
    digest = filters.text("digest", "SHA-256 of the document")
