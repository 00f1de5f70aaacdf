"""Filters of the list of vendors."""

from typing import Any

import django_filters as filters

from inventory.countries import country_name
from inventory.models import Access, Vendor


class VendorFilter(filters.FilterSet):
    """By name, access and country; only countries that occur are offered."""

    name = filters.CharFilter(lookup_expr="icontains", label="Name")
    access = filters.ChoiceFilter(choices=Access.choices, label="Access granted", empty_label="Any")
    country = filters.ChoiceFilter(choices=(), label="Country", empty_label="Any")

    class Meta:
        model = Vendor
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = self.queryset.order_by().exclude(country="").values_list("country", flat=True).distinct()
        self.filters["country"].extra["choices"] = sorted(((code, country_name(code)) for code in codes), key=lambda row: row[1])
