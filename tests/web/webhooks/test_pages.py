"""Pages about webhooks: set up with the secret shown once, the record of deliveries, replay, and every act asked once."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from core import clock
from tests import factories
from webhooks.models import Delivery, State, Subscription
from webhooks.sending import Answer

pytestmark = pytest.mark.django_db
WISH = {"name": "Procurement", "url": "https://procurement.example.org/hook?key=sesame", "events": ["clearance.changed"]}


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_empty_list_says_the_next_step(admin_client: Client, as_role: Callable[[str], Client]) -> None:
    assert "Set up a webhook" in text_of(admin_client.get(reverse("web:webhook-list")))
    assert "Set up a webhook" not in text_of(as_role(Role.AUDITOR).get(reverse("web:webhook-list")))


def test_secret_is_shown_once(admin_client: Client) -> None:
    answer = admin_client.post(reverse("web:webhook-create"), WISH)
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", text_of(answer))
    assert found is not None
    assert "no-store" in answer.headers["Cache-Control"]
    row = Subscription.objects.get()
    for page in (reverse("web:webhook-list"), reverse("web:webhook-detail", args=[row.pk]), reverse("web:webhook-edit", args=[row.pk])):
        assert found[0] not in text_of(admin_client.get(page))
    rotated = text_of(admin_client.post(reverse("web:webhook-rotate", args=[row.pk]), {"overlap_hours": 24}))
    assert found[0] not in rotated
    assert "whsec_" in rotated


def test_list_shows_the_host_and_not_the_key_in_the_address(admin_client: Client) -> None:
    admin_client.post(reverse("web:webhook-create"), WISH)
    for query in ("", "?export=csv"):
        text = text_of(admin_client.get(reverse("web:webhook-list") + query))
        assert "procurement.example.org" in text
        assert "sesame" not in text


@pytest.mark.parametrize(("field", "value"), [("url", "https://10.0.0.1/"), ("url", "http://procurement.example.org/"), ("name", ""), ("events", [])])
def test_bad_entry_is_named_and_kept(admin_client: Client, field: str, value: Any) -> None:
    answer = admin_client.post(reverse("web:webhook-create"), {**WISH, field: value})
    assert answer.status_code == 422
    assert not Subscription.objects.exists()
    assert field in answer.context["form"].errors


def test_record_of_deliveries_says_what_came_of_each(admin: User, admin_client: Client) -> None:
    row = factories.webhook(admin)
    delivery = factories.webhook_delivery(admin, row, Answer(502, 31, "The receiver answered 502.", "<b>bad gateway</b>"))
    page = text_of(admin_client.get(reverse("web:webhook-detail", args=[row.pk])))
    assert "webhook.test" in page
    assert "502" in page
    assert "Failing" in page
    detail = text_of(admin_client.get(reverse("web:webhook-delivery", args=[delivery.pk])))
    assert "&lt;b&gt;bad gateway" in detail
    assert delivery.event.message_id in detail


def test_delivery_is_sent_again(admin: User, admin_client: Client) -> None:
    delivery = factories.webhook_delivery(admin)
    address = reverse("web:webhook-delivery-replay", args=[delivery.pk])
    assert "Send it again?" in text_of(admin_client.get(address))
    assert admin_client.post(address).status_code == 302
    assert Delivery.objects.filter(event=delivery.event, replay=True, state="waiting").count() == 1


def test_time_is_replayed(admin: User, admin_client: Client) -> None:
    row = factories.webhook(admin)
    address = reverse("web:webhook-replay", args=[row.pk])
    now = clock.now()
    wish = {"since": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}", "until": f"{now:%Y-%m-%dT%H:%M}"}
    assert "0 events will be sent again" in text_of(admin_client.post(address, wish, follow=True))
    assert admin_client.post(address, {"since": wish["until"], "until": wish["since"]}).status_code == 422


@pytest.mark.parametrize(("name", "state"), [("webhook-disable", State.DISABLED), ("webhook-end", State.ENDED)])
def test_acts_are_asked_once_more(admin: User, admin_client: Client, name: str, state: str) -> None:
    row = factories.webhook(admin)
    address = reverse(f"web:{name}", args=[row.pk])
    assert "btn-danger" in text_of(admin_client.get(address))
    row.refresh_from_db()
    assert row.state == State.ACTIVE
    admin_client.post(address)
    row.refresh_from_db()
    assert row.state == state


def test_test_event_and_enabling(admin: User, admin_client: Client) -> None:
    row = factories.webhook(admin)
    admin_client.post(reverse("web:webhook-test", args=[row.pk]))
    assert Delivery.objects.get().event.type == "webhook.test"
    admin_client.post(reverse("web:webhook-disable", args=[row.pk]))
    assert admin_client.post(reverse("web:webhook-test", args=[row.pk])).status_code == 409
    admin_client.post(reverse("web:webhook-enable", args=[row.pk]))
    row.refresh_from_db()
    assert row.state == State.ACTIVE


def test_auditor_looks_and_changes_nothing(admin: User, as_role: Callable[[str], Client]) -> None:
    row, browser = factories.webhook(admin), as_role(Role.AUDITOR)
    page = text_of(browser.get(reverse("web:webhook-detail", args=[row.pk])))
    assert "Delete" not in page
    assert browser.post(reverse("web:webhook-end", args=[row.pk])).status_code == 403


def test_pages_ask_the_database_a_settled_number_of_times(admin: User, admin_client: Client, django_assert_max_num_queries: Any) -> None:
    row = factories.webhook(admin)
    for _ in range(4):
        factories.webhook_delivery(admin, row)
        factories.webhook(admin)
    with django_assert_max_num_queries(10):
        admin_client.get(reverse("web:webhook-list"))
    with django_assert_max_num_queries(10):
        admin_client.get(reverse("web:webhook-detail", args=[row.pk]))
