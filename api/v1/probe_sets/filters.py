"""Filters of probe sets."""

from django_filters import FilterSet

from api.v1.base import filters


class ProbeSetFilter(FilterSet):  # the library is untyped
    """Slug, title, digest."""

    slug = filters.text("slug", "all versions of one set", longest=60)
    title = filters.text("title", "part of the title", "icontains")
    digest = filters.text("digest", "hex SHA-256 of the texts", longest=64)
