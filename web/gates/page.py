"""Everything the pages of decisions show: conditions with their evidence, whose word counts, and what made it void."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse

from accounts.models import User
from accounts.permissions import allowed
from core import clock
from decisions import eyes
from decisions.basis import Basis, basis_of, differences, stands, waivers_that_count
from decisions.conditions import Result, words
from decisions.gate_models import Approval, Decision, DecisionState, Vote, Waiver
from decisions.gate_vocabulary import OUTCOMES, STANDINGS, Outcome, Standing
from decisions.services.releases import RELEASING, TARGETS
from inventory.models import LIFECYCLE_ALLOWED
from web.gates import queries
from web.gates.filters import DecisionFilter
from web.gates.tables import DecisionTable
from web.history import history
from web.lists.listing import Action, Empty, Listing

CRUMBS = (("Decisions", "/decisions/"),)
TEXT = "Steps that somebody asked for, and what was decided. An approved one no longer stands once the record says something else than what was approved."
STANDS = "Approved, and it still stands: the record says what was approved."
LAPSED = "It no longer stands: what was approved is not what the record says now."
FIRST = "Write a gate policy first: it says what must hold and who must approve. Then ask for a decision under it."


@dataclass(frozen=True)
class Row:
    """One condition as a person reads it."""

    result: Result
    words: str
    waiver: Waiver | None
    expired: tuple[Waiver, ...]
    evidence: tuple[tuple[str, str], ...]

    @property
    def state(self) -> str:
        """The name of its mark."""
        return "waived" if self.waiver else self.result.standing.value

    @property
    def word(self) -> str:
        """What it came to."""
        return "Waived" if self.waiver else STANDINGS[self.result.standing]

    @property
    def failed(self) -> bool:
        """Whether it can be waived."""
        return self.result.standing != Standing.MET and self.waiver is None


@dataclass(frozen=True)
class Word:
    """One approver's word; ``changes`` says why it is void, and is empty while it counts."""

    approval: Approval
    changes: tuple[str, ...]

    @property
    def void(self) -> bool:
        """Whether the record says something else now."""
        return bool(self.changes)


def listing(actor: User) -> tuple[Listing, tuple[Action, ...]]:
    """The list, and what it offers this person."""
    ask = (Action("Ask for a decision", reverse("web:decision-create"), primary=True),) if allowed(actor, "decision.request") else ()
    actions = (Action("Gate policies", reverse("web:policy-list")), *ask)
    empty = Empty("No decision was asked for", FIRST, Action("Gate policies", reverse("web:policy-list")))
    more = {"nav": "decisions", "template": "web/gates/list.html", "noun": ("decision", "decisions"), "counted": True}
    return Listing("decisions", "Decisions", TEXT, DecisionTable, DecisionFilter, empty, **more), actions  # type: ignore[arg-type]


def context(decision: Decision, actor: User) -> dict[str, Any]:
    """The context of ``web/gates/decision.html`` and of the pages on which one approves or rejects."""
    basis = basis_of(decision)
    said = said_of(decision, basis)
    missing = max(0, decision.policy.quorum - sum(not row.void and row.approval.vote == Vote.APPROVE for row in said))
    opened = decision.state == DecisionState.OPEN
    holds = stands(decision, basis)
    return {
        "decision": decision,
        "basis": basis,
        "title": str(decision.about),
        "pretitle": f"{decision.reference} · {decision.get_step}",
        "crumbs": CRUMBS,
        "outcome": OUTCOMES[basis.outcome],
        "answer": answer(decision, basis, missing, holds),
        "stands": holds,
        "lapsed": decision.state == DecisionState.APPROVED and not holds,
        "changes": differences(decision.basis or {}, basis.document) if decision.state == DecisionState.APPROVED and not holds else [],
        "rows": rows_of(decision, basis, actor),
        "said": said,
        "missing": missing,
        "open": opened,
        "actions": actions(decision, basis, actor) if opened else (),
        "barred": eyes.barred(actor, basis) if opened and allowed(actor, "decision.approve", decision) else [],
        "may_end": allowed(actor, "decision.waive", decision),
        "may_waive": opened and allowed(actor, "decision.waive", decision),
        "may_add": opened and allowed(actor, "decision.request", decision),
        "may_finish": allowed(actor, "decision.task", decision),
        "release": release(decision, actor) if holds else "",
        "tasks": decision.tasks.all(),
        "today": clock.now().date(),
        "history": history(actor, [decision.subject]) if allowed(actor, "evidence.read", decision) else [],
        "subject": decision.subject,
        "nav": "decisions",
    }


