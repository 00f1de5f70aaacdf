"""The safety case of a decision: claim, arguments, evidence, which requirement each piece speaks to, and what all of it does not show."""

from collections.abc import Sequence
from typing import Any

from assessments.models import Finding, Step
from core import clock
from decisions.basis import Basis, basis_of, stands
from decisions.conditions import Result, words
from decisions.gate_models import Approval, Decision, DecisionState, Vote, Waiver
from decisions.gate_record import versions_of
from decisions.gate_vocabulary import OUTCOMES, STANDINGS, Outcome, Standing
from inventory.models import ModelVersion
from reports.requirements import requirements_read

CLAIMS = {
    "onboard_vendor": "can be onboarded",
    "approve_version": "can be approved",
    "deploy": "can be deployed",
    "change_use": "can be put to the changed use",
    "continue_after_incident": "can continue after the incident",
}
"""What a case claims about its subject, by the step of the lifecycle."""

LEAVES = {"finding": "Finding", "link": "Accepted evidence", "incident": "Incident", "drill": "Rollback drill", "questionnaire": "Answers of a vendor"}
"""What evidence of a condition is called, by the key it comes with."""


def case_read(decision: Decision) -> dict[str, Any]:
    """All that a case says, as it stands now; the same rows give the same document. It names people by the key under which the log knows them."""
    basis = basis_of(decision)
    versions, cited = versions_of(decision), cited_in(basis)
    holds = stands(decision, basis)
    return {
        "organisation": decision.organisation.name,
        "subject": dict(basis.document["subject"]),
        "claim": f"{decision.about} {CLAIMS[decision.policy.policy.step]}.",
        "purpose": decision.purpose,
        "decision": {**_decision(decision, basis), "stands": holds},
        "arguments": [argument(row, basis, cited) for row in basis.results],
        "concordance": [concordance(version) for version in versions],
        "limits": [limit(row) for row in cited.values()],
        "approvals": [approval(row, basis) for row in decision.approvals.all()],
        "waivers": [waiver(row) for row in decision.waivers.all()],
        "tasks": [
            {"text": row.text, "owner": person(row.owner_id), "due_on": row.due_on.isoformat(), "done": row.done_at is not None, "note": row.note}
            for row in decision.tasks.all()
        ],
    }


def cited_in(basis: Basis) -> dict[str, Finding]:
    """The findings that a condition rests on, by key, in the order in which they are cited."""
    by_key = {str(row.pk): row for row in basis.record.findings}
    keys = dict.fromkeys(str(item["finding"]) for row in basis.results for item in row.evidence if "finding" in item)
    return {key: by_key[key] for key in keys}


def argument(row: Result, basis: Basis, cited: dict[str, Finding]) -> dict[str, Any]:
    """One condition as an argument: what is asked, what it came to, and the evidence below it."""
    waived = row.condition.key in basis.waived and row.standing != Standing.MET
    return {
        "key": row.condition.key,
        "words": words(row.condition),
        "required": row.condition.required,
        "standing": "waived" if waived else row.standing.value,
        "word": "Waived" if waived else STANDINGS[row.standing],
        "reason": row.reason,
        "evidence": [_leaf(dict(item), cited) for item in row.evidence],
    }


def _leaf(item: dict[str, Any], cited: dict[str, Finding]) -> dict[str, Any]:
    kind = next(name for name in LEAVES if name in item)
    finding = cited.get(str(item.get("finding", "")))
    return {
        "kind": LEAVES[kind],
        "key": item[kind],
        "says": item["says"],
        "requirement": item.get("requirement", ""),
        "verdict": item.get("verdict", ""),
        "artifact": item.get("artifact") or item.get("submission", ""),
        "entry": item.get("entry"),
        "limit": finding.does_not_show if finding else "",
    }


def concordance(version: ModelVersion) -> dict[str, Any]:
    """Which requirement which evidence on a version speaks to, and how far each framework is covered."""
    steps: Sequence[Step] = list(Step.objects.filter(run__plan__version=version, attestation__isnull=False).order_by("run__number", "position"))
    return {"version": str(version), **requirements_read(version, steps, clock.now().date())}


def limit(row: Finding) -> dict[str, Any]:
    """What a finding does not show and what was not looked at."""
    return {"headline": row.headline, "does_not_show": row.does_not_show, "not_examined": row.not_examined}


def approval(row: Approval, basis: Basis) -> dict[str, Any]:
    """One person's word, by the roles he gave it in, and whether it still counts."""
    roles = [str(role) for role in row.entry.payload["roles"]]
    return {
        "vote": Vote(row.vote).label,
        "person": person(row.approver_id),
        "roles": roles,
        "at": clock.iso(row.entry.at),
        "entry": row.entry_id,
        "digest": row.digest,
        "counts": row.digest == basis.digest,
    }


def waiver(row: Waiver) -> dict[str, Any]:
    """Leave that was given, and whether it still counts."""
    counts = row.withdrawn_at is None and row.expires_on >= clock.now().date()
    return {"condition": row.condition, "owner": person(row.owner_id), "reason": row.reason, "expires_on": row.expires_on.isoformat(), "counts": counts}


def person(key: Any) -> str:
    """A person without his name: the first part of the key in the log."""
    return f"person {str(key)[:8]}"


def _state(decision: Decision, basis: Basis) -> str:
    """Nobody is waited for while the outcome is a no go."""
    if decision.state == DecisionState.OPEN and basis.outcome == Outcome.NO_GO:
        return "Nobody can approve it yet: a required condition is not met"
    return str(decision.get_state_display())


def _decision(decision: Decision, basis: Basis) -> dict[str, Any]:
    return {
        "id": str(decision.pk),
        "reference": decision.reference,
        "step": decision.get_step,
        "state": _state(decision, basis),
        "outcome": basis.outcome.value,
        "outcome_word": OUTCOMES[basis.outcome],
        "policy": str(decision.policy),
        "policy_digest": decision.policy.digest,
        "quorum": decision.policy.quorum,
        "digest": basis.digest,
        "requested_by": person(decision.requested_by_id),
        "requested_at": clock.iso(decision.created_at),
        "decided_at": clock.iso(decision.decided_at) if decision.decided_at else None,
        "entry": decision.attestation.entry.index if decision.attestation else None,
    }
