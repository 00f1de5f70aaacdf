"""Programs with a token reach the API past what serves browsers; nobody else does, and nothing is less guarded there."""

from typing import Any

from django.test import Client

from accounts.models import User
from accounts.permissions import SCOPES
from tests.api.base.test_answers import assert_problem
from tests.api.caller import Api, token_of


def test_answers_to_programs_carry_the_headers_and_no_cookie(api: Api) -> None:
    for path, status in (("me", 200), ("vendors", 200), ("no/such/address", 404)):
        found = api.get(path)
        assert (found.status_code, dict(found.cookies)) == (status, {})
        assert "frame-ancestors 'none'" in found["Content-Security-Policy"]
        assert (found["X-Frame-Options"], found["X-Content-Type-Options"], found["Referrer-Policy"]) == ("DENY", "nosniff", "same-origin")
        assert found["X-Request-ID"]
        assert int(found["Content-Length"]) == len(found.content)


def test_a_program_takes_the_short_way_and_a_person_the_long_one(api: Api, client: Client, admin: User) -> None:
    client.force_login(admin)
    assert api.get("me")["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "default-src 'self'" in client.get("/api/v1/me")["Content-Security-Policy"]


def test_a_bad_token_is_refused_even_beside_a_session(admin: User) -> None:
    api = Api("assay_of_nobody")
    api.client.force_login(admin)
    assert_problem(api.get("vendors"), 401)


def test_a_token_opens_no_page(api: Api) -> None:
    for path in ("/api/v1/docs/", "/vendors/"):
        found: Any = api.get(path)
        assert (found.status_code, found["Location"].partition("?")[0]) == (302, "/login/")


def test_another_host_is_refused(admin: User) -> None:
    api = Api(token_of(admin, *SCOPES))
    assert api.get("me", host="elsewhere.example").status_code == 400


def test_another_scheme_goes_the_long_way_to_a_refusal(admin: User) -> None:
    client = Client(headers={"Authorization": "Basic abc"})
    assert_problem(client.get("/api/v1/vendors"), 401)
