"""The OpenAPI description: complete, committed, and true."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from accounts.permissions import POLICY, SCOPES
from api.v1.about.views import schema_document, schema_text
from api.v1.base.rows import Body
from tests.api.caller import Api

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, operation) for path, methods in schema_document()["paths"].items() for method, operation in methods.items()]


def test_the_committed_description_is_the_present_one() -> None:
    assert COMMITTED.read_text() == schema_text(), "the API changed: write the new description with “manage.py openapi” and look at the difference"


def test_it_is_openapi_3_1_without_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    schema_document.cache_clear()
    assert schema_document()["openapi"] == "3.1.0"
    assert "Warning" not in capsys.readouterr().err


def test_every_call_says_what_it_does_what_it_needs_and_how_it_fails() -> None:
    for path, method, operation in operations():
        where = f"{method} {path}"
        assert operation["summary"], where
        assert "Scope:" in operation["description"] or path.endswith("/me"), where
        assert {"401", "403", "422", "429", "500", "503"} <= set(operation["responses"]), where
        assert ("404" in operation["responses"]) >= ("{" in path), where
        assert ({"400", "409", "413", "415"} <= set(operation["responses"])) == (method != "get"), where
        assert ({"412", "428"} <= set(operation["responses"])) == (method == "patch"), where
        headers = {row["name"] for row in operation.get("parameters", []) if row["in"] == "header"}
        assert headers == {"get": {"If-None-Match"}, "post": {"Idempotency-Key"}, "patch": {"If-Match"}}[method], where


def test_every_call_names_the_ways_in_that_it_takes() -> None:
    schemes = schema_document()["components"]["securitySchemes"]
    flow = schemes["client_credentials"]["flows"]["clientCredentials"]
    assert (schemes["token"]["scheme"], flow["tokenUrl"]) == ("bearer", reverse("api:oauth-token"))
    assert flow["scopes"]["clearance:read"] == "see whether vendors are cleared, and why"
    assert set(flow["scopes"]) == {scope for scope, verbs in SCOPES.items() if verbs <= POLICY[Role.API_CLIENT]}
    for path, method, operation in operations():
        ways = operation["security"]
        assert {"session": []} in ways, (method, path)
        programs = [way["client_credentials"] for way in ways if "client_credentials" in way]
        assert {scope for way in programs for scope in way} <= set(flow["scopes"]), (method, path)
    found = {path: [way for way in methods["post"]["security"]] for path, methods in schema_document()["paths"].items() if "post" in methods}
    assert {"client_credentials": ["inventory:write"]} in found["/api/v1/vendors"]
    assert found["/api/v1/questionnaires"] == [{"token": ["questionnaires:send"]}, {"session": []}], "in tokens of people only"
    assert found["/api/v1/decisions/{id}/approve"] == found["/api/v1/questionnaires/{id}/judge"] == [{"session": []}]


def test_every_body_has_an_example_that_it_takes() -> None:
    bodies = [kind for kind in Body.__subclasses__() + [inner for kind in Body.__subclasses__() for inner in kind.__subclasses__()] if kind.example]
    assert len(bodies) >= 12
    for kind in bodies:
        checked = kind(data=kind.example)
        assert checked.is_valid(), (kind, checked.errors)


def test_bodies_refuse_unknown_fields_in_the_description_too() -> None:
    schemas = schema_document()["components"]["schemas"]
    assert {schemas[name]["additionalProperties"] for name in schemas if name.endswith(("Body", "Patch"))} == {False}


def test_it_is_handed_out_to_any_token(scoped: Any) -> None:
    answer = scoped("frameworks:read").get("openapi.json")
    assert (answer.status_code, answer.json()["info"]["title"]) == (200, "Assay API")


def test_a_caller_may_ask_who_it_is(api: Api, scoped: Any, admin: User) -> None:
    assert scoped("inventory:read").get("me").json()["scopes"] == ["inventory:read"]
    found = api.get("me").json()
    assert (found["id"], found["roles"][0]["role"]) == (str(admin.id), "administrator")


def test_the_interactive_page_is_for_people_and_has_no_inline_script(admin: User, client: Client) -> None:
    assert client.get("/api/v1/docs/").status_code == 302
    client.force_login(admin)
    page = client.get("/api/v1/docs/").content.decode()
    assert 'data-schema="/api/v1/openapi.json"' in page
    assert "<script>" not in page
    assert " style=" not in page
    assert client.post("/api/v1/docs/").status_code == 405
