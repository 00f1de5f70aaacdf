"""The lists of models and versions as tables."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import django_tables2 as tables
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.permissions import allowed
from inventory.models import AIModel, ModelVersion
from web.ai_models import queries
from web.fetch import actor_of
from web.lists.columns import ListTable, WhenColumn
from web.templatetags import assay

NUMBER = {"th": {"class": "num"}, "td": {"class": "num"}}


class ModelTable(ListTable):
    """One model a row."""

    name = tables.Column(verbose_name="Model", linkify=("web:model-detail", {"model_id": tables.A("pk")}))
    vendor = tables.Column(accessor="vendor__name", verbose_name="Vendor", linkify=("web:vendor-detail", {"vendor_id": tables.A("vendor_id")}))
    version_count = tables.Column(verbose_name="Versions", attrs=NUMBER)
    newest_label = tables.Column(verbose_name="Newest version", default="none", linkify=("web:version-detail", {"version_id": tables.A("newest_id")}))
    in_use = tables.Column(verbose_name="In use", attrs=NUMBER)
    assessed_at = WhenColumn(verbose_name="Last assessed", default="never")

    class Meta(ListTable.Meta):
        model = AIModel
        fields = ("name", "vendor", "version_count", "newest_label", "in_use", "assessed_at")
        order_by = ("name",)


class VersionTable(ListTable):
    """One version a row, with its newest run and what that found: verdict first, reading beside it."""

    name = tables.Column(accessor="model__name", verbose_name="Model and version", order_by=("model__name", "-created_at"))
    vendor = tables.Column(accessor="model__vendor__name", verbose_name="Vendor", visible=False)
    weights = tables.Column(accessor="weights_digest", verbose_name="Weights", orderable=False)
    access = tables.Column(verbose_name="Access")
    lifecycle = tables.Column(verbose_name="Lifecycle")
    last_run = tables.Column(accessor="run_number", verbose_name="Last run", empty_values=())
    assessed_at = WhenColumn(verbose_name="Last assessed", visible=False)
    findings = tables.Column(empty_values=(), orderable=False, verbose_name="Findings", exclude_from_export=True, attrs={"td": {"class": "found"}})
    assess = tables.Column(empty_values=(), orderable=False, verbose_name="Next", exclude_from_export=True)

    class Meta(ListTable.Meta):
        model = ModelVersion
        fields = ("name", "vendor", "weights", "access", "lifecycle", "last_run", "assessed_at", "findings", "assess")
        order_by = ("name",)

    @cached_property
    def may_run(self) -> bool:
        """Whether this person may start an assessment."""
        return allowed(actor_of(self.request), "run.start")

    @cached_property
    def runs(self) -> dict[Any, queries.RunRow]:
        """The newest runs of the rows on this page, read all at once."""
        return queries.runs_by_key(row.record.newest_run for row in self.paginated_rows)

    def as_values(self, exclude_columns: Any = None) -> Iterator[list[Any]]:
        """For a file, with the columns that a narrow page leaves out."""
        for name in ("vendor", "assessed_at"):
            self.columns.show(name)
        yield from super().as_values(exclude_columns=exclude_columns)

    def render_name(self, record: ModelVersion) -> SafeString:
        """Model and label, with vendor and size beneath; of what lies behind an endpoint no size is known."""
        address, vendor = reverse("web:version-detail", args=[record.pk]), record.model.vendor.name
        size = f"{assay.parameters(record.parameters)}\u00a0parameters" if record.parameters else record.get_source_display()
        return format_html('<a href="{}">{}</a><span class="sub">{}, {}</span>', address, record, vendor, size)

    def value_name(self, record: ModelVersion) -> str:
        """Model and label."""
        return str(record)

    def render_weights(self, record: ModelVersion) -> SafeString:
        """Digest and number format."""
        digest = render_to_string("components/digest.html", assay.digest(record.weights_digest))
        return format_html('{}<span class="sub">{}</span>', digest, record.quantisation)

    def value_weights(self, value: str) -> str:
        """The whole digest."""
        return f"sha256:{value}"

    def render_lifecycle(self, record: ModelVersion) -> SafeString:
        """As a tag."""
        return format_html('<span class="tag tag-{}">{}</span>', record.lifecycle, record.get_lifecycle_display())

    def value_lifecycle(self, value: str) -> str:
        """The word."""
        return value

    def render_last_run(self, record: Any) -> SafeString:
        """Number, state and time of the newest run."""
        return render_to_string("web/ai_models/last_run.html", {"row": self.runs.get(record.newest_run)})

    def value_last_run(self, record: Any) -> str:
        """The number."""
        return f"Run {record.run_number}" if record.run_number else "never assessed"

    def render_findings(self, record: Any) -> SafeString:
        """Verdicts, and readings only beside them."""
        return render_to_string("web/ai_models/found.html", {"row": self.runs.get(record.newest_run)})

    def render_assess(self, record: ModelVersion) -> SafeString | str:
        """The next step for those who may take it."""
        address = reverse("web:run-begin", args=[record.pk])
        return format_html('<a class="btn btn-sm btn-plain" href="{}" aria-label="Assess {}">Assess</a>', address, record) if self.may_run else ""
