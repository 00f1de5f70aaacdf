"""Pages: every row once, in order, forwards and backwards, whatever is added meanwhile."""

import pytest

from accounts.models import User
from inventory.models import Vendor
from tests import factories
from tests.api.base.test_answers import assert_problem
from tests.api.caller import Api


@pytest.fixture
def names(admin: User) -> list[str]:
    """Five vendors, two of them of one name apart from a letter's case."""
    made = ["Ada", "Bohr", "Curie", "Dirac", "Euler"]
    for name in made:
        factories.vendor(admin, name=name)
    return made


def names_of(page: dict[str, list[dict[str, str]]]) -> list[str]:
    return [row["name"] for row in page["items"]]


def walk(api: Api, address: str | None, link: str = "next") -> list[list[str]]:
    found = []
    while address:
        page = api.get(address).json()
        found.append(names_of(page))
        address = page[link]
    return found


@pytest.mark.parametrize("ordering", ["name", "-name", "created_at", "-created_at"])
def test_every_row_comes_once_and_in_order(api: Api, names: list[str], ordering: str) -> None:
    wanted = names[::-1] if ordering.startswith("-") else names
    assert walk(api, f"vendors?limit=2&ordering={ordering}") == [wanted[:2], wanted[2:4], wanted[4:]]


def test_the_way_back_shows_the_same_pages(api: Api, names: list[str]) -> None:
    first = api.get("vendors?limit=2").json()
    assert first["previous"] is None
    second = api.get(first["next"]).json()
    third = api.get(second["next"]).json()
    assert third["next"] is None
    back = api.get(third["previous"]).json()
    assert (back["items"], back["next"] is not None) == (second["items"], True)
    start = api.get(back["previous"]).json()
    assert (start["items"], start["previous"]) == (first["items"], None)
    assert api.get(start["next"]).json()["items"] == second["items"]


def test_rows_added_in_between_move_nothing(api: Api, names: list[str], admin: User) -> None:
    first = api.get("vendors?limit=2").json()
    factories.vendor(admin, name="Abel")
    factories.vendor(admin, name="Cantor")
    assert names_of(api.get(first["next"]).json()) == ["Cantor", "Curie"]


def test_rows_of_one_value_are_told_apart_by_their_id(api: Api, names: list[str]) -> None:
    moment = Vendor.objects.earliest("created_at").created_at
    Vendor.objects.update(created_at=moment)
    seen = walk(api, "vendors?limit=1&ordering=-created_at")
    assert sorted(name for page in seen for name in page) == names


def test_the_filter_stays_on_the_following_pages(api: Api, names: list[str], admin: User) -> None:
    factories.vendor(admin, name="Dante")
    assert walk(api, "vendors?limit=1&name=D") == [["Ada"], ["Dante"], ["Dirac"]]


def test_an_altered_cursor_and_one_of_another_list_are_refused(api: Api, names: list[str], admin: User) -> None:
    following = api.get("vendors?limit=2").json()["next"]
    cursor = following.partition("cursor=")[2]
    changed = ("0" if cursor[0] != "0" else "1") + cursor[1:]
    for address in (f"vendors?cursor={changed}", f"vendors?ordering=-name&cursor={cursor}", f"systems?cursor={cursor}"):
        assert assert_problem(api.get(address), 422)["field"] == "cursor"


def test_a_cursor_whose_row_is_gone_still_works(api: Api, names: list[str]) -> None:
    following = api.get("vendors?limit=2").json()["next"]
    Vendor.objects.get(name="Bohr").delete()
    assert names_of(api.get(following).json()) == ["Curie", "Dirac"]


def test_an_empty_list_is_a_page(api: Api) -> None:
    assert api.get("vendors").json() == {"items": [], "next": None, "previous": None}
