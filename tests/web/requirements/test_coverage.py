"""Coverage pages: what applies when, to whom and why, down to the evidence; as a page and as files."""

import csv
import datetime
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Finding, Run
from core import clock
from evidence import ledger
from evidence.models import EvidenceLink
from evidence.services import link_review
from frameworks.models import Requirement
from frameworks.services import SHIPPED, catalogue_load
from inventory.models import AISystem, OurRole
from inventory.services import deployment_register, system_update
from tests import factories

pytestmark = pytest.mark.django_db
PAGE = reverse("web:coverage")
LATER = {"as_of": "2027-12-02"}


@pytest.fixture(autouse=True)
def autumn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day is fixed, so that what begins when stays the same."""
    monkeypatch.setattr(clock, "source", lambda: datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC))


@pytest.fixture
def system(admin: User, run: Run) -> AISystem:
    """A high-risk system that uses the run's version."""
    row = factories.system(admin, name="Letters", our_role=OurRole.PROVIDER)
    deployment_register(actor=admin, system=row, version=run.plan.version, environment="production")
    return row


def body(browser: Client, address: str = PAGE, **query: str) -> str:
    answer = browser.get(address, query)
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return str(answer.content.decode())


def state(page: str, ref: str, name: str) -> str:
    """The word in the cell of a requirement and a subject."""
    found = re.search(rf'cov-cell cov-(\w+)"[^>]*>[^<]*<span class="visually-hidden">: {ref} for {name}<', page)
    assert found is not None, f"no cell {ref} for {name}"
    return found[1]


def test_matrix_follows_the_day(admin_client: Client, system: AISystem) -> None:
    today, later = body(admin_client), body(admin_client, **LATER)
    assert "AIA-9-6 for Letters" not in today
    assert state(later, "AIA-9-6", "Letters") == "missing"
    assert state(later, "AIA-11-1", "Letters") == "proposed"
    assert "The next change is on 2 December 2026, when 1 duty begins to apply." in today
    assert "Moving from today to 2 December 2027 adds" in later
    assert "for Letters" in later


def test_accepted_evidence_shows_and_its_cell_leads_to_it(admin: User, admin_client: Client, system: AISystem) -> None:
    link = EvidenceLink.objects.get(requirement__ref="AIA-11-1")
    link_review(actor=admin, link=link, accept=True, rationale="Read with the plan.")
    page = body(admin_client, **LATER)
    assert state(page, "AIA-11-1", "Letters") == "partial"
    detail = body(admin_client, reverse("web:requirement-detail", args=[link.requirement_id]), system=str(system.pk), **LATER)
    assert "Read with the plan." in detail
    assert "Applies because it binds providers of high-risk systems of Annex III, since 2 December 2027." in detail
    assert reverse("web:finding-detail", args=[Finding.objects.get().pk]) in detail
    assert reverse("web:artifact-detail", args=[link.artifact_id]) in detail


