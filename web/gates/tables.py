"""The lists of decisions and gate policies as tables."""

from functools import cached_property
from uuid import UUID

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString

from decisions.basis import bases_of, stands
from decisions.gate_models import Decision, DecisionState, GatePolicy
from decisions.gate_vocabulary import OUTCOMES, Outcome
from decisions.ties import ties_attach
from web.lists.columns import ListTable, WhenColumn


class DecisionTable(ListTable):
    """One decision a row. Whether an approved one still stands is reckoned for all rows shown at once."""

    number = tables.Column(verbose_name="Number", accessor="reference", order_by=("number",), linkify=("web:decision-detail", {"decision_id": tables.A("pk")}))
    about = tables.Column(verbose_name="For", orderable=False)
    step = tables.Column(verbose_name="Step", accessor="get_step", order_by=("policy__policy__step",))
    state = tables.Column()
    outcome = tables.Column(verbose_name="Outcome when approved", empty_values=())
    created_at = WhenColumn(verbose_name="Asked for")

    class Meta(ListTable.Meta):
        model = Decision
        fields = ("number", "about", "step", "state", "outcome", "created_at")
        order_by = ("-number",)

    @cached_property
    def lapsed(self) -> frozenset[UUID]:
        """Keys of the approved decisions shown that no longer stand."""
        rows: list[Decision] = [row.record for row in self.paginated_rows if row.record.state == DecisionState.APPROVED]
        ties_attach(rows)
        found = bases_of(rows)
        return frozenset(row.pk for row in rows if not stands(row, found[row.pk]))

    def render_state(self, record: Decision) -> SafeString:
        """Word and mark."""
        mark = "void" if record.pk in self.lapsed else record.state
        return format_html('<span class="state state-{}">{}</span>', mark, self.value_state(record))

    def value_state(self, record: Decision) -> str:
        """The word."""
        return "No longer stands" if record.pk in self.lapsed else record.get_state_display()

    def render_outcome(self, record: Decision) -> str:
        """In words; a dash before there is one."""
        return OUTCOMES[Outcome(record.outcome)] if record.outcome else "–"


class PolicyTable(ListTable):
    """One policy a row."""

    name = tables.Column(linkify=("web:policy-detail", {"policy_id": tables.A("pk")}))
    step = tables.Column()
    version = tables.Column(verbose_name="Version", accessor="current__number", orderable=False)
    conditions = tables.Column(verbose_name="Conditions", accessor="current__conditions", orderable=False)
    quorum = tables.Column(verbose_name="Approvals needed", accessor="current__quorum", orderable=False)

    class Meta(ListTable.Meta):
        model = GatePolicy
        fields = ("name", "step", "version", "conditions", "quorum")
        order_by = ("name",)

    def render_conditions(self, value: list[object]) -> int:
        """How many."""
        return len(value)
