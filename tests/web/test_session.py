"""Signing in and out, and pages that nobody sees without."""

from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from accounts.models import User
from tests import factories
from web.access import ACCESS

pytestmark = pytest.mark.django_db
ANY = "00000000-0000-0000-0000-000000000000"


def page_addresses() -> list[str]:
    """One address of every page of this face that asks for a role."""
    return [reverse(f"web:{name}", kwargs=example(name)) for name in sorted(ACCESS)]


def example(name: str) -> dict[str, Any]:
    """Arguments that fit the address ``name``."""
    possibilities = get_resolver().namespace_dict["web"][1].reverse_dict.getlist(name)
    wanted = possibilities[0][0][0][1]
    return {key: 1 if key == "index" else "svg" if key in {"form", "slug", "name"} else ANY for key in wanted}


def test_every_page_asks_the_anonymous_to_sign_in(client: Client) -> None:
    answers: dict[str, Any] = {address: client.get(address) for address in page_addresses()}
    assert len(answers) > 200
    led = {address: (answer.status_code, answer.headers.get("Location")) for address, answer in answers.items()}
    assert led == {address: (302, f"{reverse('web:login')}?next={address}") for address in answers}


def sign_in(client: Client, login: str, password: str = factories.PASSWORD, **more: str) -> Any:
    return client.post(reverse("web:login"), {"login": login, "password": password, **more})


def test_signing_in_leads_to_the_page_that_was_asked_for(admin: User, client: Client) -> None:
    answer = sign_in(client, admin.username, next="/vendors/?page=2")
    assert (answer.status_code, answer.url) == (302, "/vendors/?page=2")
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("to", ["https://example.org/", "//example.org/", "/\\example.org", "javascript:alert(1)", "http:example.org"])
def test_signing_in_never_leads_to_another_site(admin: User, client: Client, to: str) -> None:
    assert sign_in(client, admin.username, next=to).url == "/"


def test_signing_in_by_e_mail_address_in_any_case(admin: User, client: Client) -> None:
    User.objects.filter(pk=admin.pk).update(email="ada@example.org")
    assert sign_in(client, "Ada@Example.org").status_code == 302


def test_unknown_name_and_wrong_password_get_the_same_words(admin: User, client: Client) -> None:
    known, unknown = sign_in(client, admin.username, "wrong"), sign_in(client, "nobody", "wrong")
    for answer in (known, unknown):
        assert answer.status_code == 422
        assert "No account has this name and password" in answer.content.decode()
    assert client.get("/").status_code == 302


def test_guessing_ends_after_five_failures_even_with_the_right_password(admin: User, client: Client) -> None:
    for _ in range(5):
        sign_in(client, admin.username, "wrong")
    answer = sign_in(client, admin.username)
    assert answer.status_code == 422
    assert "Too many failed attempts" in answer.content.decode()
    assert sign_in(Client(), factories.user().username).status_code == 302, "others are not locked out"


def test_password_stands_in_no_log(admin: User, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    sign_in(client, admin.username, "this-must-not-be-logged")
    sign_in(client, admin.username)
    assert "this-must-not-be-logged" not in caplog.text
    assert factories.PASSWORD not in caplog.text


def test_signing_in_starts_a_new_session(admin: User, client: Client) -> None:
    client.get(reverse("web:login"))
    client.session["planted"] = True
    client.session.save()
    before = client.session.session_key
    sign_in(client, admin.username)
    assert client.session.session_key != before


def test_session_cookie_is_out_of_reach_of_scripts_and_lasts_twelve_hours(admin: User, client: Client) -> None:
    sign_in(client, admin.username)
    cookie = client.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 12 * 3600)


def test_sign_in_page_cannot_be_framed_or_scripted(client: Client) -> None:
    answer = client.get(reverse("web:login"))
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "script-src 'self';" in answer.headers["Content-Security-Policy"] + ";"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_sign_in_without_its_token_is_refused(admin: User) -> None:
    assert sign_in(Client(enforce_csrf_checks=True), admin.username).status_code == 403


def test_service_account_cannot_sign_in(admin: User, client: Client) -> None:
    robot = factories.worker(factories.home(admin))
    for password in ("", "!", factories.PASSWORD):
        sign_in(client, robot.username, password)
        assert client.get("/").status_code == 302


def test_signing_out_needs_a_form_and_works(admin_client: Client) -> None:
    assert admin_client.get(reverse("web:logout")).status_code == 405
    assert admin_client.get("/").status_code == 200
    admin_client.post(reverse("web:logout"))
    assert admin_client.get("/").status_code == 302


def test_fragment_whose_session_ran_out_makes_the_browser_load_the_login_page(client: Client) -> None:
    answer = client.get(reverse("web:login"), {"next": "/runs/x/"}, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/login/?next=%2Fruns%2Fx%2F"


def test_signed_in_person_is_led_past_the_login_page(admin_client: Client) -> None:
    assert admin_client.get(reverse("web:login")).status_code == 302