def test_newer_catalogue_leaves_evidence_alone_where_the_row_did_not_change(
    admin: User,
    admin_client: Client,
    system: AISystem,
    tmp_path: Path,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    link_review(actor=admin, link=EvidenceLink.objects.get(requirement__ref="AIA-11-1"), accept=True, rationale="Read with the plan.")
    newer, later = tmp_path / "newer.yaml", clock.now() + datetime.timedelta(minutes=1)
    monkeypatch.setattr(clock, "source", lambda: later)
    newer.write_text(SHIPPED.read_text() + "\n# Loaded again under another digest.\n")
    catalogue_load(actor=admin, record=ledger.append, path=newer)
    with django_assert_max_num_queries(10):
        page = body(admin_client, **LATER)
    assert state(page, "AIA-11-1", "Letters") == "partial"
    monkeypatch.setattr(clock, "source", lambda: later + datetime.timedelta(minutes=1))
    newer.write_text(SHIPPED.read_text().replace("Have the Annex IV file ready", "Keep the Annex IV file ready"))
    catalogue_load(actor=admin, record=ledger.append, path=newer)
    assert state(body(admin_client, **LATER), "AIA-11-1", "Letters") == "stale"


def test_older_system_is_told_why_it_is_spared(admin: User, admin_client: Client, system: AISystem) -> None:
    system_update(actor=admin, system=system, changes={"placed_on": datetime.date(2026, 1, 15)})
    page = body(admin_client, as_of="2028-01-01")
    assert "It was placed on the market before 2 December 2027 and its design has not changed significantly since." in page
    assert "AIA-9-6 for Letters" not in page


def test_deployer_is_told_which_duties_do_not_bind(admin: User, admin_client: Client, system: AISystem) -> None:
    factories.system(admin, name="Chat", our_role=OurRole.DEPLOYER)
    page = body(admin_client, **LATER)
    assert state(page, "AIA-9-6", "Chat") == "not_applicable"
    assert state(page, "AIA-26-1", "Chat") == "missing"
    assert state(page, "AIA-26-1", "Letters") == "not_applicable"


def test_one_finding_shows_what_it_counts_towards(admin_client: Client, run: Run) -> None:
    page = body(admin_client, finding=str(Finding.objects.get().pk), **LATER)
    assert "may count towards on 2 December 2027" in page
    assert "AIA-11-1 Technical file before release" in page
    assert "AIA-9-6" not in page
    early = body(admin_client, finding=str(Finding.objects.get().pk))
    assert "Not yet: from 2 December 2027." in early


def test_one_version_is_shown_by_date_alone(admin_client: Client, run: Run) -> None:
    page = body(admin_client, version=str(run.plan.version_id), **LATER)
    assert "A model has no role of its own" in page
    assert state(page, "AIA-11-1", re.escape(str(run.plan.version))) == "proposed"


def test_day_presets_and_slider_lead_to_the_same_view(admin_client: Client, system: AISystem) -> None:
    page = body(admin_client, system=str(system.pk))
    assert f"?system={system.pk}&amp;as_of=2027-12-02" in page
    assert "2027-12-02:" in page
    assert 'aria-current="true">2 December 2027' in body(admin_client, **LATER)


def test_law_that_was_not_known_yet_is_not_shown(admin_client: Client, system: AISystem) -> None:
    assert "Nothing of this framework was known then" in body(admin_client, known_at="2024-07-11", **LATER)


def test_empty_register_says_the_next_step(admin_client: Client, run: Run) -> None:
    page = body(admin_client)
    assert "No AI system is registered yet" in page
    assert reverse("web:system-create") in page


@pytest.mark.parametrize("query", [{"as_of": "soon"}, {"framework": "law-of-gravity"}, {"of": "planets"}, {"system": "1"}, {"page": "0"}, {"known_at": "x"}])
def test_address_that_cannot_be_read_is_said_to_be(admin_client: Client, run: Run, query: dict[str, str]) -> None:
    answer = admin_client.get(PAGE, query)
    assert answer.status_code == 422
    assert "field-error" in answer.content.decode()


def test_stranger_cannot_name_anothers_subjects(stranger: Client, system: AISystem) -> None:
    version = system.deployments.get().version_id
    for query in ({"system": str(system.pk)}, {"version": str(version)}, {"finding": str(Finding.objects.get().pk)}):
        assert stranger.get(PAGE, query).status_code == 404
    assert "Letters" not in body(stranger)


def test_matrix_and_gaps_come_as_files(admin_client: Client, system: AISystem) -> None:
    rows = list(csv.reader(io.StringIO(admin_client.get(PAGE, {"export": "csv", **LATER}).content.decode("utf-8-sig"))))
    assert rows[0] == ["Reference", "Requirement", "Letters"]
    assert ["AIA-11-1", "Technical file before release", "only proposed"] in rows
    assert len(rows) == 81
    gaps = load_workbook(io.BytesIO(admin_client.get(PAGE, {"export": "xlsx", "part": "gaps", **LATER}).content)).active
    found = list(gaps.iter_rows(values_only=True))
    assert found[0][:4] == ("For", "Reference", "Requirement", "State")
    assert ("Letters", "AIA-11-1", "Technical file before release", "only proposed", "technical documentation, change log", "2027-12-02", "2027-12-02") in found


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.APPROVER, Role.GOVERNANCE])
def test_readers_see_coverage(as_role: Callable[[str], Client], system: AISystem, role: str) -> None:
    assert "Letters" in body(as_role(role), **LATER)


def test_vendor_respondent_does_not(as_role: Callable[[str], Client], run: Run) -> None:
    assert as_role(Role.VENDOR).get(PAGE).status_code == 403


def test_queries_stay_few_with_many_systems(admin: User, admin_client: Client, run: Run, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for place in range(12):
        system = factories.system(admin, name=f"System {place:02d}", our_role=OurRole.PROVIDER)
        deployment_register(actor=admin, system=system, version=run.plan.version, environment="production")
    with django_assert_max_num_queries(10):
        page = body(admin_client, **LATER)
    assert "System 07" in page
    assert "System 08" not in page
    assert "System 08" in body(admin_client, page="2", **LATER)


def test_list_of_requirements_filters(admin_client: Client, run: Run, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    address = reverse("web:requirement-list")
    with django_assert_max_num_queries(10):
        page = body(admin_client, address, framework="eu-ai-act", q="thresholds")
    assert "AIA-9-6" in page
    assert "AIA-4a" not in page
    assert "AIA-9-6" not in body(admin_client, address, q="AIA-9", on="2027-12-01")
    assert "AIA-9-6" in body(admin_client, address, q="AIA-9", on="2027-12-02")
    for said in ("eval protocol", "evaluation protocol", "eval_protocol"):
        assert "AIA-9-6" in body(admin_client, address, evidence=said, framework="eu-ai-act")


def test_requirement_shows_its_dates_sources_and_versions(admin_client: Client, run: Run, django_assert_max_num_queries: Any) -> None:
    row = Requirement.objects.known_at(datetime.date(2026, 11, 21)).get(ref="AIA-43")
    with django_assert_max_num_queries(10):
        page = body(admin_client, reverse("web:requirement-detail", args=[row.pk]))
    texts = ("2 August 2026", "chapter formally applies", "2 August 2028", "known from 24 July 2026", "known from 12 July 2024", "first version loaded")
    assert all(text in page for text in texts)
    assert row.sources[0]["address"].split()[0] in page
    assert row.details["note"][:30] in page
    assert admin_client.get(reverse("web:requirement-detail", args=[row.pk]), {"as_of": "x"}).status_code == 422
