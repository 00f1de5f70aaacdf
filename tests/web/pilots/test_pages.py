"""Pages of pilots: opening seals, the course shows drift, gaps and what was missed, ending asks for a reason, the report says what access was lacking."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Pilot, PilotDay, Run
from assessments.services.pilots import pilot_advance, pilot_close, pilot_end
from core import clock
from tests import factories
from tests.gpu_tasks.test_pilots import measured

pytestmark = pytest.mark.django_db
WISH = {"days": 14, "hour": 3, "baseline": 4, "row": 2, "least": 0.1, "seed": 7}


def body_of(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def with_course(admin: User, monkeypatch: pytest.MonkeyPatch, **fields: int) -> Pilot:
    """Four steady days, a missed one, two that drifted, the last under another fingerprint."""
    robot, pilot = factories.worker(factories.home(admin)), factories.pilot(admin, **fields)
    first = pilot.days.get(number=1).due_at
    moved = measured(0.6)
    renamed = replace(moved, environment={**moved.environment, "system_fingerprints": {"fp_<2>": 9}})
    for day, result in {1: measured(0.0), 2: measured(0.0), 3: measured(0.0), 4: measured(0.0), 6: moved, 7: renamed}.items():
        with monkeypatch.context() as patch:
            patch.setattr(clock, "now", lambda day=day: first + timedelta(days=day - 1, minutes=5))
            run = pilot_advance(actor=robot, pilot=pilot)
            assert run is not None
            factories.finish(robot, run.steps.get(), result)
    return pilot


def test_opening_seals_a_plan_with_the_rule(admin: User, admin_client: Client) -> None:
    version = factories.endpoint(admin)
    factories.version(admin)
    assert body_of(admin_client, f"/pilots/new/?version={version.pk}").count("<option") == 2, "endpoints only, and the empty choice"
    assert admin_client.post("/pilots/new/", {**WISH, "version": version.pk}).status_code == 302
    pilot = Pilot.objects.get()
    assert pilot.plan.sealed_digest
    body = body_of(admin_client, f"/pilots/{pilot.pk}/")
    assert "2 readings in a row outside the band" in body
    assert "There is no reading yet" in body
    assert pilot.plan.sealed_digest[:12] in body
    assert str(version) in body_of(admin_client, "/pilots/")


@pytest.mark.parametrize(("field", "value"), [("days", 3), ("hour", 24), ("baseline", 10), ("least", 0), ("version", "")])
def test_a_wrong_wish_is_named_and_seals_nothing(admin: User, admin_client: Client, field: str, value: object) -> None:
    wish = {**WISH, "days": 10, "version": factories.endpoint(admin).pk, field: value}
    assert admin_client.post("/pilots/new/", wish).status_code == 422
    assert not Pilot.objects.exists()


def test_the_course_shows_drift_events_and_what_was_missed(admin: User, admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    pilot = with_course(admin, monkeypatch)
    body = body_of(admin_client, f"/pilots/{pilot.pk}/")
    assert "Drift by the sealed rule, first on day 7" in body
    assert "the system fingerprint was “fp_<2>”; before it was “fp_1”" in body
    assert "<dt>Missed</dt><dd>5</dd>" in body
    assert "day 8," in body
    assert "figure-from-end" in body
    assert "Numbers behind the figure" in body
    assert "<svg" in body
    assert "fp_&lt;2&gt;" in admin_client.get(f"/pilots/{pilot.pk}/").content.decode(), "what an endpoint says is text, not markup"


def test_ending_asks_for_a_reason_and_the_report_names_the_gap(admin: User, admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    pilot = with_course(admin, monkeypatch)
    assert "nothing of it is signed" in body_of(admin_client, f"/pilots/{pilot.pk}/report/")
    assert "cannot be brought back" in body_of(admin_client, f"/pilots/{pilot.pk}/end/")
    assert admin_client.post(f"/pilots/{pilot.pk}/end/", {"reason": ""}).status_code == 422
    assert admin_client.post(f"/pilots/{pilot.pk}/end/", {"reason": "Seen enough."}).status_code == 302
    assert PilotDay.objects.filter(state="dropped").count() == 7
    assert "not yet signed" in body_of(admin_client, f"/pilots/{pilot.pk}/report/")
    pilot_close(actor=factories.worker(factories.home(admin)), pilot=pilot)
    body = body_of(admin_client, f"/pilots/{pilot.pk}/report/")
    for text in (
        "Signed as evidence",
        "linear_direction needs access to activations",
        "No legal advice",
        "6 days run, 1 missed, 6 readings counted",
        "Which weights answered",
    ):
        assert text in body
    assert admin_client.post(f"/pilots/{pilot.pk}/end/", {"reason": "Again."}).status_code == 409


def test_strangers_see_nothing_and_readers_cannot_act(admin: User, stranger: Client, as_role: Callable[[str], Client]) -> None:
    pilot = factories.pilot(admin)
    for path in ("", "report/", "end/"):
        assert stranger.get(f"/pilots/{pilot.pk}/{path}").status_code == 404
    assert str(pilot.version) not in body_of(stranger, "/pilots/")
    reader = as_role(Role.AUDITOR)
    assert "/end/" not in body_of(reader, f"/pilots/{pilot.pk}/")
    assert reader.get("/pilots/new/").status_code == 403
    assert reader.post(f"/pilots/{pilot.pk}/end/", {"reason": "x"}).status_code == 403
    pilot.refresh_from_db()
    assert pilot.state == "open"


def test_pages_cost_the_same_for_many(
    admin: User, admin_client: Client, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    pilot = with_course(admin, monkeypatch)
    for _ in range(5):
        factories.pilot(admin)
    with django_assert_max_num_queries(10):
        body_of(admin_client, "/pilots/")
    with django_assert_max_num_queries(14):
        body_of(admin_client, f"/pilots/{pilot.pk}/")
    assert Run.objects.count() == 6


def test_the_list_goes_out_as_csv(admin: User, admin_client: Client) -> None:
    pilot = factories.pilot(admin)
    pilot_end(actor=admin, pilot=pilot, reason="No.")
    rows = admin_client.get("/pilots/?export=csv&state=stopped").content.decode().splitlines()
    assert rows[0].lstrip("\ufeff").startswith("Version,State,Days run,Days missed")
    assert len(rows) == 2
