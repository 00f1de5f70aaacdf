"""Idempotency-Key: done once, answered as often as asked."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from accounts.models import IdempotentRequest, User
from accounts.permissions import SCOPES
from api.v1.base import idempotency
from core import clock
from evidence.models import LedgerEntry
from inventory.models import Vendor
from tests import factories
from tests.api.base.test_answers import assert_problem
from tests.api.caller import Api, token_of

BODY = {"name": "A", "access": "text"}


def test_a_repetition_gets_the_first_answer_and_changes_nothing(api: Api) -> None:
    first = api.post("vendors", BODY, idempotency_key="k1")
    entries = LedgerEntry.objects.count()
    again = api.post("vendors", BODY, idempotency_key="k1")
    assert (again.status_code, again.content, again["Location"], again["ETag"]) == (201, first.content, first["Location"], first["ETag"])
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert (Vendor.objects.count(), LedgerEntry.objects.count()) == (1, entries)


def test_without_a_key_a_repetition_is_a_second_request(api: Api) -> None:
    api.post("vendors", BODY)
    assert_problem(api.post("vendors", BODY), 409)


def test_a_key_for_another_request_is_refused(api: Api) -> None:
    api.post("vendors", BODY, idempotency_key="k1")
    for path, body in (("vendors", {**BODY, "name": "B"}), ("systems", BODY)):
        found = api.post(path, body, idempotency_key="k1")
        assert found.status_code == 422
    assert assert_problem(api.post("vendors", {**BODY, "name": "B"}, idempotency_key="k1"), 422)["field"] == "Idempotency-Key"


def test_an_error_forgets_the_key(api: Api, admin: User) -> None:
    taken = factories.vendor(admin, name="A")
    assert_problem(api.post("vendors", BODY, idempotency_key="k1"), 409)
    assert not IdempotentRequest.objects.exists()
    Vendor.objects.filter(pk=taken.pk).update(name="Z")
    assert api.post("vendors", BODY, idempotency_key="k1").status_code == 201


def test_keys_of_different_people_do_not_meet(api: Api, admin: User) -> None:
    other = Api(token_of(factories.user(of=factories.home(admin)), *SCOPES))
    assert api.post("vendors", BODY, idempotency_key="k1").status_code == 201
    assert other.post("vendors", {**BODY, "name": "B"}, idempotency_key="k1").status_code == 201


def test_a_key_ends_after_a_day(api: Api) -> None:
    api.post("vendors", BODY, idempotency_key="k1")
    IdempotentRequest.objects.update(created_at=clock.now() - timedelta(hours=24, seconds=1))
    assert api.post("vendors", {**BODY, "name": "B"}, idempotency_key="k1").status_code == 201


@pytest.mark.parametrize("key", ["x" * 256, "a\tb", "a b", ""])
def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    assert assert_problem(api.post("vendors", BODY, idempotency_key=key), 422)["field"] == "Idempotency-Key"


def test_actions_take_a_key_too(api: Api, admin: User) -> None:
    plan = factories.plan(admin, seal=False)
    first = api.post(f"plans/{plan.id}/seal", idempotency_key="k1")
    again = api.post(f"plans/{plan.id}/seal", idempotency_key="k1")
    assert (first.status_code, again.content) == (200, first.content)
    assert_problem(api.post(f"plans/{plan.id}/seal", idempotency_key="k2"), 409)


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_time_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(token_of(factories.user(), *SCOPES))
    inside, answers, honest = threading.Event(), list[Any](), idempotency._claim

    def claim(*args: Any) -> IdempotentRequest:
        row = honest(*args)
        if not inside.is_set():
            inside.set()
            second.start()
            second.join(1)
        return row

    def call() -> None:
        answers.append(api.post("vendors", BODY, idempotency_key="k1"))
        connections.close_all()

    second = threading.Thread(target=call)
    monkeypatch.setattr(idempotency, "_claim", claim)
    answers.append(api.post("vendors", BODY, idempotency_key="k1"))
    second.join()
    assert [answer.status_code for answer in answers] == [201, 201], connection.vendor
    assert [answer.get("Idempotent-Replayed") for answer in answers].count("true") == 1
    assert answers[0].content == answers[1].content
    assert Vendor.objects.count() == 1
