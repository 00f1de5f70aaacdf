"""What gates look at, for each decision out of the rows that were read, with whoever had a hand in them."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from assessments.models import Finding
from assessments.pipeline import axes_of
from decisions.conditions import Condition, CoverageFact, DrillFact, Facts, FindingFact
from decisions.conditions import IncidentFact as OpenIncident
from decisions.gate_models import Decision, RollbackDrill
from decisions.gate_pool import Asked, Pool, day_of, pool_of, versions_by
from evidence.mapping import CoverageRow, State
from evidence.models import EvidenceLink
from frameworks.applicability import Bite, Use, applicability
from inventory.models import AISystem, ModelVersion
from questionnaires.standing import AnswerBook


@dataclass(frozen=True)
class Record:
    """The facts, every finding and accepted link behind them, and by person (as the log names people) what he did for them."""

    facts: Facts
    findings: Sequence[Finding]
    links: Sequence[EvidenceLink]
    hands: Sequence[tuple[str, str]]


def records_of(asked: Asked, book: AnswerBook | None = None) -> dict[UUID, Record]:
    """The record behind each decision as it stands now, by the decision's key; the number of queries does not grow with the decisions."""
    pool = pool_of(asked, book)
    return {row.pk: _record(row, conditions, pool) for row, conditions in asked.items()}


def versions_of(decision: Decision) -> list[ModelVersion]:
    """The version itself, or those at work in the system."""
    return versions_by([decision])[decision.pk]


def _record(decision: Decision, conditions: Sequence[Condition], pool: Pool) -> Record:
    asked = [row for row in conditions if row.kind == "coverage"]
    covered = {(row.framework, row.day): _binding(decision, row, pool) for row in asked}
    links = {link.pk: link for rows in covered.values() for found in rows[1] for link in found.current}
    kinds, findings = {row.kind for row in conditions}, pool.findings_on(decision)
    drills = pool.drills_on(decision) if "rollback_drill" in kinds else []
    answers = pool.answers_on(decision, [row.name for row in conditions if row.kind == "questionnaire"])
    judges = pool.answered.hands(answers) if pool.answered else []
    facts = Facts(
        today=pool.today,
        versions={str(row.pk): str(row) for row in pool.versions[decision.pk]},
        findings=[_fact(row) for row in findings],
        coverage={key: _share(rows[0]) for key, rows in covered.items()},
        incidents=[OpenIncident(str(row.pk), row.reference, row.severity) for row in pool.incidents_on(decision)] if "incidents" in kinds else [],
        drills=[DrillFact(str(row.pk), str(row.version_id), row.held_on, row.succeeded, row.entry_id) for row in drills],
        questionnaires=answers,
    )
    return Record(facts, findings, list(links.values()), [*_hands_in(findings), *_reviewers(links.values()), *_drillers(drills), *judges])


def _binding(decision: Decision, row: Condition, pool: Pool) -> tuple[list[CoverageRow], list[CoverageRow]]:
    """The requirements that bind the subject, and all of the framework: who accepted evidence for any of them had a hand in it."""
    day = day_of(row, pool.today)
    every = pool.coverage_on(decision, row.framework, day)
    system = decision.system
    return [found for found in every if system is None or _binds(found, system, day)], every


def _fact(row: Finding) -> FindingFact:
    item, attestation = row.step.item, row.step.attestation
    assert attestation is not None  # the database holds that a step which is done is attested
    return FindingFact(
        key=str(row.pk),
        version=str(row.step.run.plan.version_id),
        instrument=row.step.instrument,
        axes=frozenset(axis.slug for axis in axes_of([item])),
        verdict=row.verdict,
        headline=row.headline,
        readings={item["name"]: item["value"] for item in row.step.readings},  # type: ignore[attr-defined]
        failed_controls=tuple(str(control["name"]) for control in row.controls if control["passed"] is False),
        artifact=row.result_artifact.sha256,
        entry=attestation.entry.index,
    )


def _share(rows: Sequence[CoverageRow]) -> CoverageFact:
    links = tuple(link_evidence(link) for row in rows for link in row.current)
    return CoverageFact(len(rows), sum(row.state == State.COVERED for row in rows), links)


def _binds(row: CoverageRow, system: AISystem, day: datetime.date) -> bool:
    use = Use(system.our_role, system.risk_class, system.jurisdiction, system.placed_on, system.changed_on, system.setting)
    return applicability(row.requirement, use, day).bite == Bite.APPLIES


def link_evidence(link: EvidenceLink) -> dict[str, Any]:
    """How a result points to an accepted link."""
    return {"link": str(link.pk), "requirement": link.requirement.ref, "artifact": link.artifact.sha256, "says": link.artifact.title}


def _hands_in(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for row in findings:
        run, plan = row.step.run, row.step.run.plan
        found[_who(run.requested_by_id), f"started run {run.number}"] = None
        found[_who(plan.author_id), f"wrote the plan of run {run.number}"] = None
        if plan.sealed_entry is not None:
            found[plan.sealed_entry.actor, f"sealed the plan of run {run.number}"] = None
    return list(found)


def _reviewers(links: Iterable[EvidenceLink]) -> list[tuple[str, str]]:
    return [(_who(link.reviewer_id), f"accepted evidence for {link.requirement.ref}") for link in links if link.reviewer_id]


def _drillers(drills: Iterable[RollbackDrill]) -> list[tuple[str, str]]:
    return [(_who(row.recorded_by_id), f"recorded the rollback drill of {row.held_on.isoformat()}") for row in drills]


def _who(key: UUID) -> str:
    """As ``evidence.ledger.actor_text`` names a user, without reading him."""
    return f"accounts.user:{key}"