def answer(decision: Decision, basis: Basis, missing: int, holds: bool) -> str:
    """Where it stands, in one sentence."""
    if decision.state == DecisionState.APPROVED:
        return STANDS if holds else LAPSED
    if decision.state != DecisionState.OPEN:
        return f"{decision.get_state_display()} on {decision.decided_at:%d %B %Y}." if decision.decided_at else decision.get_state_display()
    if basis.outcome == Outcome.NO_GO:
        return "Nobody can approve it yet: a required condition is not met. It has to be met or waived."
    if basis.outcome == Outcome.GO_WITH_CONDITIONS and not basis.document["tasks"]:
        return "Before anybody can approve it, add at least one condition with an owner and a day."
    return f"Waiting for {missing} approval{'' if missing == 1 else 's'}."


def rows_of(decision: Decision, basis: Basis, actor: User) -> list[Row]:
    """The conditions in the order of the policy."""
    counting = {row.condition: row for row in waivers_that_count(decision)}
    waivers = list(decision.waivers.all())
    held = {str(item["artifact"]) for row in basis.results for item in row.evidence if "link" in item}
    artifacts = queries.artifacts_by_digest(actor, held) if held else {}
    found = []
    for row in basis.results:
        key = row.condition.key
        gone = tuple(waiver for waiver in waivers if waiver.condition == key and waiver != counting.get(key))
        links = tuple((str(item["says"]), _address(item, artifacts)) for item in row.evidence)
        found.append(Row(row, words(row.condition), counting.get(key), gone, links))
    return found


def _address(item: Mapping[str, Any], artifacts: Mapping[str, UUID]) -> str:
    if "finding" in item:
        return reverse("web:finding-detail", args=[item["finding"]])
    if "incident" in item:
        return reverse("web:incident-detail", args=[item["incident"]])
    if "link" in item:
        return reverse("web:artifact-detail", args=[artifacts[item["artifact"]]]) if item["artifact"] in artifacts else ""
    if "questionnaire" in item:
        return reverse("web:questionnaire-review", args=[item["questionnaire"]])
    return reverse("web:entry-detail", args=[item["entry"]])


def said_of(decision: Decision, basis: Basis) -> list[Word]:
    """Every approver's word, with what changed since where it is void."""
    now = basis.digest
    return [Word(row, () if row.digest == now else tuple(differences(row.basis, basis.document))) for row in decision.approvals.all()]


def actions(decision: Decision, basis: Basis, actor: User) -> tuple[Action, ...]:
    """What this person may do with an open decision."""
    found = []
    if allowed(actor, "decision.request", decision):
        found.append(Action("Withdraw", reverse("web:decision-withdraw", args=[decision.pk])))
    if allowed(actor, "decision.approve", decision) and not eyes.barred(actor, basis):
        found.append(Action("Reject", reverse("web:decision-reject", args=[decision.pk])))
        if basis.outcome != Outcome.NO_GO:
            found.append(Action("Approve", reverse("web:decision-approve", args=[decision.pk]), primary=True))
    return tuple(found)


def release(decision: Decision, actor: User) -> str:
    """The state into which the version can be released now; empty where it cannot."""
    if decision.version is None or decision.policy.policy.step not in RELEASING or not allowed(actor, "inventory.transition", decision):
        return ""
    target = TARGETS.get(Outcome(decision.outcome)) if decision.outcome else None
    return target.label.lower() if target is not None and target in LIFECYCLE_ALLOWED[decision.version.lifecycle] else ""
