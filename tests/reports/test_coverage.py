"""The coverage matrix: states by subject, by day, by what was known, and what it costs."""

import datetime
from typing import Any
from uuid import UUID

import pytest

from accounts.models import Role, User
from assessments.models import Run
from evidence.models import EvidenceLink
from evidence.services import link_review
from frameworks.applicability import Use
from inventory.services import deployment_register
from reports.coverage import Cell, Matrix, Subject, matrix_read, today
from tests import factories

pytestmark = pytest.mark.django_db
LATER = datetime.date(2027, 12, 2)
PROVIDER = Use("provider", "high_annex_iii", "EU")


@pytest.fixture
def run(admin: User) -> Run:
    """A run of an instrument whose result is proposed for AIA-11-1."""
    factories.catalogue(admin)
    return factories.finished_run(admin)


def subject(run: Run, use: Use | None = PROVIDER, **fields: Any) -> Subject:
    return Subject(**{"kind": "system", "key": UUID(int=1), "name": "Letters", "note": "", "use": use, "versions": frozenset([run.plan.version_id]), **fields})


def matrix(actor: User, *subjects: Subject, as_of: datetime.date = LATER, known_at: datetime.date | None = None) -> Matrix:
    return matrix_read(actor=actor, framework="eu-ai-act", subjects=subjects, as_of=as_of, known_at=known_at or today())


def cell(actor: User, about: Subject, ref: str = "AIA-11-1", **days: Any) -> Cell:
    return next(cell for cell in matrix(actor, about, **days).cells() if cell.requirement.ref == ref)


def accept(actor: User, **fields: Any) -> EvidenceLink:
    link = EvidenceLink.objects.get(requirement__ref="AIA-11-1")
    return link_review(actor=actor, link=link, accept=True, rationale="Read.", **fields)


def test_proposed_evidence_is_shown_and_does_not_count(admin: User, run: Run) -> None:
    found = cell(admin, subject(run))
    assert (found.state, found.gap) == ("proposed", True)
    assert found.answer.proposed[0].finding == run.steps.get().finding.pk


def test_accepted_evidence_counts_until_its_day(admin: User, run: Run) -> None:
    accept(admin, valid_until=LATER)
    assert cell(admin, subject(run)).state == "partial"
    assert cell(admin, subject(run)).answer.missing_kinds == ("change_log",)
    assert cell(admin, subject(run), as_of=LATER + datetime.timedelta(days=1)).state == "stale"


def test_duty_that_does_not_bind_is_no_gap(admin: User, run: Run) -> None:
    assert cell(admin, subject(run), as_of=today()).state == "not_yet"
    assert not cell(admin, subject(run), as_of=today()).gap
    assert cell(admin, subject(run, Use("deployer", "high_annex_iii", "EU"))).state == "not_applicable"


def test_system_without_the_version_has_no_evidence(admin: User, run: Run) -> None:
    assert cell(admin, subject(run, versions=frozenset([factories.version(admin).pk]))).state == "missing"
    assert cell(admin, subject(run, versions=frozenset())).state == "missing"


def test_finding_has_only_its_own_evidence(admin: User, run: Run) -> None:
    step = run.steps.get()
    assert cell(admin, subject(run, None, attestation=step.attestation_id)).state == "proposed"
    assert cell(admin, subject(run, None, attestation=UUID(int=9))).state == "missing"


def test_evidence_of_another_organisation_is_not_seen(run: Run) -> None:
    assert cell(factories.user(Role.AUDITOR), subject(run)).state == "missing"


def test_law_and_evidence_as_known_earlier(admin: User, run: Run) -> None:
    assert not matrix(admin, subject(run), known_at=datetime.date(2024, 7, 11)).lines
    assert len(matrix(admin, subject(run), known_at=datetime.date(2026, 7, 23)).lines) == 77
    yesterday = today() - datetime.timedelta(days=1)
    EvidenceLink.objects.update(created_at=datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=3))
    accept(admin)
    assert cell(admin, subject(run), known_at=yesterday).state == "proposed"


def test_what_a_day_adds_is_counted_per_subject(admin: User, run: Run) -> None:
    provider, bystander = subject(run), subject(run, Use("deployer", "minimal", "EU"), key=UUID(int=2))
    fresh = matrix(admin, provider, bystander).begun_since(datetime.date(2026, 11, 21))
    assert "AIA-9-6" in {row.requirement.ref for row in fresh[provider]}
    assert {row.requirement.ref for row in fresh[bystander]} == {"AIA-5-ba-bb"}


def test_matrix_costs_the_same_for_one_subject_and_for_eight(admin: User, run: Run, django_assert_max_num_queries: Any) -> None:
    deployment_register(actor=admin, system=factories.system(admin), version=run.plan.version, environment="trial")
    many = [subject(run, key=UUID(int=place)) for place in range(8)]
    with django_assert_max_num_queries(5):
        assert len(list(matrix(admin, *many).cells())) == 8 * 80
