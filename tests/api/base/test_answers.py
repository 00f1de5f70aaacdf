"""Who may ask at all, and what errors look like."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError
from django.test import Client

from accounts.models import ApiToken, User
from accounts.permissions import SCOPES
from api.v1.vendors import views as vendor_views
from core import clock
from core.errors import IntegrityFailed, StorageFailed
from tests import factories
from tests.api.caller import Api, token_of

PROBLEM = "application/problem+json"


def assert_problem(response: Any, status: int) -> dict[str, Any]:
    assert (response.status_code, response["Content-Type"]) == (status, PROBLEM), response.content
    found = response.json()
    assert {"type", "title", "status", "detail"} <= set(found)
    assert found["status"] == status
    assert found["type"].startswith("urn:assay:problem:")
    assert response["Cache-Control"] == "no-store"
    return found


def test_nobody_is_asked_for_a_token(db: None) -> None:
    response = Api().get("vendors")
    assert "token" in assert_problem(response, 401)["detail"]
    assert response["WWW-Authenticate"] == 'Bearer realm="assay"'


@pytest.mark.parametrize("fields", [{"expires_at": clock.now() - timedelta(seconds=1)}, {"revoked_at": clock.now()}])
def test_an_expired_or_revoked_token_is_refused(admin: User, fields: dict[str, Any]) -> None:
    assert_problem(Api(token_of(admin, *SCOPES, **fields)).get("vendors"), 401)


def test_an_unknown_token_or_scheme_is_refused(admin: User) -> None:
    assert_problem(Api("assay_nothing").get("vendors"), 401)
    assert_problem(Client(headers={"Authorization": "Basic YTpi"}).get("/api/v1/vendors"), 401)


def test_a_token_of_a_deactivated_person_is_refused(admin: User, api: Api) -> None:
    admin.is_active = False
    admin.save(update_fields=["is_active"])
    assert_problem(api.get("vendors"), 401)


def test_a_refusal_names_the_verb_and_whether_scope_or_role_is_missing(admin: User) -> None:
    by_scope = assert_problem(Api(token_of(admin, "frameworks:read")).get("vendors"), 403)["detail"]
    assert "inventory.read" in by_scope
    assert "scopes" in by_scope
    auditor = factories.user("auditor", of=factories.home(admin))
    by_role = assert_problem(Api(token_of(auditor, *SCOPES)).post("vendors", {"name": "A", "access": "text"}), 403)["detail"]
    assert "inventory.write" in by_role
    assert "roles" in by_role


def test_a_person_may_call_by_session_and_needs_the_csrf_token_to_write(admin: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin)
    assert browser.get("/api/v1/vendors").status_code == 200
    body = {"name": "A", "access": "text"}
    assert "CSRF" in assert_problem(browser.post("/api/v1/vendors", body, content_type="application/json"), 403)["detail"]
    browser.cookies["csrftoken"] = "a" * 32
    assert browser.post("/api/v1/vendors", body, content_type="application/json", headers={"X-CSRFToken": "a" * 32}).status_code == 201


def test_a_token_needs_no_csrf(admin: User) -> None:
    caller = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token_of(admin, 'inventory:write')}"})
    assert caller.post("/api/v1/vendors", {"name": "A", "access": "text"}, content_type="application/json").status_code == 201


def test_unknown_addresses_and_methods(api: Api) -> None:
    assert_problem(api.get("nowhere"), 404)
    assert_problem(api.get("vendors/not-a-uuid"), 404)
    assert_problem(api.get("vendors/00000000-0000-4000-8000-000000000000"), 404)
    response = api.client.delete("/api/v1/vendors")
    assert "GET, POST" in assert_problem(response, 405)["detail"]
    assert "GET" in response["Allow"]
    assert_problem(api.client.options("/api/v1/vendors"), 405)


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"name": NaN}', "application/json", 400),
        (b'{"name": "\\ud800"}', "application/json", 400),
        (b'{"name": "a\\u0000"}', "application/json", 400),
        (b'{"a": {"b": [9007199254740993]}}', "application/json", 400),
        (b"name=A", "application/x-www-form-urlencoded", 415),
        (b"x" * (3 << 20), "application/json", 413),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(api: Api, body: bytes, media_type: str, status: int) -> None:
    assert_problem(api.client.generic("POST", "/api/v1/vendors", body, content_type=media_type), status)


def test_every_wrong_field_is_named_with_the_fix(api: Api) -> None:
    found = assert_problem(api.post("vendors", {"name": 5, "access": "all", "colour": "red"}), 422)
    assert found["errors"] == [{"field": "colour", "message": found["errors"][0]["message"]}]
    assert "known:" in found["errors"][0]["message"]
    found = assert_problem(api.post("vendors", {"name": 5, "access": "all"}), 422)
    assert {row["field"] for row in found["errors"]} == {"name", "access"}
    assert found["field"] == "name"
    assert "name" in found["detail"]


def test_a_service_names_its_field_too(api: Api) -> None:
    assert assert_problem(api.post("vendors", {"name": "A", "access": "text", "country": "XX"}), 422)["field"] == "country"


def test_a_nested_field_is_named_by_its_path(api: Api, admin: User) -> None:
    version = factories.version(admin)
    items = [{"instrument": "known_circuits", "thresholds": [{"metric": "a", "op": "=="}]}]
    found = assert_problem(api.post("plans", {"version": str(version.id), "title": "T", "claim": "C", "items": items}), 422)
    assert found["field"] == "items[0].thresholds[0].op"


@pytest.mark.parametrize("query", ["colour=red", "name=", "name=a&name=b", "access=all", "limit=0", "limit=201", "limit=x", "ordering=secret", "cursor=abc"])
def test_a_parameter_that_cannot_be_understood_is_refused_not_ignored(api: Api, query: str) -> None:
    assert assert_problem(api.get(f"vendors?{query}"), 422)["field"] == query.partition("=")[0]


@pytest.mark.parametrize("way", ["{0}%20", "{{{0}}}", "urn:uuid:{0}", "%0C", "x"])
def test_an_id_is_taken_as_it_is_written_in_answers_and_in_no_other_way(api: Api, admin: User, way: str) -> None:
    system = factories.system(admin)
    assert api.get(f"deployments?system={system.pk}").status_code == 200
    assert assert_problem(api.get(f"deployments?system={way.format(system.pk)}"), 422)["field"] == "system"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (IntegrityError("UNIQUE constraint failed: secret_table"), 409),
        (OperationalError("database is locked"), 503),
        (StorageFailed("no room left"), 507),
        (IntegrityFailed("the log was changed"), 500),
        (RuntimeError("secret detail"), 500),
    ],
)
def test_a_fault_of_ours_is_a_problem_too_and_tells_no_secrets(api: Api, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int) -> None:
    def fail(**_: Any) -> None:
        raise error

    monkeypatch.setattr(vendor_views, "vendor_register", fail)
    response = api.post("vendors", {"name": "A", "access": "text"})
    assert "secret" not in assert_problem(response, status)["detail"]


def test_answers_say_they_are_not_to_be_kept(api: Api) -> None:
    response = api.get("vendors")
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Type"] == "application/json"
    assert ApiToken.objects.get().last_used_at is not None
