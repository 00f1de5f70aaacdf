"""The list of vendors as a table."""

import django_tables2 as tables

from inventory.countries import country_name
from inventory.models import Vendor
from web.lists.columns import ListTable, WhenColumn

NUMBER = {"th": {"class": "num"}, "td": {"class": "num"}}


class VendorTable(ListTable):
    """One vendor a row."""

    name = tables.Column(linkify=("web:vendor-detail", {"vendor_id": tables.A("pk")}))
    country = tables.Column()
    access = tables.Column(verbose_name="Access granted")
    model_count = tables.Column(verbose_name="Models", attrs=NUMBER)
    version_count = tables.Column(verbose_name="Versions", attrs=NUMBER)
    assessed_at = WhenColumn(verbose_name="Last assessed", default="never")

    class Meta(ListTable.Meta):
        model = Vendor
        fields = ("name", "country", "access", "model_count", "version_count", "assessed_at")
        order_by = ("name",)

    def render_country(self, value: str) -> str:
        """Its name."""
        return country_name(value)

    def value_country(self, value: str) -> str:
        """Its code."""
        return value
