"""Coverage as tables: gaps and judgements as lists, states cell by cell for a spreadsheet."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from decisions.models import Exemption
from frameworks.evidence_kinds import kinds_words
from reports.coverage import Cell, Matrix
from reports.coverage_grid import cells_of
from reports.gaps import Gap
from web.lists.columns import ListTable, WhenColumn


class GapListTable(ListTable):
    """One gap a row."""

    requirement = tables.Column(order_by=("ref",))
    system = tables.Column(verbose_name="For")
    state = tables.Column(order_by=("pressing",))
    needs = tables.Column(verbose_name="What would close it", orderable=False)
    begins = tables.Column(verbose_name="Applies from")
    owner = tables.Column(verbose_name="In charge", empty_values=())
    due_on = tables.Column(verbose_name="Due on")

    class Meta(ListTable.Meta):
        row_attrs = {"id": lambda record: f"row-{record['key']}"}  # noqa: RUF012 - django-tables2 reads a plain dictionary

    def render_requirement(self, record: dict[str, Any]) -> SafeString:
        """Reference and title, leading to the cell."""
        return format_html('<a href="{}">{} {}</a><span class="sub">{}</span>', record["address"], record["ref"], record["title"], record["framework"])

    def value_requirement(self, record: dict[str, Any]) -> str:
        """Reference and title."""
        return f"{record['ref']} {record['title']}"

    def render_state(self, record: dict[str, Any]) -> SafeString:
        """Word, shape and colour; and whether it is new on the chosen day."""
        later = format_html('<span class="sub">{}</span>', "no gap today") if record["fresh"] else ""
        return format_html('<span class="cov cov-{}">{}</span>{}', record["mark"], record["state"], later)

    def value_state(self, value: str) -> str:
        """The word."""
        return value

    def render_begins(self, value: datetime.date) -> str:
        """The day in words."""
        return f"{value:%d %B %Y}".lstrip("0")

    def value_begins(self, value: datetime.date | None) -> str:
        """The day in ISO 8601."""
        return value.isoformat() if value else ""

    def render_owner(self, record: dict[str, Any]) -> SafeString:
        """Who, or a link to say who where that is allowed."""
        if not record["assign"]:
            return format_html("{}", record["owner"] or "nobody")
        return format_html('<a href="{}">{}<span class="visually-hidden"> {} for {}</span></a>', *_care(record))

    def value_owner(self, record: dict[str, Any]) -> str:
        """Who, or nothing."""
        return str(record["owner"])

    def render_due_on(self, record: dict[str, Any]) -> SafeString:
        """The day, marked when it has passed."""
        late = format_html(' <span class="tag tag-problem">{}</span>', "overdue") if record["overdue"] else ""
        return format_html("{}{}", f"{record['due_on']:%d %B %Y}".lstrip("0"), late)

    def value_due_on(self, value: Any, record: dict[str, Any]) -> str:
        """ISO date, and whether it has passed."""
        return f"{value.isoformat()}{' overdue' if record['overdue'] else ''}"


def _care(record: dict[str, Any]) -> tuple[str, str, str, str]:
    return record["assign"], str(record["owner"] or "Assign"), record["ref"], record["system"]


def gap_rows(gaps: Iterable[Gap], query: str, may_assign: bool) -> list[dict[str, Any]]:
    """Gaps as rows of the table; ``query`` holds the two days of the view, ``may_assign`` whether owners are links."""
    return [_gap(gap, query, may_assign) for gap in gaps]


def _gap(gap: Gap, query: str, may_assign: bool) -> dict[str, Any]:
    cell, row = gap.cell, gap.cell.requirement
    place = [cell.subject.key, row.pk]
    return {
        "key": f"{cell.subject.key}-{row.pk}",
        "ref": row.ref,
        "title": row.title,
        "requirement": row.ref,
        "framework": row.version.framework.short_name,
        "address": f"{reverse('web:requirement-detail', args=[row.pk])}?{query}&system={cell.subject.key}",
        "assign": reverse("web:gap-assign", args=place) if may_assign else "",
        "system": cell.subject.name,
        "state": cell.word,
        "mark": cell.state,
        "pressing": ("stale", "proposed", "missing", "partial").index(cell.state),
        "fresh": gap.fresh,
        "needs": gap.needs,
        "begins": cell.applies.begins,
        "owner": str(gap.assignment.owner) if gap.assignment else "",
        "due_on": gap.assignment.due_on if gap.assignment else None,
        "overdue": gap.overdue,
    }


class ExemptionTable(ListTable):
    """One judgement a row."""

    ref = tables.Column(verbose_name="Requirement")
    system = tables.Column(verbose_name="For", accessor="system__name")
    framework = tables.Column(verbose_name="Framework", accessor="framework__name")
    state = tables.Column()
    reason = tables.Column(orderable=False)
    proposed_by = tables.Column(verbose_name="Proposed by", order_by=("proposed_by__username",))
    decided_by = tables.Column(verbose_name="Decided by", order_by=("decided_by__username",))
    created_at = WhenColumn(verbose_name="Proposed")

    class Meta(ListTable.Meta):
        model = Exemption
        fields = ("ref", "system", "framework", "state", "reason", "proposed_by", "decided_by", "created_at")
        order_by = ("-created_at",)

    def render_ref(self, record: Exemption) -> SafeString:
        """Leads to the judgement."""
        return format_html('<a href="{}">{}</a>', reverse("web:exemption-detail", args=[record.pk]), record.ref)

    def value_ref(self, value: str) -> str:
        """The reference."""
        return value


class CellTable(tables.Table):
    """Coverage for a spreadsheet: one cell a row, with its reason."""

    system = tables.Column(verbose_name="For")
    framework = tables.Column(verbose_name="Framework")
    ref = tables.Column(verbose_name="Reference")
    title = tables.Column(verbose_name="Requirement")
    state = tables.Column(verbose_name="State")
    reason = tables.Column(verbose_name="Why")
    missing = tables.Column(verbose_name="Evidence missing")
    as_of = tables.Column(verbose_name="Law as of")

    def __init__(self, matrices: Mapping[str, Matrix]) -> None:
        super().__init__([_cell(cell, matrices) for cell in cells_of(matrices)])


def _cell(cell: Cell, matrices: Mapping[str, Matrix]) -> dict[str, Any]:
    framework = cell.requirement.version.framework
    return {
        "system": cell.subject.name,
        "framework": framework.name,
        "ref": cell.requirement.ref,
        "title": cell.requirement.title,
        "state": cell.word,
        "reason": cell.applies.reason,
        "missing": kinds_words(cell.answer.missing_kinds) if cell.gap else "",
        "as_of": matrices[framework.slug].as_of.isoformat(),
    }
