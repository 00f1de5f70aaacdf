"""The basis of a decision: everything an approver approves, as one document with one digest; and what differs between two of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from core import clock
from core.canonical import canonical_digest
from decisions.conditions import Condition, Result, parse, words
from decisions.evaluation import evaluate, outcome_of
from decisions.gate_models import Decision, DecisionState, Waiver
from decisions.gate_record import Record, link_evidence, records_of
from decisions.gate_vocabulary import Outcome
from inventory.models import AISystem, ModelVersion
from questionnaires.standing import AnswerBook

SCHEMA = "urn:assay:decision-basis:v1"
PARTS = {
    "subject": "what it is asked for",
    "purpose": "the purpose",
    "policy": "the policy",
    "conditions": "what a condition came to",
    "findings": "the findings on record",
    "links": "the accepted evidence",
    "waivers": "the waivers",
    "tasks": "the conditions to be fulfilled",
    "outcome": "the outcome",
}
"""Parts of a basis in words."""


@dataclass(frozen=True)
class Basis:
    """A basis as it stands now. ``waived`` names conditions under a waiver that counts; ``hands`` says who did what for it."""

    decision: Decision
    results: Sequence[Result]
    waived: frozenset[str]
    outcome: Outcome
    document: Mapping[str, Any]
    record: Record

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 of the document."""
        return canonical_digest(self.document)


def basis_of(decision: Decision) -> Basis:
    """Everything read and evaluated anew."""
    return bases_of([decision])[decision.pk]


def bases_of(decisions: Sequence[Decision], book: AnswerBook | None = None) -> dict[UUID, Basis]:
    """The basis of each decision by its key, in a number of queries that does not grow with the decisions where waivers and tasks are prefetched.

    ``book``: answers of vendors that somebody read already.
    """
    asked = {row: parse(row.policy.conditions) for row in decisions}
    records = records_of(asked, book) if asked else {}
    return {row.pk: _basis(row, conditions, records[row.pk]) for row, conditions in asked.items()}


def stands(decision: Decision, basis: Basis) -> bool:
    """Whether an approved decision still says what the record says."""
    return decision.state == DecisionState.APPROVED and basis.digest == decision.digest


def _basis(decision: Decision, conditions: Sequence[Condition], record: Record) -> Basis:
    results, waivers = evaluate(conditions, record.facts), waivers_that_count(decision)
    waived = frozenset(row.condition for row in waivers)
    outcome = outcome_of(results, waived)
    document = {
        "schema": SCHEMA,
        "decision": {"id": str(decision.pk), "number": decision.number, "requested_by": _person(decision.requested_by_id)},
        "subject": _subject(decision.about),
        "purpose": decision.purpose,
        "policy": {"id": str(decision.policy_id), "name": decision.policy.policy.name, "digest": decision.policy.digest, **decision.policy.document},
        "conditions": [_result(row, row.condition.key in waived) for row in results],
        "findings": [row.evidence for row in record.facts.findings],
        "links": [link_evidence(row) for row in sorted(record.links, key=lambda row: str(row.pk))],
        "waivers": [_waiver(row) for row in waivers],
        "tasks": [{"text": row.text, "owner": _person(row.owner_id), "due_on": row.due_on.isoformat()} for row in decision.tasks.all()],
        "outcome": outcome.value,
    }
    return Basis(decision, results, waived, outcome, document, record)


def waivers_that_count(decision: Decision) -> list[Waiver]:
    """Waivers that were not withdrawn and have not expired."""
    today = clock.now().date()
    return [row for row in decision.waivers.all() if row.withdrawn_at is None and row.expires_on >= today]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What changed from one basis to another, in sentences; empty when nothing did."""
    found = [sentence for name in ("findings", "links", "waivers", "tasks") for sentence in _lists(name, before.get(name, []), after.get(name, []))]
    found += _conditions(before.get("conditions", []), after.get("conditions", []))
    named = {"findings", "links", "waivers", "tasks", "conditions"}
    other = [name for name in PARTS if name not in named and before.get(name) != after.get(name)]
    found += [f"{PARTS[name].capitalize()} changed{_values(before.get(name), after.get(name))}." for name in other]
    return found or (["The record changed."] if before != after else [])


def _values(before: Any, after: Any) -> str:
    return f" from {_plain(before)} to {_plain(after)}" if isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) < 40 else ""


def _lists(name: str, before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> list[str]:
    old, new = list(before), list(after)
    gone, fresh = [row for row in old if row not in new], [row for row in new if row not in old]
    said = [f"New in {PARTS[name]}: {_name(row)}." for row in fresh]
    return said + [f"No longer in {PARTS[name]}: {_name(row)}." for row in gone]


def _conditions(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[str]:
    old = {row["key"]: row for row in before}
    pairs = [(old[row["key"]], row) for row in after if row["key"] in old]
    moved = [f"“{row['words']}” was {_plain(was['standing'])} and is {_plain(row['standing'])}." for was, row in pairs if was["standing"] != row["standing"]]
    same = [(was, row) for was, row in pairs if was["standing"] == row["standing"] and was != row]
    return moved + [f"“{row['words']}” rests on something else now: {row['reason']}" for _, row in same]


def _name(row: Mapping[str, Any]) -> str:
    said = row.get("says") or row.get("text") or row.get("reason") or row.get("requirement")
    return f"“{str(said).rstrip('.')}”"


def _plain(value: Any) -> str:
    return str(value).replace("_", " ")


def _person(key: Any) -> str:
    return f"accounts.user:{key}"


def _subject(row: ModelVersion | AISystem) -> dict[str, Any]:
    if isinstance(row, ModelVersion):
        return {"kind": "model version", "id": str(row.pk), "name": str(row), "weights": row.weights_digest, "tokenizer": row.tokenizer_digest}
    uses = ("our_role", "risk_class", "jurisdiction", "purpose")
    return {"kind": "AI system", "id": str(row.pk), "name": row.name, **{name: getattr(row, name) for name in uses}}


def _result(row: Result, waived: bool) -> dict[str, Any]:
    said = {"words": words(row.condition), "standing": row.standing.value, "reason": row.reason, "waived": waived}
    return {"key": row.condition.key, "required": row.condition.required, **said, "evidence": [dict(item) for item in row.evidence]}


def _waiver(row: Waiver) -> dict[str, Any]:
    until = {"expires_on": row.expires_on.isoformat(), "reason": row.reason}
    return {"condition": row.condition, "owner": _person(row.owner_id), "written_by": _person(row.written_by_id), **until}


def condition_of(decision: Decision, key: str) -> Condition | None:
    """The condition of a decision's policy with that key."""
    return next((row for row in parse(decision.policy.conditions) if row.key == key), None)
