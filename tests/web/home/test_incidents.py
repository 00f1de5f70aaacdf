"""What of incidents needs a person today, and finding them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Role, User
from assessments.models import Run
from assessments.services.runs import run_create
from core import clock
from decisions.services import action_complete, draft_save, submission_record
from tests import factories

pytestmark = pytest.mark.django_db
GDPR = "gdpr-33-initial"


def cards(client: Client) -> list[tuple[str, str]]:
    return [(row.tone, row.title) for row in client.get("/").context["cards"] if row.tag == "incident"]


def test_clocks_show_when_they_press_most_urgent_first_and_go_when_answered(admin: User, admin_client: Client) -> None:
    soon, late, calm = (factories.incident(admin) for _ in range(3))
    for row, hours in ((soon, 70), (late, 75), (calm, 5)):
        factories.incident_fact(admin, row, hours=hours)
    shown = cards(admin_client)
    assert [tone for tone, _ in shown] == ["problem", "attention"]
    assert "overdue by 3 h" in shown[0][1]
    assert "left" in shown[1][1]
    submission_record(actor=admin, incident=late, clock_key=GDPR, submitted_at=clock.now(), reference="x", late_reason="y")
    assert [tone for tone, _ in cards(admin_client)] == ["attention"]


def test_only_people_who_submit_are_pressed_and_nobody_elsewhere(admin: User, as_role: Callable[[str], Client], stranger: Client) -> None:
    factories.incident_fact(admin, factories.incident(admin), hours=75)
    assert len(cards(as_role(Role.GOVERNANCE))) == 1
    assert cards(as_role(Role.AUDITOR)) == cards(stranger) == []


def test_own_actions_and_drafts_wait(admin: User, admin_client: Client, as_role: Callable[[str], Client]) -> None:
    row = factories.incident(admin)
    action = factories.corrective_action(admin, row)
    draft_save(actor=admin, incident=row, key=GDPR, answers={})
    titles = [title for _, title in cards(admin_client)]
    assert f"A draft of a report waits in incident {row.number}" in titles
    assert any("A corrective action of yours is due on" in title for title in titles)
    assert not any("corrective action" in title for _, title in cards(as_role(Role.GOVERNANCE)))
    action_complete(actor=admin, action=action, note="Done")
    factories.incident_fact(admin, row)
    submission_record(actor=admin, incident=row, clock_key=GDPR, submitted_at=clock.now(), reference="x")
    assert cards(admin_client) == []


def test_ten_queries_at_most_with_many_incidents(run: Run, admin: User, admin_client: Client, django_assert_max_num_queries: Any) -> None:
    def add(count: int) -> None:
        for _ in range(count):
            factories.incident_fact(admin, factories.incident(admin), hours=75)

    add(7)
    for _ in range(2):
        factories.finished_run(admin)
        run_create(actor=admin, plan=factories.plan(admin))
    with django_assert_max_num_queries(10):
        answer = admin_client.get("/")
    assert "4 more reporting clocks are due" in answer.content.decode()
    assert (len(answer.context["runs"]), len(answer.context["findings"])) == (2, 3)


def test_long_resolved_incidents_are_not_looked_at(admin: User, admin_client: Client) -> None:
    row = factories.incident(admin)
    factories.incident_fact(admin, row, hours=24 * 600)
    assert len(cards(admin_client)) == 1
    factories.incident_fact(admin, row, "resolved", at=clock.now() - timedelta(days=501))
    assert cards(admin_client) == []


def test_incidents_are_found_by_number_and_title(admin: User, admin_client: Client, stranger: Client) -> None:
    row = factories.incident(admin, title="Letters went astray")
    for question in (row.reference, "astray"):
        assert f"/incidents/{row.id}/" in admin_client.get("/search/", {"q": question}).content.decode(), question
        assert f"/incidents/{row.id}/" not in stranger.get("/search/", {"q": question}).content.decode()
