"""API tokens: narrower than their owner, kept as a hash, ended by time, by hand and with the owner."""

from datetime import timedelta
from typing import Any

import pytest

from accounts import tokens
from accounts.models import ApiToken, Role, User
from accounts.permissions import POLICY, SCOPES, VERBS, allowed
from accounts.services import service_account_create, user_deactivate
from core import clock
from core.errors import InvalidInput, InvalidState, NotAllowed
from evidence import ledger
from evidence.models import LedgerEntry
from tests import factories

pytestmark = pytest.mark.django_db


def issued(actor: User, **fields: Any) -> tuple[ApiToken, str]:
    wish = {"name": "Procurement", "scopes": ["inventory:read"], "days": 30, **fields}
    return tokens.token_issue(actor=actor, record=ledger.append, **wish)


def test_secret_is_shown_once_and_kept_only_as_a_hash(admin: User) -> None:
    token, secret = issued(admin)
    assert secret.startswith("assay_")
    assert len(secret) >= 6 + 43, "256 random bits"
    row = ApiToken.objects.get()
    assert secret not in str(vars(row))
    assert secret.startswith(row.prefix)
    entry = LedgerEntry.objects.get(action="accounts.token.issued")
    assert secret not in entry.leaf
    assert (entry.subject, entry.payload["token"]) == (f"accounts.user:{admin.pk}", str(token.pk))
    assert entry.attestation.organisation_id == factories.home(admin).pk


def test_token_narrows_the_roles_of_its_owner(admin: User) -> None:
    _, secret = issued(admin, scopes=["inventory:read", "reports:build"])
    user = tokens.token_authenticate(secret, clock.now())
    assert user is not None
    assert user.limited_to == {"inventory.read", "reports.read", "report.build"}
    assert allowed(user, "inventory.read")
    assert not allowed(user, "inventory.write")
    assert not allowed(user, "accounts.manage")


def test_verbs_of_a_token_end_when_the_owner_loses_the_role(admin: User) -> None:
    person = factories.user(Role.ASSESSOR, of=factories.home(admin))
    _, secret = issued(person, scopes=["inventory:write"])
    person.memberships.update(role=Role.AUDITOR)
    user = tokens.token_authenticate(secret, clock.now())
    assert user is not None
    assert allowed(user, "inventory.read")
    assert not allowed(user, "inventory.write")


@pytest.mark.parametrize("secret", ["", "assay_", "assay_nonsense", "Bearer x", "\x00", "ä" * 500, "\udcff"])
def test_unknown_secret_opens_nothing(admin: User, secret: str) -> None:
    issued(admin)
    assert tokens.token_authenticate(secret, clock.now()) is None


def test_expired_revoked_and_owners_deactivated_open_nothing(admin: User) -> None:
    token, secret = issued(admin, days=1)
    assert tokens.token_authenticate(secret, token.expires_at - timedelta(seconds=1)) is not None
    assert tokens.token_authenticate(secret, token.expires_at) is None
    _, second = issued(admin)
    User.objects.filter(pk=admin.pk).update(is_active=False)
    assert tokens.token_authenticate(second, clock.now()) is None
    User.objects.filter(pk=admin.pk).update(is_active=True)
    tokens.token_revoke(actor=admin, record=ledger.append, token=ApiToken.objects.latest("created_at"))
    assert tokens.token_authenticate(second, clock.now()) is None


def test_use_is_noted_once_a_minute(admin: User, django_assert_num_queries: Any) -> None:
    token, secret = issued(admin)
    start = clock.now()
    tokens.token_authenticate(secret, start)
    with django_assert_num_queries(1):
        tokens.token_authenticate(secret, start + timedelta(seconds=59))
    token.refresh_from_db()
    assert token.last_used_at == start
    tokens.token_authenticate(secret, start + timedelta(seconds=60))
    token.refresh_from_db()
    assert token.last_used_at == start + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("name", {"name": "  "}),
        ("name", {"name": "x" * 101}),
        ("days", {"days": 0}),
        ("days", {"days": 366}),
        ("scopes", {"scopes": []}),
        ("scopes", {"scopes": ["everything"]}),
    ],
)
def test_bad_wish_is_refused_by_field(admin: User, field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        issued(admin, **fields)
    assert caught.value.field == field
    assert not ApiToken.objects.exists()


def test_nobody_gets_a_scope_beyond_their_roles(admin: User) -> None:
    person = factories.user(Role.GOVERNANCE, of=factories.home(admin))
    assert "assessments:run" not in tokens.scopes_open_to(person)
    with pytest.raises(InvalidInput, match="permits more than the roles"):
        issued(person, scopes=["assessments:run"])


@pytest.mark.parametrize("role", [role for role in Role.values if "token.issue" not in POLICY[role]])
def test_other_roles_issue_no_tokens(admin: User, role: str) -> None:
    with pytest.raises(NotAllowed):
        issued(factories.user(role, of=factories.home(admin)))


def test_token_cannot_issue_tokens(admin: User) -> None:
    _, secret = issued(admin, scopes=list(SCOPES))
    user = tokens.token_authenticate(secret, clock.now())
    assert user is not None
    with pytest.raises(NotAllowed):
        issued(user)


def test_administrator_issues_tokens_of_service_accounts_only(admin: User) -> None:
    home = factories.home(admin)
    program = service_account_create(actor=admin, record=ledger.append, organisation=home, username="gateway")
    token, _ = issued(admin, user=program)
    assert (token.user, token.created_by) == (program, admin)
    for other in (factories.user(Role.ASSESSOR, of=home), factories.worker(home)):
        with pytest.raises(NotAllowed, match="people issue their own"):
            issued(admin, user=other)
    with pytest.raises(NotAllowed):
        issued(factories.user(Role.ASSESSOR, of=home), user=program)
    with pytest.raises(NotAllowed):
        issued(factories.user(Role.ADMINISTRATOR), user=program)
    user_deactivate(actor=admin, record=ledger.append, user=program)
    program.refresh_from_db()
    with pytest.raises(InvalidState, match="deactivated"):
        issued(admin, user=program)


def test_token_is_revoked_by_its_owner_or_an_administrator_of_the_organisation(admin: User) -> None:
    home = factories.home(admin)
    owner = factories.user(Role.ASSESSOR, of=home)
    token, _ = issued(owner)
    for other in (factories.user(Role.ASSESSOR, of=home), factories.user(Role.ADMINISTRATOR)):
        with pytest.raises(NotAllowed, match="belongs to somebody else"):
            tokens.token_revoke(actor=other, record=ledger.append, token=token)
    tokens.token_revoke(actor=admin, record=ledger.append, token=token)
    with pytest.raises(InvalidState, match="revoked already"):
        tokens.token_revoke(actor=owner, record=ledger.append, token=token)
    assert LedgerEntry.objects.filter(action="accounts.token.revoked").count() == 1


def test_every_verb_of_policy_and_scopes_has_words() -> None:
    verbs = frozenset[str]().union(*POLICY.values(), *SCOPES.values())
    assert verbs == set(VERBS)
    # A token of a person may do what that person's role allows; a service account stays with its own role, whatever its token says.
    lent = {"frameworks.load", "incident.write", "incident.submit", "decision.request", "decision.waive", "template.write"}
    lent |= {"questionnaire.send", "case.receive"}
    assert frozenset[str]().union(*SCOPES.values()) <= POLICY[Role.API_CLIENT] | lent, "what a person must do himself is in no scope"
    assert not lent & POLICY[Role.API_CLIENT]
