"""Which decisions of an organisation wait, which stand, and which the record has overtaken."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from accounts.models import Organisation, User
from decisions.basis import basis_of
from decisions.gate_models import Decision, DecisionState

CHECKED: Final = 20
"""Approved decisions whose basis is read anew: each takes about ten questions to the database."""


@dataclass(frozen=True)
class Standing:
    """Decisions that wait, newest first; approved ones that no longer hold; how many still do, and how many were not looked at."""

    waiting: Sequence[Decision]
    void: Sequence[Decision]
    standing: int
    unchecked: int


def standing_of(actor: User, organisation: Organisation) -> Standing:
    """Of approved decisions only the newest about the same subject and step counts."""
    rows = Decision.objects.visible_to(actor).filter(organisation=organisation).select_related("policy__policy", "version__model__vendor", "system")
    rows = rows.prefetch_related("waivers", "tasks").order_by("-number")
    approved = _newest(rows.filter(state=DecisionState.APPROVED).defer("basis"))
    void = [row for row in approved[:CHECKED] if not holds(row)]
    looked = min(len(approved), CHECKED)
    return Standing(list(rows.filter(state=DecisionState.OPEN).defer("basis")), void, looked - len(void), len(approved) - looked)


def holds(decision: Decision) -> bool:
    """Whether the record still says what was approved."""
    return decision.state == DecisionState.APPROVED and basis_of(decision).digest == decision.digest


def _newest(rows: Iterable[Decision]) -> list[Decision]:
    found: dict[tuple[object, ...], Decision] = {}
    for row in rows:
        found.setdefault((row.version_id, row.system_id, row.policy.policy.step), row)
    return list(found.values())
