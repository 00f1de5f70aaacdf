"""The list of AI systems as a table."""

import django_tables2 as tables

from inventory.models import AISystem
from web.lists.columns import ListTable, WhenColumn

NUMBER = {"th": {"class": "num"}, "td": {"class": "num"}}


class SystemTable(ListTable):
    """One system a row."""

    name = tables.Column(linkify=("web:system-detail", {"system_id": tables.A("pk")}))
    our_role = tables.Column(verbose_name="Our role")
    risk_class = tables.Column(verbose_name="Risk class")
    jurisdiction = tables.Column()
    active_count = tables.Column(verbose_name="Models at work", attrs=NUMBER)
    assessed_at = WhenColumn(verbose_name="Last assessed", default="never")

    class Meta(ListTable.Meta):
        model = AISystem
        fields = ("name", "our_role", "risk_class", "jurisdiction", "active_count", "assessed_at")
        order_by = ("name",)
