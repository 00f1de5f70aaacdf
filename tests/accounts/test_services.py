"""Users and organisations: who may create them, and that the log hears of it."""

import pytest

from accounts.models import Membership, Organisation, Role, User
from accounts.permissions import POLICY, allowed, require
from accounts.services import organisation_found, service_account_ensure, user_create
from core.errors import Conflict, InvalidInput, NotAllowed
from evidence import ledger
from evidence.models import LedgerEntry
from tests import factories

pytestmark = pytest.mark.django_db
STRONG = "a-strong-passphrase-77"


def test_first_organisation_gets_its_administrator_and_a_log_entry() -> None:
    organisation, person = organisation_found(actor=None, record=ledger.append, name="Example Bank", username="ada", password=STRONG)
    assert allowed(person, "accounts.manage")
    assert person.check_password(STRONG)
    entry = LedgerEntry.objects.get()
    assert (entry.action, entry.subject) == ("accounts.organisation.founded", f"accounts.organisation:{organisation.id}")
    assert "ada" not in entry.leaf + str(entry.payload), "the log names people by id only"


def test_second_founding_is_refused_and_changes_nothing() -> None:
    organisation_found(actor=None, record=ledger.append, name="Example Bank", username="ada", password=STRONG)
    with pytest.raises(Conflict, match="already has an administrator"):
        organisation_found(actor=None, record=ledger.append, name="Other", username="eve", password=STRONG)
    assert User.objects.count() == Organisation.objects.count() == LedgerEntry.objects.count() == 1


def test_founding_with_an_actor_is_refused(admin: User) -> None:
    with pytest.raises(Conflict):
        organisation_found(actor=admin, record=ledger.append, name="Other", username="eve", password=STRONG)


def test_user_gets_exactly_the_roles_given(admin: User) -> None:
    home = factories.home(admin)
    person = user_create(actor=admin, record=ledger.append, organisation=home, username="bea", password=STRONG, roles=[Role.ASSESSOR, Role.AUDITOR])
    assert set(person.memberships.values_list("role", flat=True)) == {Role.ASSESSOR, Role.AUDITOR}
    assert LedgerEntry.objects.filter(action="accounts.user.created").count() == 1


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("password", {"password": "short"}),
        ("roles", {"roles": ["emperor"]}),
        ("roles", {"roles": [Role.WORKER]}),
        ("username", {"username": "taken"}),
    ],
)
def test_bad_user_is_refused_by_field_and_nothing_is_written(admin: User, field: str, fields: dict[str, object]) -> None:
    User.objects.create(username="taken")
    before = (User.objects.count(), Membership.objects.count(), LedgerEntry.objects.count())
    wish = {"organisation": factories.home(admin), "username": "bea", "password": STRONG, "roles": [Role.ASSESSOR], **fields}
    with pytest.raises(InvalidInput) as caught:
        user_create(actor=admin, record=ledger.append, **wish)  # type: ignore[arg-type]
    assert caught.value.field == field
    assert (User.objects.count(), Membership.objects.count(), LedgerEntry.objects.count()) == before


@pytest.mark.parametrize("role", [Role.GOVERNANCE, Role.ASSESSOR, Role.APPROVER, Role.AUDITOR, Role.WORKER])
def test_only_administrators_create_users(admin: User, role: str) -> None:
    home = factories.home(admin)
    with pytest.raises(NotAllowed):
        user_create(actor=factories.user(role, of=home), record=ledger.append, organisation=home, username="bea", password=STRONG, roles=[Role.AUDITOR])


def test_administrator_of_another_organisation_cannot_create_users_here(admin: User) -> None:
    stranger = factories.user()
    with pytest.raises(NotAllowed):
        user_create(actor=stranger, record=ledger.append, organisation=factories.home(admin), username="bea", password=STRONG, roles=[Role.AUDITOR])


def test_service_account_is_made_once_and_cannot_log_in(admin: User) -> None:
    home = factories.home(admin)
    first = service_account_ensure(actor=admin, record=ledger.append, organisation=home, name="robot")
    again = service_account_ensure(actor=admin, record=ledger.append, organisation=home, name="robot")
    assert first == again
    assert first.is_service
    assert not first.check_password("!")
    assert LedgerEntry.objects.filter(action="accounts.service_account.created").count() == 1


def test_inactive_person_may_nothing(admin: User) -> None:
    admin.is_active = False
    with pytest.raises(NotAllowed):
        require(admin, "inventory.read")


@pytest.mark.parametrize("role", list(Role.values))
def test_every_role_but_the_vendors_reads_the_register(role: str) -> None:
    assert ("inventory.read" in POLICY[role]) is (role != Role.VENDOR)


@pytest.mark.parametrize(
    ("role", "verb", "may"),
    [
        (Role.AUDITOR, "run.start", False),
        (Role.AUDITOR, "evidence.export", True),
        (Role.ASSESSOR, "run.start", True),
        (Role.ASSESSOR, "evidence.review", False),
        (Role.GOVERNANCE, "evidence.review", True),
        (Role.GOVERNANCE, "run.start", False),
        (Role.WORKER, "evidence.review", False),
        (Role.WORKER, "inventory.write", False),
        (Role.APPROVER, "inventory.write", False),
    ],
)
def test_policy_keeps_testing_and_accepting_apart(role: str, verb: str, may: bool) -> None:
    assert allowed(factories.user(role), verb) is may
