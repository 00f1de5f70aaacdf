"""Walks every address with every method as everybody, and compares the answers with the access table and the policy table."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from celery import Celery
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from accounts.models import Role, User
from accounts.permissions import POLICY
from gpu_tasks import dispatch
from tests import factories
from tests.web.world import Address, World, addresses, build, nowhere
from web.access import ACCESS, ACCOUNT, ACCOUNT_OPEN, ACCOUNT_PREFIX, OPEN, Methods, verb_for

pytestmark = pytest.mark.django_db
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SELDOM = ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")
"""Methods that no line of the tables names: the administrator tries them all everywhere, everybody else takes turns at every address."""
OTHER_FACES = ("api/", ".well-known/")
"""Addresses below these have a walk of their own."""
SHARED = frozenset(
    {
        "instrument-detail",
        "instrument-calibrate",
        "calibration-detail",
        "qualification-download",
        "probe-set-detail",
        "organism-detail",
        "organism-own",
        "requirement-detail",
        "framework-detail",
    }
)
"""Pages with an argument that belong to no organisation: the catalogues of laws and instruments, and how far these can be believed."""


OWN = frozenset({"token-revoke", "filter-delete", "import-preview", "import-columns", "import-apply", "import-discard"})
"""Pages about what a person keeps for themselves."""


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No broker: starting a run rings for workers."""
    monkeypatch.setattr(dispatch, "current_app", Celery("test", broker="memory://", set_as_current=False))


@dataclass
class Walker:
    """A browser of one person; nothing it does lasts."""

    person: User
    world: World

    def __post_init__(self) -> None:
        self.browser = Client(raise_request_exception=False)
        self.browser.force_login(self.person)

    def answer(self, address: Address, method: str) -> HttpResponse:
        """What the person is answered; every change is undone."""
        path = self.world.path(address, self.person)
        with transaction.atomic():
            found: Any = self.browser.generic(method, path, HTTP_HOST="localhost")
            transaction.set_rollback(True)
        return found


def pages() -> list[Address]:
    """The addresses that the access table speaks of."""
    return [row for row in addresses() if table_of(row) is not None and row.name not in OPEN | ACCOUNT_OPEN]


def table_of(address: Address) -> dict[str, Methods] | None:
    """The table an address stands in."""
    if address.spaces[:1] == ("web",):
        return dict(ACCESS)
    return dict(ACCOUNT) if address.route.startswith(ACCOUNT_PREFIX) else None


def expected(address: Address, method: str, role: str) -> str:
    """What the two tables say about a role."""
    table = table_of(address) or {}
    verb = verb_for(address.name, method, table)
    if address.name not in table:
        return "refused"
    if verb is None:
        return "no such method"
    return "open" if verb in POLICY[role] else "refused"


def seen(address: Address, status: int) -> str:
    """What an answer says about access; a page about one's own account may have no row yet."""
    if status == 404 and address.name in ACCOUNT:
        return "open"
    words = {401: "refused", 403: "refused", 404: "hidden", 405: "no such method"}
    return words.get(status, "failed" if status >= 500 and status != 507 else "open")


def turns(place: int) -> tuple[str, ...]:
    """The methods tried at one place by somebody who takes turns; any five places in a row hold every method."""
    return ("GET", "POST", SELDOM[place % len(SELDOM)])


def faults(walker: Walker, rows: list[Address], wanted: Callable[[Address, str], str], turn: int | None = 0) -> Iterator[str]:
    """Answers that differ from ``wanted``, one line each; without a ``turn`` every method is tried at every address."""
    for place, address in enumerate(rows):
        for method in METHODS if turn is None else turns(place + turn):
            status, hoped = walker.answer(address, method).status_code, wanted(address, method)
            # A view need not know HEAD.
            if seen(address, status) != hoped and (method, status) != ("HEAD", 405):
                yield f"{method} {address.name}: {seen(address, status)} ({status}) instead of {hoped}"


def test_every_address_has_its_line_and_every_line_an_address() -> None:
    names = {row.name for row in addresses() if row.spaces[:1] == ("web",)}
    assert names - OPEN == set(ACCESS)
    account = {row.name for row in addresses() if row.route.startswith(ACCOUNT_PREFIX)}
    assert set(ACCOUNT) | ACCOUNT_OPEN <= account
    strange = [row.route for row in addresses() if table_of(row) is None and not row.route.startswith(OTHER_FACES)]
    assert strange == [], "an address outside the tables: give it a face, and the face a table"


