"""Columns and the base table that all lists share."""

from typing import Any

import django_tables2 as tables
from django.utils.safestring import SafeString

from web.templatetags import assay


class ListTable(tables.Table):
    """Base of every list's table: our template, an order that is the same each time."""

    class Meta:
        template_name = "web/lists/table.html"
        attrs = {"class": "table card-table stack mb-0"}  # noqa: RUF012 - django-tables2 reads a plain dictionary
        row_attrs = {"id": lambda record: f"row-{record.pk}"}  # noqa: RUF012


class WhenColumn(tables.Column):
    """A moment in UTC; ISO 8601 in exports."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"attrs": {"td": {"class": "when"}}, **options})

    def render(self, value: Any) -> str:
        """To the minute."""
        return assay.when(value)

    def value(self, value: Any) -> str:
        """As a machine wants it."""
        return value.isoformat() if value else ""


class DigestColumn(tables.TemplateColumn):
    """A SHA-256 in short form with a copy button; the whole of it in exports."""

    def __init__(self, **options: Any) -> None:
        super().__init__(template_code="{% if value %}{% digest value %}{% else %}–{% endif %}", orderable=False, **options)

    def value(self, value: Any, **_: Any) -> str:
        """The whole digest."""
        return f"sha256:{value}" if value else ""


class StateColumn(tables.Column):
    """The state of a run or step as word, shape and colour."""

    def render(self, value: Any, record: Any) -> SafeString:
        """The mark."""
        return assay.state(getattr(record, self.accessor or "state"))

    def value(self, value: Any) -> str:
        """The word."""
        return str(value)


class VerdictColumn(tables.Column):
    """A reading or verdict as word, shape and colour."""

    def render(self, value: Any, record: Any) -> SafeString:
        """The mark."""
        return assay.verdict(str(getattr(record, str(self.accessor))))

    def value(self, value: Any, record: Any) -> str:
        """The word."""
        return assay.tier_word(str(getattr(record, str(self.accessor))))
