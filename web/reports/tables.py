"""Tables of reports, and of runs that a report can be made of."""

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assessments.models import Run
from reports.models import Report
from web.lists.columns import DigestColumn, ListTable, WhenColumn
from web.templatetags import assay


class ReportTable(ListTable):
    """One report per row."""

    number = tables.Column(verbose_name="Report", linkify=("web:report-detail", [tables.A("pk")]))
    title = tables.Column()
    run = tables.Column(accessor="run__number", verbose_name="Run", linkify=("web:run-detail", [tables.A("run_id")]))
    prepared_for = tables.Column(verbose_name="Prepared for")
    as_of = tables.DateColumn(verbose_name="As of", format="j F Y")
    state = tables.Column()
    signed_sha256 = DigestColumn(verbose_name="SHA-256")
    created_at = WhenColumn(verbose_name="Requested")

    class Meta(ListTable.Meta):
        model = Report
        fields = ("number", "title", "run", "prepared_for", "as_of", "state", "signed_sha256", "created_at")
        order_by = ("-number",)

    def render_number(self, record: Report) -> str:
        """As people cite it."""
        return record.reference

    def value_number(self, record: Report) -> str:
        """As people cite it."""
        return record.reference

    def render_title(self, value: str, record: Report) -> SafeString:
        """Title, with the exact version below."""
        return format_html('{}<span class="sub">{}</span>', value, record.run.plan.version)

    def value_title(self, value: str) -> str:
        """The title alone."""
        return value

    def value_as_of(self, record: Report) -> str:
        """ISO date."""
        return record.as_of.isoformat()

    def render_state(self, record: Report) -> SafeString:
        """By the marks of runs: what was requested is shown as running."""
        return mark(record.state)

    def value_state(self, value: Any) -> str:
        """The word."""
        return str(value)


class RunTable(ListTable):
    """One finished run per row, with the way to its report."""

    number = tables.Column(verbose_name="Run", linkify=("web:run-detail", [tables.A("pk")]))
    title = tables.Column(accessor="plan__title", verbose_name="Plan")
    version = tables.Column(accessor="plan__version", verbose_name="Version", order_by=("plan__version__model__name",))
    finished_at = WhenColumn(verbose_name="Ended")
    build = tables.Column(empty_values=(), orderable=False, verbose_name="Report", accessor="pk", exclude_from_export=True)

    class Meta(ListTable.Meta):
        model = Run
        fields = ("number", "title", "version", "finished_at", "build")
        order_by = ("-number",)

    def render_number(self, value: int) -> str:
        """As people cite it."""
        return f"Run {value}"

    def value_number(self, value: int) -> int:
        """The number alone."""
        return value

    def render_build(self, record: Run) -> SafeString:
        """To the form."""
        return format_html('<a href="{}">Build report<span class="visually-hidden"> of {}</span></a>', reverse("web:report-build", args=[record.pk]), record)


def mark(state: str) -> SafeString:
    """A report's state by the marks of runs."""
    return assay.state({"requested": "running"}.get(state, state))
