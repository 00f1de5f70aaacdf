"""Reads the tables behind gates for several decisions at once: the number of queries does not grow with the decisions, only with the days they ask about."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from assessments.models import Finding, Step
from core import clock
from decisions.conditions import Condition
from decisions.gate_models import Decision, RollbackDrill
from decisions.models import Incident, IncidentFact
from evidence.mapping import CoverageRow, answer
from evidence.models import EvidenceLink
from frameworks.models import Requirement
from inventory.models import Deployment, ModelVersion

R = TypeVar("R")
ENDED = "resolved"
"""The fact whose entry ends an incident for a gate."""
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

    def coverage_on(self, decision: Decision, framework: str, day: datetime.date) -> list[CoverageRow]:
        """How the evidence on a decision's versions answers one framework's requirements in force on ``day``."""
        subjects = {subject for version in self.versions[decision.pk] for subject in self.subjects.get(version.pk, ())}
        links: dict[str, list[EvidenceLink]] = {}
        for link in self.links:
            if link.artifact.subject in subjects and link.created_at.date() <= day and link.requirement.version.framework.slug == framework:
                links.setdefault(link.requirement.ref, []).append(link)
        rows = [row for row in self.requirements[day] if row.version.framework.slug == framework]
        return [answer(row, links.get(row.ref, ()), day) for row in rows]


def pool_of(asked: Asked) -> Pool:
    """Everything that gates look at for these decisions."""
    today, versions = clock.now().date(), versions_by(list(asked))
    every = {row.pk: row for rows in versions.values() for row in rows}
    kinds = {row.kind for conditions in asked.values() for row in conditions}
    coverage = [row for conditions in asked.values() for row in conditions if row.kind == "coverage"]
    subjects = _subjects(every) if coverage else {}
    return Pool(
        today=today,
        versions=versions,
        findings=_grouped((row.step.run.plan.version_id, row) for row in _findings(every)),
        subjects=subjects,
        drills=_grouped((row.version_id, row) for row in RollbackDrill.objects.filter(version__in=every)) if "rollback_drill" in kinds else {},
        incidents=_open_incidents(asked, every) if "incidents" in kinds else [],
        links=_links([subject for rows in subjects.values() for subject in rows]) if coverage else [],
        requirements=_requirements({day_of(row, today) for row in coverage}, {row.framework for row in coverage}),
    )


def versions_by(decisions: Sequence[Decision]) -> dict[UUID, list[ModelVersion]]:
    """For each decision the version itself, or those at work in the system."""
    systems = {row.system_id for row in decisions if row.system_id}
    at_work = Deployment.objects.filter(system__in=systems, active=True).order_by().values_list("system_id", "version_id") if systems else ()
    named: dict[UUID | None, set[UUID]] = {}
    for system, version in at_work:
        named.setdefault(system, set()).add(version)
    keys = {key for found in named.values() for key in found}
    rows = list(ModelVersion.objects.select_related("model__vendor").defer("weights_manifest").filter(pk__in=keys)) if keys else []
    of_system = {key: [row for row in rows if row.pk in found] for key, found in named.items()}
    return {row.pk: [row.version] if row.version else of_system.get(row.system_id, []) for row in decisions}


def day_of(row: Condition, today: datetime.date) -> datetime.date:
    """The day a condition on coverage is about."""
    return datetime.date.fromisoformat(row.day) if row.day else today


def _findings(versions: Iterable[UUID]) -> Sequence[Finding]:
    rows = Finding.objects.filter(step__run__plan__version__in=list(versions))
    related = ("step__attestation__entry", "step__run__requested_by", "step__run__plan__sealed_entry", "step__run__plan__author", "result_artifact")
    return list(rows.select_related(*related).prefetch_related("measurements"))


def _subjects(versions: Mapping[UUID, ModelVersion]) -> dict[UUID, list[str]]:
    found = {key: [row.subject] for key, row in versions.items()}
    for step in Step.objects.filter(run__plan__version__in=list(versions)).select_related("run__plan").only("id", "run__plan__version"):
        found[step.run.plan.version_id].append(step.subject)
    return found


def _links(subjects: Sequence[str]) -> list[EvidenceLink]:
    rows = EvidenceLink.objects.filter(artifact__subject__in=subjects)
    return list(rows.select_related("artifact", "reviewer", "requirement__version__framework").order_by("created_at"))


def _requirements(days: set[datetime.date], frameworks: set[str]) -> dict[datetime.date, list[Requirement]]:
    rows = Requirement.objects.filter(version__framework__slug__in=frameworks).select_related("version__framework")
    return {day: list(rows.known_at(day).as_of(day)) for day in days}


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
