"""OAuth 2 client credentials: a secret becomes a short-lived token with no more than its scopes; errors are those of RFC 6749."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from accounts import oauth
from accounts.models import ApiToken, ClientSecret, Role, User
from accounts.permissions import SCOPES
from accounts.services import user_deactivate
from api.v1.base import throttling
from core import clock
from core.errors import InvalidInput, InvalidState, NotAllowed
from evidence import ledger
from evidence.models import LedgerEntry
from tests import factories
from tests.api.caller import Api

pytestmark = pytest.mark.django_db
TOKEN = "/api/v1/oauth/token"
FORM = "application/x-www-form-urlencoded"
Credentials = tuple[ClientSecret, str]


@pytest.fixture
def client_secret(admin: User) -> Credentials:
    return factories.client_secret(admin, None, "clearance:read", "inventory:read")


def ask(body: str, **headers: str) -> Any:
    return Client(headers=headers).post(TOKEN, body, content_type=FORM)


def basic(key: object, secret: str) -> str:
    return f"Basic {base64.b64encode(f'{key}:{secret}'.encode()).decode()}"


def granted(found: Credentials, more: str = "") -> Any:
    row, secret = found
    return ask(f"grant_type=client_credentials{more}", Authorization=basic(row.user_id, secret))


def test_secret_becomes_a_token_that_opens_what_its_scopes_say(admin: User, client_secret: Credentials) -> None:
    answer = granted(client_secret)
    assert (answer.status_code, answer["Cache-Control"], answer["Pragma"]) == (200, "no-store", "no-cache")
    said = answer.json()
    assert (said["token_type"], said["expires_in"], said["scope"]) == ("Bearer", 900, "clearance:read inventory:read")
    api = Api(said["access_token"])
    assert api.get("me").json()["id"] == str(client_secret[0].user_id)
    assert api.get("vendors").status_code == 200
    assert api.get("decisions").status_code == 403
    assert api.post("vendors", {"name": "X", "access": "text"}).status_code == 403


def test_secret_in_the_form(client_secret: Credentials) -> None:
    row, secret = client_secret
    assert ask(f"grant_type=client_credentials&client_id={row.user_id}&client_secret={secret}").status_code == 200


def test_fewer_scopes_can_be_asked_for(client_secret: Credentials) -> None:
    said = granted(client_secret, "&scope=clearance:read").json()
    assert said["scope"] == "clearance:read"
    assert Api(said["access_token"]).get("vendors").status_code == 403


def test_nothing_is_kept_in_clear(client_secret: Credentials) -> None:
    token = granted(client_secret).json()["access_token"]
    for row in (ApiToken.objects.get(), ClientSecret.objects.get()):
        assert token not in str(vars(row))
        assert client_secret[1] not in str(vars(row))
    assert client_secret[1] not in "".join(LedgerEntry.objects.values_list("leaf", flat=True))


def test_token_ends_after_a_quarter_of_an_hour_and_never_outlives_its_secret(client_secret: Credentials, monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(granted(client_secret).json()["access_token"])
    row, start = client_secret[0], clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=14))
    assert api.get("me").status_code == 200
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=16))
    assert api.get("me").status_code == 401
    monkeypatch.setattr(clock, "now", lambda: row.expires_at - timedelta(minutes=5))
    assert granted(client_secret).json()["expires_in"] == 300
    assert ApiToken.objects.count() == 1, "ended tokens are cleared away"
    monkeypatch.setattr(clock, "now", lambda: row.expires_at)
    assert granted(client_secret).status_code == 401


@pytest.mark.parametrize(
    ("body", "headers", "status", "error"),
    [
        ("grant_type=client_credentials", {}, 401, "invalid_client"),
        ("grant_type=client_credentials&client_id=KEY&client_secret=wrong", {}, 401, "invalid_client"),
        ("grant_type=client_credentials&client_id=00000000-0000-4000-8000-000000000000&client_secret=SECRET", {}, 401, "invalid_client"),
        ("grant_type=client_credentials&client_id=nobody&client_secret=SECRET", {}, 401, "invalid_client"),
        ("grant_type=client_credentials", {"Authorization": "Basic !!!"}, 401, "invalid_client"),
        ("grant_type=client_credentials", {"Authorization": "Bearer x"}, 401, "invalid_client"),
        ("grant_type=client_credentials", {"Authorization": basic("k", "\x00")}, 401, "invalid_client"),
        ("grant_type=client_credentials&client_id=KEY&client_secret=SECRET", {"Authorization": basic("a", "b")}, 400, "invalid_request"),
        ("client_id=KEY&client_secret=SECRET", {}, 400, "invalid_request"),
        ("grant_type=password&client_id=KEY&client_secret=SECRET", {}, 400, "unsupported_grant_type"),
        ("grant_type=client_credentials&grant_type=client_credentials&client_id=KEY&client_secret=SECRET", {}, 400, "invalid_request"),
        ("grant_type=client_credentials&client_id=KEY&client_secret=SECRET&scope=evidence:read", {}, 400, "invalid_scope"),
        ("grant_type=client_credentials&client_id=KEY&client_secret=SECRET&scope=everything", {}, 400, "invalid_scope"),
        ("grant_type=client_credentials&client_id=KEY&client_secret=SECRET&scope=+", {}, 400, "invalid_scope"),
        ("grant_type=client_credentials&client_id=KEY%00&client_secret=SECRET", {}, 400, "invalid_request"),
    ],
)
def test_errors_are_those_of_the_rfc(client_secret: Credentials, body: str, headers: dict[str, str], status: int, error: str) -> None:
    row, secret = client_secret
    answer = ask(body.replace("KEY", str(row.user_id)).replace("SECRET", secret), **headers)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert set(answer.json()) == {"error", "error_description"}
    assert answer["Cache-Control"] == "no-store"
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_a_form_that_is_posted(client_secret: Credentials, method: str) -> None:
    assert Client().generic(method, TOKEN).json()["error"] == "invalid_request"
    assert Client().post(TOKEN, "{}", content_type="application/json").json()["error"] == "invalid_request"


def test_revoked_secret_and_its_tokens_are_dead_at_once(admin: User, client_secret: Credentials) -> None:
    api = Api(granted(client_secret).json()["access_token"])
    oauth.client_secret_revoke(actor=admin, record=ledger.append, secret=client_secret[0])
    assert api.get("me").status_code == 401
    assert granted(client_secret).status_code == 401
    with pytest.raises(InvalidState):
        oauth.client_secret_revoke(actor=admin, record=ledger.append, secret=client_secret[0])


def test_exchanged_secret_goes_on_for_the_overlap(admin: User, client_secret: Credentials, monkeypatch: pytest.MonkeyPatch) -> None:
    made = oauth.client_secret_rotate(actor=admin, record=ledger.append, secret=client_secret[0], overlap_hours=1)
    assert made[0].scopes == client_secret[0].scopes
    assert granted(made).status_code == granted(client_secret).status_code == 200
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(hours=1, seconds=1))
    assert (granted(made).status_code, granted(client_secret).status_code) == (200, 401)
    third = oauth.client_secret_rotate(actor=admin, record=ledger.append, secret=made[0], overlap_hours=0)
    assert (granted(third).status_code, granted(made).status_code) == (200, 401)


def test_deactivated_account_gets_nothing_and_its_secrets_stay_dead(admin: User, client_secret: Credentials) -> None:
    api, program = Api(granted(client_secret).json()["access_token"]), client_secret[0].user
    user_deactivate(actor=admin, record=ledger.append, user=program)
    assert (granted(client_secret).status_code, api.get("me").status_code) == (401, 401)
    User.objects.filter(pk=program.pk).update(is_active=True)
    assert granted(client_secret).status_code == 401


def test_tries_are_limited_by_client_and_by_place(client_secret: Credentials, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, "_counts", {})
    cache.clear()
    monkeypatch.setattr(throttling.time, "time", lambda: 1_800_000_000.0)
    settings.ASSAY_OAUTH_TRIES_PER_MINUTE = 3
    answers = [granted(client_secret) for _ in range(4)]
    assert [row.status_code for row in answers] == [200, 200, 200, 429]
    row, secret = client_secret
    elsewhere = Client(REMOTE_ADDR="192.0.2.7", headers={"Authorization": basic(row.user_id, secret)})
    assert elsewhere.post(TOKEN, "grant_type=client_credentials", content_type=FORM).status_code == 200, "nobody shuts a client out from another address"
    guesses: list[HttpResponse] = [ask(f"grant_type=client_credentials&client_id={n}&client_secret=x") for n in range(12)]
    assert [row.status_code for row in guesses][-1] == 429, "changing the client id does not help a guesser"


def test_only_administrators_of_the_organisation_manage_secrets_of_programs(admin: User) -> None:
    home, program = factories.home(admin), factories.service_account(admin)
    row, _ = factories.client_secret(admin, program)
    for other in (factories.user(Role.GOVERNANCE, of=home), factories.user(Role.ASSESSOR, of=home), factories.user()):
        with pytest.raises(NotAllowed):
            factories.client_secret(other, program)
        with pytest.raises(NotAllowed):
            oauth.client_secret_rotate(actor=other, record=ledger.append, secret=row)
        with pytest.raises(NotAllowed):
            oauth.client_secret_revoke(actor=other, record=ledger.append, secret=row)
    for person in (admin, factories.worker(home)):
        with pytest.raises(NotAllowed, match="service accounts"):
            factories.client_secret(admin, person)
    for field, wish in (("scopes", {"scopes": ["decisions:waive"]}), ("scopes", {"scopes": []}), ("days", {"days": 0})):
        with pytest.raises(InvalidInput) as caught:
            oauth.client_secret_issue(actor=admin, record=ledger.append, **{"user": program, "scopes": ["clearance:read"], "days": 1, **wish})
        assert caught.value.field == field


def test_metadata_of_rfc_8414(client: Client, settings: Any) -> None:
    said: Any = client.get("/.well-known/oauth-authorization-server").json()
    assert said["issuer"] == "http://testserver"
    assert said["token_endpoint"] == "http://testserver/api/v1/oauth/token"
    assert said["grant_types_supported"] == ["client_credentials"]
    assert said["scopes_supported"] == list(SCOPES)
    settings.ASSAY_PUBLIC_ADDRESS = "https://assay.example.org"
    assert client.get("/.well-known/oauth-authorization-server").json()["token_endpoint"] == "https://assay.example.org/api/v1/oauth/token"
    assert client.post("/.well-known/oauth-authorization-server").status_code == 405
