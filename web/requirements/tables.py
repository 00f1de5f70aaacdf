"""The list of requirements, and coverage as files."""

import datetime
from collections.abc import Sequence
from typing import Any

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString

from frameworks.applicability import ROLES
from frameworks.evidence_kinds import kinds_words
from frameworks.models import Requirement
from reports.coverage import Cell, Matrix, Subject
from web.lists.columns import ListTable
from web.requirements.entries import Concern, Entry


class RequirementTable(ListTable):
    """One requirement per row."""

    ref = tables.Column(verbose_name="Reference", linkify=("web:requirement-detail", [tables.A("pk")]))
    title = tables.Column()
    framework = tables.Column(accessor="version__framework__name", verbose_name="Framework")
    applies_from = tables.Column(verbose_name="Applies from", empty_values=())
    roles = tables.Column(verbose_name="Binds", orderable=False)
    evidence_kinds = tables.Column(verbose_name="Evidence asked for", orderable=False)
    sourced = tables.Column(verbose_name="Source read")

    class Meta(ListTable.Meta):
        model = Requirement
        fields = ("ref", "title", "framework", "applies_from", "roles", "evidence_kinds", "sourced")
        order_by = ("framework", "position")

    def render_title(self, value: str, record: Requirement) -> SafeString:
        """Title with the gist below."""
        return format_html('{}<span class="sub">{}</span>', value, record.gist)

    def value_title(self, value: str) -> str:
        """The title alone."""
        return value

    def render_applies_from(self, record: Requirement) -> str:
        """A date, that it is followed by choice, or that the imported file does not state one."""
        day = record.applies_from
        return f"{day.day} {day:%B %Y}" if day else "by choice" if record.voluntary else "not stated"

    def value_applies_from(self, record: Requirement) -> str:
        """ISO date, or nothing."""
        return record.applies_from.isoformat() if record.applies_from else ""

    def render_framework(self, record: Requirement) -> str:
        """The short name."""
        return record.version.framework.short_name

    def value_framework(self, value: str) -> str:
        """The whole name."""
        return value

    def render_roles(self, value: list[str]) -> str:
        """The roles in words."""
        return ", ".join(ROLES.get(role, role) for role in value)

    def render_evidence_kinds(self, value: list[str]) -> str:
        """The kinds in words."""
        return kinds_words(value)

    def render_sourced(self, value: bool, record: Requirement) -> str:
        """Whether the content could be read in a source; an imported row is its file's own text."""
        if record.imported:
            return "imported text"
        return "yes" if value else "no, not read"


class MatrixTable(tables.Table):
    """Coverage for a spreadsheet: a line per requirement, a column per subject."""

    ref = tables.Column(verbose_name="Reference")
    title = tables.Column(verbose_name="Requirement")

    def __init__(self, matrix: Matrix) -> None:
        columns = [(f"s{place}", tables.Column(verbose_name=subject.name)) for place, subject in enumerate(matrix.subjects)]
        rows = [{"ref": line.requirement.ref, "title": line.requirement.title, **_states(line.cells)} for line in matrix.lines]
        super().__init__(rows, extra_columns=columns)


class GapTable(tables.Table):
    """What is left to do, one gap per row."""

    subject = tables.Column(verbose_name="For")
    ref = tables.Column(verbose_name="Reference")
    title = tables.Column(verbose_name="Requirement")
    state = tables.Column(verbose_name="State")
    missing = tables.Column(verbose_name="Evidence missing")
    begins = tables.Column(verbose_name="Applies from")
    as_of = tables.Column(verbose_name="Law as of")

    def __init__(self, matrix: Matrix) -> None:
        super().__init__([{**_gap(cell), "as_of": matrix.as_of.isoformat()} for cell in matrix.gaps()])


class ChangesTable(tables.Table):
    """What changed in the law: one row per changed duty and system concerned, or one for the duty alone."""

    ref = tables.Column(verbose_name="Reference")
    title = tables.Column(verbose_name="Requirement")
    kind = tables.Column(verbose_name="Change")
    dates = tables.Column(verbose_name="Dates")
    reworded = tables.Column(verbose_name="Also changed")
    system = tables.Column(verbose_name="System concerned")
    before = tables.Column(verbose_name="Before")
    after = tables.Column(verbose_name="After")
    as_of = tables.Column(verbose_name="Law as of")

    def __init__(self, entries: Sequence[Entry], as_of: datetime.date) -> None:
        super().__init__([{**_entry(entry, concern), "as_of": as_of.isoformat()} for entry in entries for concern in entry.concerns or (None,)])


def _entry(entry: Entry, concern: Concern | None) -> dict[str, Any]:
    change = entry.change
    return {
        "ref": change.row.ref,
        "title": change.row.title,
        "kind": change.kind.value,
        "dates": "; ".join(f"{move.label}: {move.before or 'no date'} to {move.after or 'no date'}" for move in change.moves),
        "reworded": ", ".join(change.reworded),
        "system": concern.subject.name if concern else "",
        "before": concern.before if concern else "",
        "after": concern.after if concern else "",
    }


def _states(cells: tuple[Cell, ...]) -> dict[str, str]:
    return {f"s{place}": cell.word for place, cell in enumerate(cells)}


def _gap(cell: Cell) -> dict[str, Any]:
    subject: Subject = cell.subject
    return {
        "subject": subject.name,
        "ref": cell.requirement.ref,
        "title": cell.requirement.title,
        "state": cell.word,
        "missing": kinds_words(cell.answer.missing_kinds),
        "begins": cell.applies.begins.isoformat() if cell.applies.begins else "",
    }