def test_every_verb_of_the_tables_is_one_of_the_policy() -> None:
    known = frozenset[str]().union(*POLICY.values())
    assert {verb for table in (ACCESS, ACCOUNT) for methods in table.values() for verb in methods.values()} <= known


def test_methods_that_take_turns_are_in_no_line_and_come_round() -> None:
    assert {method for table in (ACCESS, ACCOUNT) for methods in table.values() for method in methods} == {"GET", "POST"}
    assert {method for place in range(len(Role.values) - 1) for method in turns(place)} == set(METHODS)


def test_each_role_gets_what_the_tables_give_it(admin: User) -> None:
    world, rows = build(admin), [row for row in pages() if row.name]
    for turn, role in enumerate(Role.values):
        walker = Walker(factories.user(role, of=world.home), world)
        found = list(faults(walker, rows, functools.partial(expected, role=role), None if role == Role.ADMINISTRATOR else turn))
        assert found == [], role


def test_administrator_of_another_organisation_finds_nothing(admin: User) -> None:
    world = build(admin)
    rows = [row for row in pages() if row.spaces == ("web",) and row.arguments and row.name not in SHARED | OWN]
    found = faults(Walker(factories.user(Role.ADMINISTRATOR), world), rows, lambda row, method: "hidden" if verb_for(row.name, method) else "no such method")
    assert list(found) == []


def test_nobodys_uploaded_file_is_anybody_elses(admin: User) -> None:
    world = nowhere(factories.home(admin))
    owner, other = factories.user(of=world.home), factories.user(of=world.home)
    browser = Walker(other, world).browser
    for address in [row for row in pages() if row.name.startswith("import-")]:
        path = world.path(address, owner)
        assert {browser.generic(method, path).status_code for method in ("GET", "POST")} <= {404, 405}, path


def test_nobodys_token_or_filter_is_anybody_elses(admin: User) -> None:
    world = nowhere(factories.home(admin))
    rows = {row.name: row for row in pages()}
    owner, other = factories.user(Role.ASSESSOR, of=world.home), factories.user(Role.ASSESSOR, of=world.home)
    browser = Walker(other, world).browser
    for name in ("token-revoke", "filter-delete", "mfa_remove_webauthn", "mfa_edit_webauthn"):
        path = world.path(rows[name], owner)
        answers = {method: browser.generic(method, path).status_code for method in ("GET", "POST")}
        # allauth asks for the password before it looks for the row, so its pages lead there first.
        assert set(answers.values()) <= {404, 302}, (name, answers)
        assert 404 in answers.values() or name.startswith("mfa"), (name, answers)


def test_person_without_a_role_gets_nothing(admin: User) -> None:
    walker = Walker(factories.user(None), nowhere(factories.home(admin)))
    assert list(faults(walker, [row for row in pages() if row.name], nothing)) == []


def nothing(address: Address, method: str) -> str:
    """What the tables give to nobody in particular."""
    table = table_of(address) or {}
    return "refused" if address.name not in table or verb_for(address.name, method, table) else "no such method"


def test_anonymous_is_led_to_the_sign_in_page_whatever_the_method(admin: User, client: Client) -> None:
    world = nowhere(factories.home(admin))
    for address in [row for row in pages() if row.name]:
        path = world.path(address, admin)
        for method in METHODS:
            answer: Any = client.generic(method, path)
            led = answer.status_code == 302 and answer.headers["Location"].startswith("/login/?next=")
            assert led or (answer.status_code == 403 and address.name not in ACCOUNT), (method, path)


def test_the_way_in_is_open(client: Client, db: None) -> None:
    for address in [row for row in addresses() if row.name in OPEN | ACCOUNT_OPEN and not row.arguments]:
        answer = client.get(World(home=None, values={}).path(address, User()))  # type: ignore[arg-type]
        assert answer.status_code in {200, 302, 405}, address.name
        assert "next=" not in answer.headers.get("Location", ""), address.name
