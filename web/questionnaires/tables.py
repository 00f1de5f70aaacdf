"""The list of requests as a table."""

from functools import cached_property
from uuid import UUID

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import clock
from questionnaires.models import QuestionnaireRequest
from questionnaires.progress import Progress, progress_of_many, whole
from web.lists.columns import ListTable


class RequestTable(ListTable):
    """One request a row. Progress is reckoned for all rows shown at once."""

    vendor = tables.Column(linkify=("web:questionnaire-detail", {"questionnaire_id": tables.A("pk")}))
    questionnaire = tables.Column(accessor="version__template__name", verbose_name="Questionnaire")
    state = tables.Column()
    progress = tables.Column(verbose_name="Answered", empty_values=(), orderable=False)
    due_on = tables.Column(verbose_name="Due")
    owner = tables.Column(order_by=("owner__username",))

    class Meta(ListTable.Meta):
        model = QuestionnaireRequest
        fields = ("vendor", "questionnaire", "state", "progress", "due_on", "owner")
        order_by = ("due_on",)

    @cached_property
    def done(self) -> dict[UUID, Progress]:
        """Progress of the rows shown."""
        rows = [row.record for row in (self.paginated_rows if hasattr(self, "page") else self.rows)]
        return {key: whole(parts) for key, parts in progress_of_many(rows).items()}

    def render_progress(self, record: QuestionnaireRequest) -> SafeString:
        """How far it is, as a bar with its number."""
        found = self.done[record.pk]
        label = f"{record.vendor}: {found.percent} per cent answered"
        return format_html('<progress max="100" value="{}" aria-label="{}"></progress> {} of {}', found.percent, label, found.answered, found.asked)

    def value_progress(self, record: QuestionnaireRequest) -> str:
        """As a file wants it."""
        found = self.done[record.pk]
        return f"{found.answered} of {found.asked}"

    def render_due_on(self, record: QuestionnaireRequest) -> str | SafeString:
        """The day, and whether it has passed."""
        day = f"{record.due_on.day} {record.due_on:%B %Y}"
        return format_html('{} <strong class="tag tag-problem">late</strong>', day) if record.late_on(clock.now().date()) else day

    def value_due_on(self, record: QuestionnaireRequest) -> str:
        """ISO 8601."""
        return record.due_on.isoformat()
