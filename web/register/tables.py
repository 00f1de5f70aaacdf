"""The register of AI systems as a table."""

from functools import cached_property
from typing import Any
from uuid import UUID

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core import clock
from decisions.gate_vocabulary import OUTCOMES, Outcome
from inventory.models import AISystem
from web.fetch import actor_of
from web.lists.columns import ListTable, WhenColumn
from web.register.queries import Open, open_gaps

UNKNOWN = "not said"
NUMBER = {"th": {"class": "num"}, "td": {"class": "num"}}


class RegisterTable(ListTable):
    """One system a row. Gaps take the coverage of the rows that are shown, so nothing can be sorted by them."""

    name = tables.Column(linkify=("web:system-detail", {"system_id": tables.A("pk")}))
    owner = tables.Column(verbose_name="Answers for it", empty_values=())
    our_role = tables.Column(verbose_name="Our role")
    risk_class = tables.Column(verbose_name="Class")
    versions = tables.Column(verbose_name="Versions at work", accessor="pk", orderable=False)
    assessed_at = WhenColumn(verbose_name="Last assessment", empty_values=())
    gaps = tables.Column(verbose_name="Open gaps", accessor="pk", orderable=False, attrs=NUMBER)
    decision_number = tables.Column(verbose_name="Newest approval", empty_values=())
    expires_on = tables.Column(verbose_name="Waived until", empty_values=())

    class Meta(ListTable.Meta):
        model = AISystem
        fields = ("name", "owner", "our_role", "risk_class", "versions", "assessed_at", "gaps", "decision_number", "expires_on")
        order_by = ("name",)

    @cached_property
    def counted(self) -> dict[UUID, Open]:
        """The gaps of every row of this page, or of the whole list in a file."""
        return open_gaps(actor_of(self.request), [row.record for row in self.paginated_rows])

    def render_owner(self, value: str) -> str:
        """As the register has it."""
        return value or UNKNOWN

    def render_versions(self, record: AISystem) -> SafeString:
        """Each version that is at work, leading to it."""
        links = [(reverse("web:version-detail", args=[row.version_id]), str(row.version)) for row in at_work(record)]
        return format_html_join(format_html("{}", ", "), '<a href="{}">{}</a>', links) or format_html('<span class="text-secondary">{}</span>', "none")

    def value_versions(self, record: AISystem) -> str:
        """The same in plain words."""
        return ", ".join(str(row.version) for row in at_work(record)) or "none"

    def render_assessed_at(self, record: Any) -> SafeString | str:
        """When the newest finished run of a version at work ended, leading to it."""
        if record.assessed_at is None:
            return format_html('<span class="text-secondary">{}</span>', "never")
        day, sub = f"{record.assessed_at:%d %B %Y}".lstrip("0"), f"run {record.run_number}"
        return format_html('<a href="{}">{}</a><span class="sub">{}</span>', reverse("web:run-detail", args=[record.run_id]), day, sub)

    def value_assessed_at(self, record: Any) -> str:
        """ISO 8601; ``never`` without one."""
        return record.assessed_at.isoformat() if record.assessed_at else "never"

    def render_gaps(self, record: AISystem) -> SafeString:
        """How many, of how many duties, leading to them."""
        found = self.counted[record.pk]
        address = f"{reverse('web:gap-list')}?system={record.pk}"
        return format_html('<a href="{}">{}</a><span class="sub">of {} duties</span>', address, found.gaps, found.applying)

    def value_gaps(self, record: AISystem) -> int:
        """How many."""
        return self.counted[record.pk].gaps

    def render_decision_number(self, record: Any) -> SafeString:
        """The newest approved decision about the system or a version at work, with its outcome then."""
        if record.decision_number is None:
            return format_html('<span class="text-secondary">{}</span>', "none")
        address = reverse("web:decision-detail", args=[record.decision_id])
        return format_html('<a href="{}">{}</a><span class="sub">{}</span>', address, *decided(record))

    def value_decision_number(self, record: Any) -> str:
        """Number and outcome."""
        return "none" if record.decision_number is None else ", ".join(decided(record))

    def render_expires_on(self, record: Any) -> SafeString:
        """The first day on which a waiver of that decision runs out; marked when it has."""
        if record.expires_on is None:
            return format_html('<span class="text-secondary">{}</span>', no_end(record))
        late = format_html(' <span class="tag tag-problem">{}</span>', "expired") if expired(record) else ""
        return format_html("{}{}", f"{record.expires_on:%d %B %Y}".lstrip("0"), late)

    def value_expires_on(self, record: Any) -> str:
        """ISO date, and whether it has passed."""
        return no_end(record) if record.expires_on is None else f"{record.expires_on.isoformat()}{' expired' if expired(record) else ''}"


def at_work(record: AISystem) -> list[Any]:
    """The active deployments, one for each version."""
    return list({row.version_id: row for row in record.deployments.all() if row.active}.values())


def decided(record: Any) -> tuple[str, str]:
    """Number and outcome of the decision in words."""
    return f"D-{record.decision_number:06d}", OUTCOMES[Outcome(record.decision_outcome)]


def expired(record: Any) -> bool:
    """Whether the waiver has run out, which takes the ground from under the approval."""
    return bool(record.expires_on < clock.now().date())


def no_end(record: Any) -> str:
    """Why no day is given."""
    return "no waiver" if record.decision_number else "no decision"
