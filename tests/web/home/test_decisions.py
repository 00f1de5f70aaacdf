"""Decisions on the first page: what waits for whose approval, what no longer stands, and whose conditions are due."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Role, User
from core import clock
from decisions.basis import basis_of
from decisions.gate_models import Decision, DecisionTask
from decisions.services import approval_give, task_add, task_finish
from inventory.models import Lifecycle, ModelVersion
from tests import factories

pytestmark = pytest.mark.django_db
INCIDENTS = {"key": "c1", "kind": "incidents", "severity": "high"}


def titles(browser: Client) -> list[str]:
    return [card.title for card in browser.get("/").context["cards"] if card.tag == "decision"]


@pytest.fixture
def home_of(admin: User, client: Client) -> Callable[[User], list[str]]:
    def look(person: User) -> list[str]:
        client.force_login(person)
        return titles(client)

    return look


def asked(actor: User, version: ModelVersion, **fields: Any) -> Decision:
    return factories.decision(actor, factories.gate_policy(actor, [INCIDENTS], **fields), version=version)


def test_it_waits_for_those_whose_word_would_be_taken_and_for_nobody_else(admin: User, home_of: Callable[[User], list[str]]) -> None:
    version, house = factories.version(admin), factories.home(admin)
    row = asked(admin, version, quorum=2, roles=("approver",))
    approver, other = factories.user(Role.APPROVER, of=house), factories.user(Role.APPROVER, of=house)
    officer, auditor = factories.user(Role.GOVERNANCE, of=house), factories.user(Role.AUDITOR, of=house)
    wanted = [f"{row.reference} waits for your approval"]
    assert [home_of(person) for person in (approver, admin, officer, auditor)] == [wanted, [], [], []]
    approval_give(actor=approver, decision=row, digest=basis_of(row).digest)
    assert [home_of(person) for person in (approver, other)] == [[], wanted]
    task_add(actor=officer, decision=row, text="Look weekly", owner=officer, due_on=clock.now().date())
    assert home_of(approver) == wanted, "his word is void, so it is asked for again"
    factories.incident(admin, versions=[version])
    assert home_of(approver) == [], "a no go cannot be approved"


def test_an_approved_one_that_no_longer_stands_is_named_until_it_is_asked_again(admin: User, home_of: Callable[[User], list[str]]) -> None:
    version = factories.version(admin)
    row = asked(admin, version)
    approval_give(actor=factories.user(Role.APPROVER, of=factories.home(admin)), decision=row, digest=basis_of(row).digest)
    assert home_of(admin) == []
    incident = factories.incident(admin, versions=[version])
    assert home_of(admin) == [f"{row.reference} no longer stands"]
    ModelVersion.objects.filter(pk=version.pk).update(lifecycle=Lifecycle.RETIRED)
    assert home_of(admin) == [], "nobody needs a decision on what is out of use"
    ModelVersion.objects.filter(pk=version.pk).update(lifecycle=Lifecycle.APPROVED)
    factories.decision(admin, row.policy.policy, version=version)
    assert (home_of(admin), incident.number) == ([], 1)


def test_my_conditions_are_named_with_their_day_until_done(admin: User, home_of: Callable[[User], list[str]]) -> None:
    row, today = asked(admin, factories.version(admin)), clock.now().date()
    other = factories.user(Role.GOVERNANCE, of=factories.home(admin))
    task = task_add(actor=admin, decision=row, text="Look weekly", owner=other, due_on=today)
    assert [title.partition(" is due")[0] for title in home_of(other) if "condition" in title] == ["A condition of decision 1"]
    assert not [title for title in home_of(admin) if "condition" in title]
    DecisionTask.objects.update(due_on=today - timedelta(days=1))
    assert any("was due on" in title for title in home_of(other))
    task_finish(actor=other, task=task, note="Done.")
    assert not [title for title in home_of(other) if "condition" in title]


def test_more_decisions_ask_no_more_queries(admin: User, client: Client, django_assert_max_num_queries: Any) -> None:
    approver = factories.user(Role.APPROVER, of=factories.home(admin))
    client.force_login(approver)
    asked(admin, factories.version(admin))
    with django_assert_max_num_queries(25) as one:
        client.get("/")
    for _ in range(4):
        asked(admin, factories.version(admin))
    with django_assert_max_num_queries(len(one)):
        cards = titles(client)
    assert (len(cards), cards[-1]) == (4, "2 more decisions wait for your approval")
