"""The list of plans."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_tables2.utils import A

from assessments.models import Plan
from reports.queries import step_title
from web.lists.columns import ListTable, WhenColumn
from web.lists.listing import Empty, Listing
from web.plans.filters import PlanFilter


class PlanTable(ListTable):
    """What was planned for which version, sealed or not."""

    title = tables.Column(linkify=("web:plan-detail", {"plan_id": A("pk")}))
    version = tables.Column(accessor="version", verbose_name="Model version", order_by=("version__model__name", "version__label"))
    state = tables.Column(accessor="sealed_digest", empty_values=(), verbose_name="State")
    steps = tables.Column(accessor="document", verbose_name="Steps", orderable=False)
    sealed = WhenColumn(accessor="sealed_at", verbose_name="Sealed")
    run_count = tables.Column(verbose_name="Runs", attrs={"td": {"class": "tnum"}})
    author = tables.Column(accessor="author", verbose_name="Author", order_by="author__username")
    created = WhenColumn(accessor="created_at", verbose_name="Drafted")

    class Meta(ListTable.Meta):
        order_by = "-created"
        sequence: ClassVar = ["title", "version", "state", "steps", "sealed", "run_count", "author", "created"]

    def render_version(self, record: Plan) -> SafeString:
        """The version with its vendor below."""
        return format_html('{}<span class="sub">{}</span>', record.version, record.version.model.vendor.name)

    def value_version(self, record: Plan) -> str:
        """Model and version."""
        return str(record.version)

    def render_state(self, value: str) -> SafeString:
        """Draft or sealed."""
        return format_html('<span class="tag tag-{}">{}</span>', *(("accepted", "sealed") if value else ("quiet", "draft")))

    def value_state(self, value: str) -> str:
        """Draft or sealed, as a word."""
        return "sealed" if value else "draft"

    def render_steps(self, value: dict[str, Any]) -> str:
        """What it asks, step by step."""
        return ", ".join(step_title(item["key"]) for item in value["items"])


PLANS = Listing(
    slug="plans",
    title="Plans",
    lead="What is asked, with which limits, fixed before anything is measured.",
    table=PlanTable,
    filterset=PlanFilter,
    empty=Empty("No plan yet", "A plan says what is claimed of a model version, how it is tested, and what would count against it."),
    pretitle="Assessments",
    nav="assessments",
    template="web/plans/list.html",
)
