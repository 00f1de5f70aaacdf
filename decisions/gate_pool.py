"""Reads the tables behind gates for several decisions at once: the number of queries does not grow with the decisions, only with the days they ask about."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from assessments.models import Finding, Measurement, Step
from core import clock
from core.json_rows import JsonRows, rows_of
from decisions.conditions import Condition, QuestionnaireFact
from decisions.gate_models import Decision, RollbackDrill
from decisions.models import Incident, IncidentFact
from decisions.questionnaire_facts import Answered
from evidence.mapping import CoverageRow, answer
from evidence.models import EvidenceLink
from frameworks.models import Requirement
from inventory.models import Deployment, ModelVersion
from questionnaires.standing import AnswerBook

R = TypeVar("R")
ENDED = "resolved"
"""The fact whose entry ends an incident for a gate."""
DRILL = ("pk", "held_on", "succeeded", "entry_id", "recorded_by_id")
"""What a gate wants to know of a drill."""
LOOKED_AT = (
    "position", "instrument", "attestation__entry__attestation", "run__number", "run__requested_by", "run__plan__version", "run__plan__author",
    "run__plan__document", "run__plan__sealed_entry__actor", "finding__verdict", "finding__headline", "finding__controls", "finding__does_not_show",
    "finding__not_examined", "finding__result_artifact__sha256",
)  # fmt: skip
"""Columns of a step that gates, clearances and safety cases look at; steps with their findings are wide."""
Asked = Mapping[Decision, Sequence[Condition]]
"""Decisions with the conditions of their policies."""


@dataclass(frozen=True)
class Pool:
    """What was read, by what it belongs to: versions by decision; findings, subjects of evidence and drills by version; requirements by day."""

    today: datetime.date
    versions: Mapping[UUID, Sequence[ModelVersion]]
    findings: Mapping[UUID, Sequence[Finding]]
    subjects: Mapping[UUID, Sequence[str]]
    drills: Mapping[UUID, Sequence[RollbackDrill]]
    incidents: Sequence[tuple[Incident, set[UUID | None]]]
    links: Sequence[EvidenceLink]
    requirements: Mapping[datetime.date, Sequence[Requirement]]
    answered: Answered | None = None

    def findings_on(self, decision: Decision) -> list[Finding]:
        """Every finding on the versions a decision is about, newest first."""
        rows = [row for version in self.versions[decision.pk] for row in self.findings.get(version.pk, ())]
        return sorted(rows, key=lambda row: row.step.attestation.entry.index if row.step.attestation else 0, reverse=True)

    def drills_on(self, decision: Decision) -> list[RollbackDrill]:
        """The drills of the versions a decision is about."""
        return [row for version in self.versions[decision.pk] for row in self.drills.get(version.pk, ())]

    def incidents_on(self, decision: Decision) -> list[Incident]:
        """Open incidents of the decision's organisation that name a version it is about, or its system."""
        mine = {row.pk for row in self.versions[decision.pk]} | ({decision.system_id} if decision.system_id else set())
        return [row for row, touched in self.incidents if row.organisation_id == decision.organisation_id and mine & touched]

    def answers_on(self, decision: Decision, names: Iterable[str]) -> list[QuestionnaireFact]:
        """What the vendors' answers to the named questionnaires say about each version a decision is about."""
        if self.answered is None:
            return []
        return [row for version in self.versions[decision.pk] for row in self.answered.facts(version, decision.system_id, names)]

    def coverage_on(self, decision: Decision, framework: str, day: datetime.date) -> list[CoverageRow]:
        """How the evidence on a decision's versions answers one framework's requirements in force on ``day``."""
        subjects = {subject for version in self.versions[decision.pk] for subject in self.subjects.get(version.pk, ())}
        links: dict[str, list[EvidenceLink]] = {}
        for link in self.links:
            if link.artifact.subject in subjects and link.created_at.date() <= day and link.requirement.version.framework.slug == framework:
                links.setdefault(link.requirement.ref, []).append(link)
        rows = [row for row in self.requirements[day] if row.version.framework.slug == framework]
        return [answer(row, links.get(row.ref, ()), day) for row in rows]


def pool_of(asked: Asked, book: AnswerBook | None = None) -> Pool:
    """Everything that gates look at for these decisions; ``book``: answers of vendors that were read before."""
    kinds = {row.kind for conditions in asked.values() for row in conditions}
    today, versions = clock.now().date(), versions_by(list(asked), drilled="rollback_drill" in kinds)
    every = {row.pk: row for rows in versions.values() for row in rows}
    coverage = [row for conditions in asked.values() for row in conditions if row.kind == "coverage"]
    steps = _steps(every, {row.metric for conditions in asked.values() for row in conditions if row.metric})
    subjects = _subjects(every, steps) if coverage else {}
    names = {row.name for conditions in asked.values() for row in conditions if row.kind == "questionnaire"}
    return Pool(
        today=today,
        versions=versions,
        findings=_grouped((step.run.plan.version_id, step.finding) for step in steps if hasattr(step, "finding")),
        subjects=subjects,
        drills=_drills(every.values()) if "rollback_drill" in kinds else {},
        incidents=_open_incidents(asked, every) if "incidents" in kinds else [],
        links=_links([subject for rows in subjects.values() for subject in rows]) if coverage else [],
        requirements=_requirements({day_of(row, today) for row in coverage}, {row.framework for row in coverage}),
        answered=Answered(every.values(), names, today, book) if names else None,
    )


