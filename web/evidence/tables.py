"""Tables of artifacts, log entries, links and cases."""

from functools import cached_property
from typing import Any
from uuid import UUID

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from evidence.models import Artifact, EvidenceLink, LedgerEntry
from frameworks.evidence_kinds import kind_words
from reports.models import CaseExport
from web.evidence import queries
from web.evidence.subjects import action_words, subject_link, subject_words
from web.fetch import actor_of
from web.lists.columns import DigestColumn, ListTable, WhenColumn
from web.templatetags import assay


class ArtifactTable(ListTable):
    """One artifact per row."""

    title = tables.Column(linkify=("web:artifact-detail", [tables.A("pk")]))
    kind = tables.Column()
    sha256 = DigestColumn(verbose_name="SHA-256")
    size = tables.Column()
    subject = tables.Column(verbose_name="About")
    observed = tables.Column(accessor="observed_from", verbose_name="Observed", empty_values=())
    created_at = WhenColumn(verbose_name="Recorded")
    entry = tables.Column(accessor="attestation__entry__index", verbose_name="Log entry", linkify=("web:entry-detail", [tables.A("attestation__entry__index")]))

    class Meta(ListTable.Meta):
        model = Artifact
        fields = ("title", "kind", "sha256", "size", "subject", "observed", "created_at", "entry")
        order_by = ("-created_at", "title")

    @cached_property
    def findings(self) -> dict[str, UUID]:
        """The findings of the steps on this page, looked up once."""
        return queries.findings_by_step(actor_of(self.request), {row.record.subject for row in self.paginated_rows})

    def render_kind(self, value: str) -> str:
        """In words."""
        return value.replace("_", " ").replace("-", " ")

    def value_kind(self, value: str) -> str:
        """As the statement has it."""
        return value

    def render_size(self, value: int) -> str:
        """In decimal units."""
        return assay.filesize_text(value)

    def value_size(self, value: int) -> int:
        """In bytes."""
        return value

    def render_subject(self, value: str) -> SafeString:
        """Kind and key, linked."""
        return subject_link(value, self.findings)

    def value_subject(self, value: str) -> str:
        """As the log has it."""
        return value

    def render_observed(self, record: Artifact) -> str:
        """The period the bytes speak about."""
        return _period(record)

    def value_observed(self, record: Artifact) -> str:
        """The same in ISO 8601."""
        return "/".join(moment.isoformat() if moment else ".." for moment in (record.observed_from, record.observed_to)) if record.observed_from else ""


class EntryTable(ListTable):
    """One log entry per row; names of people are looked up once for the page."""

    index = tables.Column(linkify=("web:entry-detail", [tables.A("index")]))
    at = WhenColumn(verbose_name="Entered")
    action = tables.Column()
    subject = tables.Column(verbose_name="About")
    actor = tables.Column(verbose_name="By")
    leaf_hash = DigestColumn(verbose_name="Leaf hash")

    class Meta(ListTable.Meta):
        model = LedgerEntry
        fields = ("index", "at", "action", "subject", "actor", "leaf_hash")
        order_by = ("-index",)

    @cached_property
    def names(self) -> dict[str, str]:
        """The names of the people on this page, looked up once."""
        return queries.actor_names({row.record.actor for row in self.paginated_rows})

    @cached_property
    def findings(self) -> dict[str, UUID]:
        """The findings of the steps on this page, looked up once."""
        return queries.findings_by_step(actor_of(self.request), {row.record.subject for row in self.paginated_rows})

    def render_action(self, value: str) -> SafeString:
        """In words, with the exact name below."""
        return format_html('{}<span class="sub">{}</span>', action_words(value).capitalize(), value)

    def value_action(self, value: str) -> str:
        """As the log has it."""
        return value

    def render_subject(self, value: str) -> SafeString:
        """Kind and key, linked."""
        return subject_link(value, self.findings)

    def value_subject(self, value: str) -> str:
        """As the log has it."""
        return value

    def render_actor(self, value: str) -> str:
        """A name where the register has one."""
        return str(self.names.get(value, subject_words(value)))

    def value_actor(self, value: str) -> str:
        """As the log has it: by id."""
        return value


