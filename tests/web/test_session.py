"""Signing in and out, and pages that nobody sees without."""

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from accounts.models import User
from tests import factories

pytestmark = pytest.mark.django_db
ANY = "00000000-0000-0000-0000-000000000000"


def page_addresses() -> list[str]:
    """One address of every page of this face."""
    patterns = [row for row in get_resolver().url_patterns[0].url_patterns if row.name != "login"]  # type: ignore[union-attr]
    return [reverse(f"web:{row.name}", args=[ANY] * row.pattern.regex.groups) for row in patterns]


@pytest.mark.parametrize("address", page_addresses())
def test_every_page_asks_the_anonymous_to_sign_in(client: Client, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.url) == (302, f"{reverse('web:login')}?next={address}")


def test_signing_in_leads_to_the_page_that_was_asked_for(admin: User, client: Client) -> None:
    answer = client.post(reverse("web:login"), {"username": admin.username, "password": factories.PASSWORD, "next": "/?page=2"})
    assert (answer.status_code, answer.url) == (302, "/?page=2")
    assert client.get("/").status_code == 200


def test_signing_in_never_leads_to_another_site(admin: User, client: Client) -> None:
    answer = client.post(reverse("web:login"), {"username": admin.username, "password": factories.PASSWORD, "next": "https://example.org/"})
    assert answer.url == "/"


def test_wrong_password_is_refused_in_words(admin: User, client: Client) -> None:
    answer = client.post(reverse("web:login"), {"username": admin.username, "password": "wrong"})
    assert answer.status_code == 200
    assert "Please enter a correct username and password" in answer.content.decode()
    assert client.get("/").status_code == 302


def test_service_account_cannot_sign_in(admin: User, client: Client) -> None:
    robot = factories.worker(factories.home(admin))
    for password in ("", "!", factories.PASSWORD):
        client.post(reverse("web:login"), {"username": robot.username, "password": password})
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
