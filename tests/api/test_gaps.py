"""Gaps over the API: what the page says, with who closes them; never a list that is short because something could not be seen."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Run
from core import clock
from decisions.services import gap_assign
from frameworks.models import Requirement
from inventory.models import AISystem, OurRole
from inventory.services import deployment_register
from tests import factories
from tests.api.caller import Api, token_of

pytestmark = pytest.mark.django_db
LATER = "as_of=2027-12-02"
SCOPES = ("inventory:read", "frameworks:read", "evidence:read")


@pytest.fixture(autouse=True)
def autumn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day is fixed, so that what begins when stays the same."""
    monkeypatch.setattr(clock, "source", lambda: datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC))


@pytest.fixture
def gaps(admin: User) -> Api:
    """Everything that a list of gaps rests on, and no more."""
    return Api(token_of(admin, *SCOPES))


@pytest.fixture
def letters(admin: User, run: Run) -> AISystem:
    row = factories.system(admin, name="Letters", our_role=OurRole.PROVIDER)
    deployment_register(actor=admin, system=row, version=run.plan.version, environment="production")
    return row


def asked(ref: str = "AIA-9-6") -> Requirement:
    return Requirement.objects.known_at(datetime.date(2026, 11, 21)).get(ref=ref)


def test_gaps_are_those_of_the_page(admin: User, gaps: Api, letters: AISystem) -> None:
    gap_assign(actor=admin, system=letters, requirement=asked(), owner=admin, due_on=datetime.date(2026, 12, 1))
    found = gaps.get(f"requirements/gaps?{LATER}&limit=200").json()
    browser = Client()
    browser.force_login(admin)
    page = browser.get(reverse("web:gap-list"), {"as_of": "2027-12-02", "export": "csv"}).content.decode("utf-8-sig")
    assert found["next"] is None
    assert len(found["items"]) == page.count("\n") - 1 > 30
    row = next(row for row in found["items"] if row["ref"] == "AIA-9-6")
    assert (row["owner"], row["owner_name"], row["due_on"], row["overdue"]) == (str(admin.pk), str(admin), "2026-12-01", False)
    assert (row["system"], row["system_name"], row["framework"], row["state"]) == (str(letters.pk), "Letters", "eu-ai-act", "missing")
    assert (row["begins"], row["fresh"], row["requirement"]) == ("2027-12-02", True, str(asked().pk))
    assert row["why"].startswith("Applies because")
    assert row["needs"].startswith("Accepted evidence: ")
    assert {row["owner"] for row in found["items"]} == {None, str(admin.pk)}


@pytest.mark.parametrize(
    ("query", "refs"),
    [
        ("owner={owner}", {"AIA-9-6"}),
        ("care=somebody", {"AIA-9-6"}),
        ("care=overdue", set()),
        ("state=proposed&framework=eu-ai-act", {"AIA-11-1"}),
        ("framework=nist-rmf", set()),
        ("system={system}&care=somebody", {"AIA-9-6"}),
        ("system=00000000-0000-4000-8000-000000000000", set()),
    ],
)
def test_filters_narrow(admin: User, gaps: Api, letters: AISystem, query: str, refs: set[str]) -> None:
    gap_assign(actor=admin, system=letters, requirement=asked(), owner=admin, due_on=datetime.date(2026, 12, 1))
    items = gaps.get(f"requirements/gaps?{LATER}&{query.format(owner=admin.pk, system=letters.pk)}").json()["items"]
    assert {row["ref"] for row in items if row["framework"] == "eu-ai-act"} == refs


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("as_of=soon", "as_of"),
        ("known_at=2026-13-01", "known_at"),
        ("state=covered", "state"),
        ("care=me", "care"),
        ("system=x", "system"),
        ("colour=red", "colour"),
        ("ordering=ref", "ordering"),
        ("cursor=abc", "cursor"),
        ("limit=0", "limit"),
    ],
)
def test_what_cannot_be_understood_is_named(gaps: Api, letters: AISystem, query: str, field: str) -> None:
    answer = gaps.get(f"requirements/gaps?{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_days_are_respected(gaps: Api, letters: AISystem) -> None:
    def refs(query: str) -> set[str]:
        return {row["ref"] for row in gaps.get(f"requirements/gaps?framework=eu-ai-act&limit=200&{query}").json()["items"]}

    assert "AIA-9-6" not in refs("as_of=2026-11-21")
    assert "AIA-9-6" in refs(LATER)
    # Before the postponement was known, the same duty was to bite in August 2026.
    assert "AIA-9-6" in refs("as_of=2026-08-02&known_at=2026-07-23")
    assert "AIA-9-6" not in refs("as_of=2026-08-02&known_at=2026-07-24")


@pytest.mark.parametrize("ordering", ["system", "-system"])
def test_pages_go_on_and_back_and_leave_nothing_out(admin: User, gaps: Api, letters: AISystem, ordering: str) -> None:
    second = factories.system(admin, name="Archive", our_role=OurRole.PROVIDER)
    address = f"requirements/gaps?{LATER}&ordering={ordering}"
    large = gaps.get(f"{address}&limit=200").json()
    whole = [*large["items"], *gaps.get(large["next"]).json()["items"]]
    found, pages, at = [], [], f"{address}&limit=30"
    while at:
        pages.append(gaps.get(at).json())
        found += pages[-1]["items"]
        at = pages[-1]["next"]
    assert found == whole
    assert len({(row["system"], row["framework"], row["ref"]) for row in found}) == len(found) > 200
    assert found[0]["system"] == str(second.pk if ordering == "system" else letters.pk)
    assert pages[0]["previous"] is None
    assert gaps.get(pages[1]["previous"]).json()["items"] == pages[0]["items"]
    assert gaps.get(pages[-1]["previous"]).json()["items"] == pages[-2]["items"]


def test_queries_do_not_grow_with_systems(admin: User, run: Run, gaps: Api, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for place in range(12):
        row = factories.system(admin, name=f"System {place}", our_role=OurRole.PROVIDER)
        deployment_register(actor=admin, system=row, version=run.plan.version, environment="production")
    with django_assert_max_num_queries(10):
        assert len(gaps.get(f"requirements/gaps?{LATER}").json()["items"]) == 50


@pytest.mark.parametrize("scope", SCOPES)
def test_token_that_sees_only_a_part_is_refused_instead_of_told_there_is_nothing(admin: User, letters: AISystem, scope: str) -> None:
    rest = [name for name in SCOPES if name != scope]
    answer = Api(token_of(admin, *rest)).get("requirements/gaps")
    assert answer.status_code == 403
    assert "the token's scopes do not include" in answer.json()["detail"]


def test_others_see_none_of_ours(letters: AISystem) -> None:
    stranger = Api(token_of(factories.user(Role.AUDITOR), *SCOPES))
    assert stranger.get(f"requirements/gaps?{LATER}").json()["items"] == []
    assert stranger.get(f"requirements/gaps?system={letters.pk}").json()["items"] == []
