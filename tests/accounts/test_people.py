"""People: invited, given roles, shut out and let in again; each time the log hears of it, by id only."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.tokens import default_token_generator
from django.db import IntegrityError, transaction

from accounts import services, tokens
from accounts.models import Membership, Role, User
from accounts.visibility import users_visible_to
from core import clock
from core.errors import InvalidInput, InvalidState, NotAllowed
from evidence import ledger
from evidence.models import LedgerEntry
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def bea(admin: User) -> User:
    fields = {"username": "bea", "email": "Bea@Example.org", "name": "Bea B", "roles": [Role.ASSESSOR]}
    return services.user_create(actor=admin, record=ledger.append, organisation=factories.home(admin), **fields)


def actions(user: User) -> list[str]:
    return list(LedgerEntry.objects.filter(subject=f"accounts.user:{user.pk}").order_by("index").values_list("action", flat=True))


def test_new_person_has_no_password_until_they_choose_one(admin: User, bea: User) -> None:
    assert not bea.has_usable_password()
    assert bea.email == "bea@example.org"
    assert actions(bea) == ["accounts.user.created"]
    leaves = "".join(LedgerEntry.objects.values_list("leaf", flat=True))
    assert "bea" not in leaves.lower()


def test_newer_invitation_ends_the_older(admin: User, bea: User) -> None:
    first = services.user_invite(actor=admin, record=ledger.append, user=bea)
    assert default_token_generator.check_token(bea, first)
    second = services.user_invite(actor=admin, record=ledger.append, user=bea)
    assert not default_token_generator.check_token(bea, first)
    assert default_token_generator.check_token(bea, second)
    bea.set_password("chosen-by-bea-alone-9")
    bea.save()
    assert not default_token_generator.check_token(bea, second), "a link works once"
    assert actions(bea)[1:] == ["accounts.user.invited"] * 2


def test_link_for_somebody_who_has_a_password_is_logged_as_what_it_is(admin: User) -> None:
    person = factories.user(Role.AUDITOR, of=factories.home(admin))
    services.user_invite(actor=admin, record=ledger.append, user=person)
    assert actions(person) == ["accounts.user.reset_link_made"]
    assert person.check_password(factories.PASSWORD), "the old one works until another is chosen"


def test_roles_are_changed_and_logged_before_and_after(admin: User, bea: User) -> None:
    home = factories.home(admin)
    services.roles_change(actor=admin, record=ledger.append, user=bea, organisation=home, roles=[Role.AUDITOR, Role.APPROVER])
    assert set(bea.memberships.values_list("role", flat=True)) == {Role.AUDITOR, Role.APPROVER}
    assert LedgerEntry.objects.latest("index").payload == {"before": ["assessor"], "after": ["approver", "auditor"]}
    services.roles_change(actor=admin, record=ledger.append, user=bea, organisation=home, roles=[Role.AUDITOR, Role.APPROVER])
    assert actions(bea).count("accounts.roles.changed") == 1, "no change, no entry"


@pytest.mark.parametrize("roles", [[], ["emperor"], [Role.WORKER], [Role.API_CLIENT]])
def test_impossible_roles_are_refused(admin: User, bea: User, roles: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        services.roles_change(actor=admin, record=ledger.append, user=bea, organisation=factories.home(admin), roles=roles)
    assert caught.value.field == "roles"


Act = Callable[[User, User], Any]
ACTS: dict[str, Act] = {
    "roles": lambda actor, user: services.roles_change(actor=actor, record=ledger.append, user=user, organisation=factories.home(user), roles=[Role.AUDITOR]),
    "invite": lambda actor, user: services.user_invite(actor=actor, record=ledger.append, user=user),
    "deactivate": lambda actor, user: services.user_deactivate(actor=actor, record=ledger.append, user=user),
    "reactivate": lambda actor, user: services.user_reactivate(actor=actor, record=ledger.append, user=user),
    "factors": lambda actor, user: services.factors_remove(actor=actor, record=ledger.append, user=user),
    "details": lambda actor, user: services.details_change(actor=actor, record=ledger.append, user=user, name="X", email=""),
}


@pytest.mark.parametrize("name", ACTS)
def test_only_administrators_of_the_persons_organisation_may(admin: User, bea: User, name: str) -> None:
    home = factories.home(admin)
    for stranger in (factories.user(Role.GOVERNANCE, of=home), factories.user(Role.ADMINISTRATOR)):
        with pytest.raises(NotAllowed):
            ACTS[name](stranger, bea)


@pytest.mark.parametrize("name", sorted(set(ACTS) - {"roles"}))
def test_administrator_of_one_of_two_organisations_may_not_reach_into_the_other(admin: User, bea: User, name: str) -> None:
    Membership.objects.create(user=bea, organisation=factories.organisation(), role=Role.AUDITOR)
    bea.__dict__.pop("roles_held", None)
    with pytest.raises(NotAllowed, match="do not administer"):
        ACTS[name](admin, bea)


@pytest.mark.parametrize("name", ["roles", "invite", "deactivate", "factors"])
def test_nobody_does_it_to_themselves(admin: User, name: str) -> None:
    with pytest.raises(NotAllowed):
        ACTS[name](admin, admin)


def test_organisation_never_loses_its_last_active_administrator(admin: User) -> None:
    home = factories.home(admin)
    second = factories.user(Role.ADMINISTRATOR, of=home)
    User.objects.filter(pk=admin.pk).update(is_active=False)
    # ``admin`` was loaded before: two administrators who act on each other at the same moment.
    for act in (ACTS["deactivate"], ACTS["roles"]):
        with pytest.raises(InvalidState, match="last active administrator"):
            act(admin, second)


def test_deactivated_person_is_out_at_once_and_for_good(admin: User, client: Any) -> None:
    person = factories.user(Role.ASSESSOR, of=factories.home(admin))
    client.force_login(person)
    _, secret = tokens.token_issue(actor=person, record=ledger.append, name="x", scopes=["inventory:read"], days=5)
    key = services.user_invite(actor=admin, record=ledger.append, user=person)
    assert client.get("/").status_code == 200
    services.user_deactivate(actor=admin, record=ledger.append, user=person)
    assert client.get("/").status_code == 302
    assert tokens.token_authenticate(secret, clock.now()) is None
    services.user_reactivate(actor=admin, record=ledger.append, user=person)
    assert client.get("/").status_code == 302, "the session stays ended"
    assert tokens.token_authenticate(secret, clock.now()) is None
    person.refresh_from_db()
    assert not default_token_generator.check_token(person, key)
    assert actions(person)[-2:] == ["accounts.user.deactivated", "accounts.user.reactivated"]


def test_workers_account_cannot_be_deactivated(admin: User) -> None:
    with pytest.raises(InvalidState, match="workers run assessments"):
        services.user_deactivate(actor=admin, record=ledger.append, user=factories.worker(factories.home(admin)))


def test_lost_second_factors_are_removed_by_an_administrator(admin: User, bea: User) -> None:
    with pytest.raises(InvalidState, match="no second factor"):
        services.factors_remove(actor=admin, record=ledger.append, user=bea)
    Authenticator.objects.create(user=bea, type=Authenticator.Type.TOTP, data={"secret": "x"})
    services.factors_remove(actor=admin, record=ledger.append, user=bea)
    assert not Authenticator.objects.filter(user=bea).exists()
    assert actions(bea)[-1] == "accounts.second_factor.removed"


def test_own_details_are_changed_and_the_log_hears_only_which(admin: User) -> None:
    services.details_change(actor=admin, record=ledger.append, user=admin, name="Ada A", email="ADA@example.org")
    admin.refresh_from_db()
    assert (str(admin), admin.email) == ("Ada A", "ada@example.org")
    entry = LedgerEntry.objects.latest("index")
    assert entry.payload == {"fields": ["name", "email"]}
    assert "ada" not in entry.leaf.lower()


@pytest.mark.parametrize("email", ["bea@example.org", "BEA@EXAMPLE.ORG", "not an address", "a@b\x00.org"])
def test_address_is_whole_and_of_one_person(admin: User, bea: User, email: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        services.details_change(actor=admin, record=ledger.append, user=admin, name="", email=email)
    assert caught.value.field == "email"


@pytest.mark.parametrize("username", ["", " ", "BEA", "bea", "bea@example.org", "a b", "a\x00", "x" * 151])
def test_user_name_is_plain_and_of_one_person(admin: User, bea: User, username: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        services.user_create(actor=admin, record=ledger.append, organisation=factories.home(admin), username=username, roles=[Role.AUDITOR])
    assert caught.value.field == "username"


def test_database_itself_keeps_names_and_addresses_apart(bea: User) -> None:
    for fields in ({"username": "BEA"}, {"username": "other", "email": "BEA@example.org"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(**fields)


def test_users_are_visible_within_the_organisation_only(admin: User, bea: User) -> None:
    assert bea in users_visible_to(admin)
    assert bea not in users_visible_to(factories.user(Role.ADMINISTRATOR))
    assert not users_visible_to(factories.user(Role.ASSESSOR, of=factories.home(admin))).exists()
    assert str(users_visible_to(admin).query).count("EXISTS") == 2, "one nested semi-join"
