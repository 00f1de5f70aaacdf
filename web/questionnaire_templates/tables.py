"""The list of questionnaires as a table."""

from functools import cached_property
from uuid import UUID

import django_filters as filters
import django_tables2 as tables

from questionnaires.models import Template
from web.lists.columns import ListTable
from web.questionnaire_templates.queries import questions_in


class TemplateTable(ListTable):
    """One questionnaire a row."""

    name = tables.Column(linkify=("web:template-detail", {"template_id": tables.A("pk")}))
    current = tables.Column(verbose_name="Current version", empty_values=())
    questions = tables.Column(verbose_name="Questions", empty_values=(), orderable=False)
    used = tables.Column(verbose_name="Requests using it")
    drafted = tables.Column(verbose_name="Draft")

    class Meta(ListTable.Meta):
        model = Template
        fields = ("name", "current", "questions", "used", "drafted")
        order_by = ("name",)

    @cached_property
    def counts(self) -> dict[UUID, int]:
        """Questions of the rows shown, in one query."""
        rows = self.paginated_rows if hasattr(self, "page") else self.rows
        return questions_in([row.record.pk for row in rows])

    def render_current(self, value: int | None, record: Template) -> str:
        """The number, or why there is none."""
        if record.withdrawn_at is not None:
            return "withdrawn"
        return str(value) if value else "not published"

    def render_questions(self, record: Template) -> int:
        """How many."""
        return self.counts.get(record.pk, 0)

    def render_drafted(self, value: bool) -> str:
        """In a word."""
        return "open" if value else "–"


class TemplateFilter(filters.FilterSet):
    """By name, and whether it is still offered."""

    name = filters.CharFilter(lookup_expr="icontains", label="Name contains")
    withdrawn = filters.BooleanFilter(field_name="withdrawn_at", lookup_expr="isnull", exclude=True, label="Withdrawn")

    class Meta:
        model = Template
        fields: tuple[str, ...] = ()
