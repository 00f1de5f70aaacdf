"""The page of changes in the law: which rows, from which day to which, and for which systems; as a page and as files."""

import csv
import datetime
import io
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from core import clock
from frameworks.models import Requirement
from inventory.models import OurRole, RiskClass
from tests import factories

pytestmark = pytest.mark.django_db
PAGE = reverse("web:requirement-changes")
BEFORE, AFTER = datetime.date(2026, 7, 23), datetime.date(2026, 7, 24)
AMENDMENT = {"known_before": "2026-07-23", "known_at": "2026-07-24"}


@pytest.fixture(autouse=True)
def autumn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day is fixed, so that what begins when stays the same."""
    monkeypatch.setattr(clock, "source", lambda: datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC))


@pytest.fixture
def register(admin: User) -> None:
    """A high-risk system we provide, a simple one we use, and the laws."""
    factories.catalogue(admin)
    factories.system(admin, name="Letters", our_role=OurRole.PROVIDER, risk_class=RiskClass.HIGH_ANNEX_III)
    factories.system(admin, name="Chat", our_role=OurRole.DEPLOYER, risk_class=RiskClass.MINIMAL)


def body(browser: Client, **query: str) -> str:
    answer = browser.get(PAGE, query)
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return str(answer.content.decode())


def table(browser: Client, **query: str) -> list[dict[str, str]]:
    answer = browser.get(PAGE, {"export": "csv", **AMENDMENT, **query})
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_page_opens_on_the_newest_amendment(admin_client: Client, register: None) -> None:
    page = body(admin_client)
    assert "62 duties changed: 3 added, 58 with other dates and 1 reworded." in page
    assert "The earlier text is the one as published in Regulation (EU) 2024/1689, the later the one as amended by Regulation (EU) 2026/1744." in page
    assert "begins to bind: 2 August 2026 → 2 December 2027" in page
    assert "known_before=2026-07-23&amp;known_at=2026-07-24" in page


@pytest.mark.parametrize(
    ("as_of", "shift"),
    [
        ("2026-08-01", ("not yet", "not yet")),
        ("2026-08-02", ("applies", "not yet")),
        ("2027-12-01", ("applies", "not yet")),
        ("2027-12-02", ("applies", "applies")),
    ],
)
def test_day_decides_what_the_change_means(admin_client: Client, register: None, as_of: str, shift: tuple[str, str]) -> None:
    rows = {(row["Reference"], row["System concerned"]): row for row in table(admin_client, as_of=as_of)}
    found = rows["AIA-9-6", "Letters"]
    assert (found["Before"], found["After"]) == shift
    assert found["Dates"].startswith("begins to bind: 2026-08-02 to 2027-12-02")
    assert ("AIA-9-6", "Chat") not in rows
    assert rows["AIA-4", "Chat"]["Also changed"] == "wording"
    assert rows["AIA-26-1", ""]["Change"] == "dates moved"


def test_page_shows_exactly_the_rows_the_amendment_changed_and_only_across_its_day(admin_client: Client, register: None) -> None:
    """As of 1 August 2026 and 2 December 2027, known before and after 24 July 2026: the amended rows and no other."""
    known = {day: {row.ref: row for row in Requirement.objects.known_at(day).filter(version__framework__slug="eu-ai-act")} for day in (BEFORE, AFTER)}
    old, new = known[BEFORE], known[AFTER]
    changed = {ref for ref in old.keys() | new.keys() if ref not in old or ref not in new or old[ref].digest != new[ref].digest}
    for as_of in ("2026-08-01", "2027-12-02"):
        seen = admin_client.get(PAGE, {**AMENDMENT, "as_of": as_of}).context
        entries = [*seen["concerned"], *seen["others"]]
        assert {entry.change.row.ref for entry in entries} == changed
        assert {line.subject.name for line in seen["lines"]} == {"Letters", "Chat"}
        assert {entry.change.row.ref for entry in seen["concerned"]} == {
            row["Reference"] for row in table(admin_client, as_of=as_of) if row["System concerned"]
        }
        same = admin_client.get(PAGE, {"known_before": "2026-07-24", "known_at": "2026-11-21", "as_of": as_of}).context
        assert (same["concerned"], same["others"]) == ([], [])


def test_systems_are_told_how_many_duties_they_gain_and_lose(admin_client: Client, register: None) -> None:
    lines = {line.subject.name: line for line in admin_client.get(PAGE, {**AMENDMENT, "as_of": "2026-08-02"}).context["lines"]}
    provider = [row for row in table(admin_client, as_of="2026-08-02") if row["System concerned"] == "Letters"]
    assert lines["Letters"].concerned == len(provider)
    assert lines["Letters"].lost == sum((row["Before"], row["After"]) == ("applies", "not yet") for row in provider) > 30
    assert (lines["Letters"].gained, lines["Chat"].lost, lines["Chat"].gained) == (1, 0, 1)
    assert "AIA-4a" in {row["Reference"] for row in provider if (row["Before"], row["After"]) == ("no such duty", "applies")}


def test_same_wording_on_both_days_is_said_to_be(admin_client: Client, register: None) -> None:
    page = body(admin_client, known_before="2026-08-01", known_at="2026-09-01")
    assert "The same wording was known on both days. Nothing changed between these two days." in page


def test_before_the_first_edition_everything_is_new(admin_client: Client, register: None) -> None:
    page = body(admin_client, known_before="2024-07-11", known_at="2024-07-12")
    assert "Nothing of it was known on the first day. 77 duties changed: 77 added." in page


def test_changed_row_leads_to_the_wording_it_has(admin_client: Client, register: None) -> None:
    row = Requirement.objects.known_at(datetime.date(2026, 7, 24)).get(ref="AIA-4")
    page = body(admin_client, **AMENDMENT)
    assert reverse("web:requirement-detail", args=[row.pk]) in page
    assert row.gist in page
    assert "sufficient for their task" in page


@pytest.mark.parametrize(
    "query",
    [{"as_of": "soon"}, {"framework": "law-of-gravity"}, {"known_at": "x"}, {"page": "0"}, {"known_before": "2026-09-01", "known_at": "2026-08-01"}],
)
def test_address_that_cannot_be_read_is_said_to_be(admin_client: Client, register: None, query: dict[str, str]) -> None:
    answer = admin_client.get(PAGE, query)
    assert answer.status_code == 422
    assert "field-error" in answer.content.decode()


def test_empty_register_still_shows_the_changes(admin: User, admin_client: Client) -> None:
    factories.catalogue(admin)
    page = body(admin_client, **AMENDMENT)
    assert "No AI system is registered yet" in page
    assert "AIA-9-6" in page


def test_stranger_sees_none_of_our_systems(stranger: Client, register: None) -> None:
    assert "Letters" not in body(stranger, **AMENDMENT)


@pytest.mark.parametrize(("role", "status"), [(Role.AUDITOR, 200), (Role.APPROVER, 200), (Role.VENDOR, 403)])
def test_roles(as_role: Callable[[str], Client], register: None, role: str, status: int) -> None:
    assert as_role(role).get(PAGE).status_code == status


def test_queries_stay_few_with_many_systems(admin: User, admin_client: Client, register: None, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for place in range(12):
        factories.system(admin, name=f"System {place:02d}", our_role=OurRole.PROVIDER)
    with django_assert_max_num_queries(10):
        page = body(admin_client, **AMENDMENT)
    assert "More systems" in page
    assert "System 11" in body(admin_client, page="2", **AMENDMENT)
    assert "System 03" not in body(admin_client, named="Letters", **AMENDMENT)
