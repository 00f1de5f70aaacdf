"""A register with systems, versions and evidence linked to every requirement, by bulk inserts. Imported after django.setup()."""

import itertools
import secrets
from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction

from accounts.models import Membership, Organisation, Role, User
from benchmarks import seed
from core import clock
from evidence import ledger
from evidence.models import Artifact, Attestation, EvidenceLink
from frameworks.models import Requirement
from frameworks.services import shipped_load
from inventory.models import AISystem, Deployment, ModelVersion, OurRole, RiskClass

ROLES = (OurRole.PROVIDER, OurRole.DEPLOYER, OurRole.GPAI_PROVIDER, OurRole.LARGE_FRONTIER_DEVELOPER)
CLASSES = (RiskClass.HIGH_ANNEX_III, RiskClass.HIGH_ANNEX_I, RiskClass.TRANSPARENCY)
BATCH = 2000


def register(organisation: Organisation, systems: int, links: int) -> User:
    """``systems`` of mixed roles and classes, a version at work in each, and ``links`` spread evenly over them; an auditor who may read it all."""
    person = User.objects.get(username="measurer")
    shipped_load(actor=person, record=ledger.append)
    seed.vendors(organisation, systems)
    seed.register(organisation, systems)
    rows = list(AISystem.objects.order_by("name"))
    for place, row in enumerate(rows):
        row.our_role, row.risk_class = ROLES[place % len(ROLES)], CLASSES[place % len(CLASSES)]
    AISystem.objects.bulk_update(rows, ["our_role", "risk_class"])
    # By name, as the systems: keys are random, and which system a version serves decides what its evidence counts for.
    versions = list(ModelVersion.objects.order_by("model__name"))
    Deployment.objects.bulk_create(Deployment(system=row, version=version, environment="production") for row, version in zip(rows, versions, strict=True))
    evidence(organisation, person, versions, links)
    auditor = User.objects.create(username="auditor", password="!")
    Membership.objects.create(user=auditor, organisation=organisation, role=Role.AUDITOR)
    seed.analyse()
    return auditor


def evidence(organisation: Organisation, person: User, versions: list[ModelVersion], links: int) -> None:
    """Files about the versions, each linked to every requirement until there are enough links; two of three links accepted."""
    with transaction.atomic():
        statement = ledger.append(actor=person, action="bench.filled", subject="bench.file:1", payload={}, organisation_id=organisation.pk).attestation
    asked = list(Requirement.objects.filter(version__in=Requirement.objects.known_at(clock.now().date()).values("version")))
    wanted = list(itertools.islice(_pairs(versions, asked), links))
    files = {key: _file(statement, *key) for key in dict.fromkeys((version.subject, number) for version, _, number in wanted)}
    Artifact.objects.bulk_create(files.values(), batch_size=BATCH)
    made = (_link(person, files[version.subject, number], row, place) for place, (version, row, number) in enumerate(wanted))
    for batch in _batches(made):
        EvidenceLink.objects.bulk_create(batch)


def _pairs(versions: list[ModelVersion], asked: list[Requirement]) -> Iterator[tuple[ModelVersion, Requirement, int]]:
    for number in itertools.count():
        for row in asked:
            for version in versions:
                yield version, row, number


def _file(statement: Attestation, subject: str, number: int) -> Artifact:
    facts = {"media_type": "application/pdf", "kind": "document", "title": "Risk file", "size": 1}
    return Artifact(sha256=secrets.token_hex(32), name=f"{subject}-{number}", subject=subject, attestation=statement, **facts)


def _link(person: User, file: Artifact, row: Requirement, place: int) -> EvidenceLink:
    decided = place % 3 < 2
    facts = {"status": "accepted", "reviewer": person, "reviewed_at": clock.now() - timedelta(days=place % 900)} if decided else {}
    kind = row.evidence_kinds[place % len(row.evidence_kinds)]
    return EvidenceLink(artifact=file, requirement=row, evidence_kind=kind, rationale="It is asked for.", tier="observed", **facts)


def _batches(rows: Iterator[EvidenceLink]) -> Iterator[list[EvidenceLink]]:
    while batch := list(itertools.islice(rows, BATCH)):
        yield batch