class LinkTable(ListTable):
    """One claim that an artifact speaks to a requirement per row."""

    requirement = tables.Column(accessor="requirement__ref", verbose_name="Requirement", linkify=("web:requirement-detail", [tables.A("requirement_id")]))
    artifact = tables.Column(accessor="artifact__title", verbose_name="Evidence", linkify=("web:artifact-detail", [tables.A("artifact_id")]))
    evidence_kind = tables.Column(verbose_name="As")
    tier = tables.Column()
    status = tables.Column()
    created_at = WhenColumn(verbose_name="Proposed")
    decide = tables.Column(empty_values=(), orderable=False, verbose_name="Decision", accessor="reviewed_at")

    class Meta(ListTable.Meta):
        model = EvidenceLink
        fields = ("requirement", "artifact", "evidence_kind", "tier", "status", "created_at", "decide")
        order_by = ("created_at", "requirement")

    def render_requirement(self, value: str, record: EvidenceLink) -> SafeString:
        """Reference, with title and framework below."""
        return format_html('{}<span class="sub">{} · {}</span>', value, record.requirement.title, record.requirement.version.framework.short_name)

    def value_requirement(self, value: str) -> str:
        """The reference alone."""
        return value

    def render_evidence_kind(self, value: str) -> str:
        """In words."""
        return kind_words(value)

    def render_tier(self, value: str) -> str:
        """As mark and word."""
        return assay.verdict(value) if value else "–"

    def value_tier(self, value: str) -> str:
        """The word."""
        return assay.tier_word(value) if value else ""

    def render_status(self, value: str, record: EvidenceLink) -> SafeString:
        """As a tag."""
        return format_html('<span class="tag tag-{}">{}</span>', record.status, value.lower())

    def value_status(self, value: str) -> str:
        """The word."""
        return value

    def render_decide(self, record: EvidenceLink) -> SafeString | str:
        """Who decided and when, or the way to decide."""
        if record.reviewer:
            return format_html('{}<span class="sub">{}</span>', record.reviewer, assay.when(record.reviewed_at))
        return format_html('<a href="{}">Accept or decline</a>', reverse("web:evidence-link-review", args=[record.pk]))

    def value_decide(self, record: EvidenceLink) -> str:
        """Who decided, and why."""
        return f"{record.reviewer}: {record.review_rationale}" if record.reviewer else ""


class CaseTable(ListTable):
    """One exported case per row."""

    title = tables.Column(linkify=("web:case-detail", [tables.A("pk")]))
    run = tables.Column(accessor="run__number", verbose_name="Run", linkify=("web:run-detail", [tables.A("run_id")]))
    state = tables.Column()
    size = tables.Column()
    sha256 = DigestColumn(verbose_name="SHA-256 of the ZIP")
    created_at = WhenColumn(verbose_name="Asked for")

    class Meta(ListTable.Meta):
        model = CaseExport
        fields = ("title", "run", "state", "size", "sha256", "created_at")
        order_by = ("-created_at",)

    def render_state(self, record: CaseExport) -> Any:
        """As mark and word."""
        return mark(record.state)

    def value_state(self, value: str) -> str:
        """The word."""
        return value

    def render_size(self, value: int) -> str:
        """In decimal units."""
        return assay.filesize_text(value) if value else "–"

    def value_size(self, value: int) -> int:
        """In bytes."""
        return value


def mark(state: str) -> SafeString:
    """A job's state by the marks of runs: what was asked for is shown as running."""
    return assay.state({"requested": "running"}.get(state, state))


def _period(record: Artifact) -> str:
    if record.observed_from is None:
        return "–"
    if record.observed_to is None or record.observed_to.date() == record.observed_from.date():
        return assay.when(record.observed_from)
    return f"{assay.when(record.observed_from)} to {assay.when(record.observed_to)}"
