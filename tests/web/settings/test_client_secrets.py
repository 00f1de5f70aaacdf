"""Client secrets on the page of a service account: made and shown once, exchanged, revoked."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, ClientSecret, User
from accounts.oauth import access_token_issue
from tests import factories

pytestmark = pytest.mark.django_db


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_secret_is_made_shown_once_and_works(admin: User, admin_client: Client) -> None:
    program = factories.service_account(admin)
    page = reverse("web:user-detail", args=[program.pk])
    assert "No secret yet" in text_of(admin_client.get(page))
    answer = admin_client.post(reverse("web:client-secret-create", args=[program.pk]), {"scopes": ["clearance:read"], "days": 90})
    found = re.search(r"assay_cs_[\w-]{43}", text_of(answer))
    assert found is not None
    assert "no-store" in answer.headers["Cache-Control"]
    assert access_token_issue(str(program.pk), found[0], None)[1] == ["clearance:read"]
    assert found[0] not in text_of(admin_client.get(page))
    assert "clearance:read" in text_of(admin_client.get(page))


def test_scopes_beyond_the_account_are_not_offered(admin: User, admin_client: Client) -> None:
    address = reverse("web:client-secret-create", args=[factories.service_account(admin).pk])
    assert "incidents:submit" not in text_of(admin_client.get(address))
    assert admin_client.post(address, {"scopes": ["incidents:submit"], "days": 90}).status_code == 422
    assert not ClientSecret.objects.exists()


def test_exchange_and_revocation(admin: User, admin_client: Client) -> None:
    row, _ = factories.client_secret(admin)
    shown = text_of(admin_client.post(reverse("web:client-secret-rotate", args=[row.pk]), {"overlap_hours": 1}))
    assert "assay_cs_" in shown
    assert ClientSecret.objects.count() == 2
    assert "cannot be undone" in text_of(admin_client.get(reverse("web:client-secret-revoke", args=[row.pk])))
    admin_client.post(reverse("web:client-secret-revoke", args=[row.pk]))
    row.refresh_from_db()
    assert row.revoked_at is not None
    assert admin_client.post(reverse("web:client-secret-revoke", args=[row.pk])).status_code == 409


def test_access_tokens_are_in_no_list_of_tokens(admin: User, admin_client: Client) -> None:
    row, secret = factories.client_secret(admin)
    access_token_issue(str(row.user_id), secret, None)
    assert ApiToken.objects.count() == 1
    assert "OAuth 2" not in text_of(admin_client.get(reverse("web:token-list")))


def test_people_have_no_client_secrets(admin: User, admin_client: Client) -> None:
    person = factories.user("assessor", of=factories.home(admin))
    assert admin_client.get(reverse("web:client-secret-create", args=[person.pk])).status_code == 404
