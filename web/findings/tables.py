"""The list of findings."""

from typing import ClassVar

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_tables2.utils import A

from assessments.models import Finding
from reports.queries import step_title
from web.findings.filters import FindingFilter
from web.lists.columns import ListTable, VerdictColumn, WhenColumn
from web.lists.listing import Empty, Listing


class FindingTable(ListTable):
    """What was found, on which version, how far it may be cited."""

    headline = tables.Column(verbose_name="Finding", linkify=("web:finding-detail", {"finding_id": A("pk")}))
    verdict = VerdictColumn(accessor="verdict")
    reading = VerdictColumn(accessor="reading", verbose_name="Data alone")
    question = tables.Column(accessor="step__key", verbose_name="Instrument")
    version = tables.Column(
        accessor="step__run__plan__version", verbose_name="Model version", order_by=("step__run__plan__version__model__name", "step__run__plan__version__label")
    )
    run = tables.Column(
        accessor="step__run__number", verbose_name="Run", linkify=("web:run-detail", {"run_id": A("step__run_id")}), attrs={"td": {"class": "tnum"}}
    )
    thresholds = tables.Column(orderable=False, verbose_name="Thresholds met")
    found = WhenColumn(accessor="created_at", verbose_name="Found")

    class Meta(ListTable.Meta):
        order_by = "-found"
        sequence: ClassVar = ["headline", "verdict", "reading", "question", "version", "run", "thresholds", "found"]

    def render_question(self, value: str) -> str:
        """The step as a title."""
        return step_title(value)

    def render_version(self, record: Finding) -> SafeString:
        """The version with its vendor below."""
        version = record.step.run.plan.version
        return format_html('{}<span class="sub">{}</span>', version, version.model.vendor.name)

    def value_version(self, record: Finding) -> str:
        """Model and version."""
        return str(record.step.run.plan.version)

    def render_thresholds(self, value: list[dict[str, object]]) -> str:
        """How many of those that were sealed."""
        return f"{sum(row['met'] is True for row in value)} of {len(value)}"


FINDINGS = Listing(
    slug="findings",
    title="Findings",
    lead="One per instrument of a run: what the data say, and how far that may be cited.",
    table=FindingTable,
    filterset=FindingFilter,
    empty=Empty("No finding yet", "Findings come from runs of sealed plans. Seal a plan and start its run to get the first."),
    pretitle="Assessments",
    nav="assessments",
    template="web/findings/list.html",
)