def versions_by(decisions: Sequence[Decision], drilled: bool = False) -> dict[UUID, list[ModelVersion]]:
    """For each decision the version itself, or those at work in the system; one query, with the drills of each (``drill_rows``) where they are asked for."""
    systems = {row.system_id for row in decisions if row.system_id}
    if not systems and not drilled:
        return {row.pk: [row.version] for row in decisions if row.version}
    places = Deployment.objects.filter(system__in=systems, active=True)
    wanted = Q(pk__in={row.version_id for row in decisions if row.version_id}) | Q(pk__in=places.values("version"))
    along: dict[str, Any] = {"at_work": JsonRows(places.filter(version=OuterRef("pk")), "system_id")}
    if drilled:
        along["drill_rows"] = JsonRows(RollbackDrill.objects.filter(version=OuterRef("pk")), *DRILL)
    rows = ModelVersion.objects.filter(wanted).select_related("model__vendor").defer("weights_manifest").order_by("model__name", "-created_at")
    found = {row.pk: row for row in rows.annotate(**along)}
    of_system: dict[UUID, list[ModelVersion]] = {}
    for row in found.values():
        for key in {UUID(place["system_id"]) for place in row.at_work}:  # type: ignore[attr-defined]
            of_system.setdefault(key, []).append(row)
    return {row.pk: [found[row.version_id]] if row.version_id else of_system.get(row.system_id or row.pk, []) for row in decisions}


def _drills(versions: Iterable[ModelVersion]) -> dict[UUID, list[RollbackDrill]]:
    """By version, out of what was read along with them."""
    return {row.pk: rows_of(RollbackDrill, row.drill_rows, version=row) for row in versions}  # type: ignore[attr-defined]


def day_of(row: Condition, today: datetime.date) -> datetime.date:
    """The day a condition on coverage is about."""
    return datetime.date.fromisoformat(row.day) if row.day else today


def _steps(versions: Iterable[UUID], metrics: set[str]) -> Sequence[Step]:
    """Every step about the versions with its finding, where it has one, and its ``readings`` under the names that conditions ask for."""
    related = ("attestation__entry", "run__plan__sealed_entry", "finding__result_artifact")
    asked = Measurement.objects.filter(finding__step=OuterRef("pk"), name__in=metrics)
    rows = Step.objects.filter(run__plan__version__in=list(versions)).select_related(*related).only(*LOOKED_AT)
    return list(rows.annotate(readings=JsonRows(asked, "name", "value")))


def _subjects(versions: Mapping[UUID, ModelVersion], steps: Iterable[Step]) -> dict[UUID, list[str]]:
    found = {key: [row.subject] for key, row in versions.items()}
    for step in steps:
        found[step.run.plan.version_id].append(step.subject)
    return found


def _links(subjects: Sequence[str]) -> list[EvidenceLink]:
    rows = EvidenceLink.objects.filter(artifact__subject__in=subjects)
    return list(rows.select_related("artifact", "reviewer", "requirement__version__framework").order_by("created_at"))


def _requirements(days: set[datetime.date], frameworks: set[str]) -> dict[datetime.date, list[Requirement]]:
    """The rows in force on each day as they were known on it; one query for all days."""
    rows = Requirement.objects.filter(version__framework__slug__in=frameworks).select_related("version__framework")
    places = {day: f"in_force_{place}" for place, day in enumerate(sorted(days))}
    if not places:
        return {}
    held = {name: Exists(Requirement.objects.known_at(day).as_of(day).filter(pk=OuterRef("pk"))) for day, name in places.items()}
    found = list(rows.annotate(**held).filter(reduce(or_, (Q(**{name: True}) for name in places.values()))))
    return {day: [row for row in found if getattr(row, name)] for day, name in places.items()}


def _open_incidents(asked: Asked, versions: Iterable[UUID]) -> list[tuple[Incident, set[UUID | None]]]:
    """Each with the keys of all versions and systems it names; one query, with a row for each pair of them."""
    ended = IncidentFact.objects.filter(incident=OuterRef("pk"), name=ENDED, at__isnull=False, replaced_by__isnull=True)
    touched = Q(versions__in=list(versions)) | Q(systems__in={row.system_id for row in asked if row.system_id})
    rows = Incident.objects.filter(touched, organisation__in={row.organisation_id for row in asked}).exclude(Exists(ended))
    found: dict[UUID, tuple[Incident, set[UUID | None]]] = {}
    for key, number, severity, house, version, system in rows.order_by("number").values_list("pk", "number", "severity", "organisation", "versions", "systems"):
        incident = Incident(pk=key, number=number, severity=severity, organisation_id=house)
        found.setdefault(key, (incident, set()))[1].update({version, system})
    return list(found.values())


def _grouped(pairs: Iterable[tuple[UUID, R]]) -> dict[UUID, list[R]]:
    found: dict[UUID, list[R]] = {}
    for key, row in pairs:
        found.setdefault(key, []).append(row)
    return found
