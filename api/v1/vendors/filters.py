"""Filters of the list of vendors."""

from django_filters import FilterSet

from api.v1.base import filters
from inventory.models import Access


class VendorFilter(FilterSet):  # the library is untyped
    """Name, country, access."""

    name = filters.text("name", "part of the name", "icontains")
    country = filters.text("country", "ISO 3166 two letters", "iexact")
    access = filters.choice("access", Access.choices, "what the contract grants")
