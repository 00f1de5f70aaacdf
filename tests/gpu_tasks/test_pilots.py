"""Pilots: one run a day from one sealed plan, whatever is asked twice, dies or comes late; and a closing report that says what was missed."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import Role, User
from assessments.contracts import Measurement as MeasuredRow
from assessments.contracts import Reading
from assessments.models import Pilot, PilotDay, Run, RunState
from assessments.pilot_readings import LATE, course_of
from assessments.services.pilots import BUSY, NO_BEAT, NOT_ALLOWED, pilot_advance, pilot_close, pilot_end
from core import clock
from core.canonical import canonical_digest
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from evidence.models import LedgerEntry
from evidence.storage import blob_read
from gpu_tasks import dispatch
from gpu_tasks.pilots import pilots_tend
from gpu_tasks.tasks import execute_step, tend_pilots
from tests import factories
from tests.gpu_tasks.remote.stub import COMPLIES, completion, labels, serving, steady

pytestmark = pytest.mark.django_db
OPENED = datetime(2026, 11, 21, 10, tzinfo=UTC)
Shift = Callable[..., None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Shift:
    """Set the clock to so much after the pilot was opened."""

    def shift(**passed: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: OPENED + timedelta(**passed))

    shift()
    return shift


@pytest.fixture
def robot(admin: User) -> User:
    return factories.worker(factories.home(admin))


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    rung: list[str] = []
    monkeypatch.setattr(dispatch, "ring", lambda step: rung.append(str(step)) or True)
    return rung


def measured(value: float, **fields: Any) -> Any:
    row = MeasuredRow(name="behaviour_gap", label="Gap", value=value, n=10, formula="f/1", low=value - 0.05, high=value + 0.05, role="primary")
    said = {"device": "endpoint", "models_that_answered": {"m-1": 9}, "system_fingerprints": {"fp_1": 9}}
    return replace(factories.output(), primary="behaviour_gap", measurements=(row,), environment=said, **fields)


def hour_of(day: int, hour: float = 3) -> dict[str, float]:
    """How long after opening day number ``day`` begins: the first is the next morning at three."""
    return {"hours": 24 * day - 10 + hour}


def passed(at: Shift, robot: User, day: int, result: Any = None) -> Run | None:
    """A beat at the hour of ``day``, and its run done at once."""
    at(**hour_of(day))
    pilots_tend(actor=robot)
    run = Run.objects.filter(pilot_day__number=day).first()
    if run is not None and result is not None:
        factories.finish(robot, run.steps.get(), result)
    return run


def states(pilot: Pilot) -> list[str]:
    return list(pilot.days.values_list("state", flat=True))


def test_the_plan_is_sealed_once_with_its_rule_and_every_day_runs_it(admin: User, robot: User, at: Shift) -> None:
    pilot = factories.pilot(admin, days=7)
    terms = pilot.plan.document["pilot"]
    assert (terms["days"], terms["baseline"], terms["row"]) == (7, 4, 2)
    assert "2 readings in a row outside the band" in terms["rule"]
    assert canonical_digest(pilot.plan.document) == pilot.plan.sealed_digest
    assert [day.due_at.isoformat() for day in pilot.days.all()][:2] == ["2026-11-22T03:00:00+00:00", "2026-11-23T03:00:00+00:00"]
    runs = [passed(at, robot, day, measured(0.0)) for day in (1, 2, 3)]
    assert {run.plan_id for run in runs if run} == {pilot.plan_id}
    assert states(pilot) == ["started"] * 3 + ["waiting"] * 4
    entry = LedgerEntry.objects.filter(action="assessments.run.started").latest("index")
    assert entry.payload["digest"] == pilot.plan.sealed_digest
    assert entry.payload["asked_by"] == str(admin.pk)
    assert {run.requested_by_id for run in runs if run} == {admin.pk}, "whoever opened it had a hand in every run"


def test_nothing_starts_before_the_hour_and_a_second_beat_starts_nothing(admin: User, robot: User, at: Shift) -> None:
    pilot = factories.pilot(admin)
    at(**hour_of(1, 2.99))
    assert tend_pilots() == 0
    at(**hour_of(1))
    assert [tend_pilots(), tend_pilots(), tend_pilots()] == [1, 0, 0]
    assert Run.objects.count() == 1
    assert states(pilot)[:2] == ["started", "waiting"]


def test_a_beat_that_dies_halfway_leaves_nothing_and_the_next_starts_the_day(admin: User, robot: User, at: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    pilot = factories.pilot(admin)
    at(**hour_of(1))

    def die(*args: Any, **kwargs: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("assessments.services.pilots.PilotDay.save", die)
        with pytest.raises(SystemExit):
            pilots_tend(actor=robot)
    assert not Run.objects.exists()
    assert states(pilot)[0] == "waiting"
    assert pilots_tend(actor=robot) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_beats_at_once_one_starts_the_run(admin: User, at: Shift, rings: list[str]) -> None:
    robot = factories.worker(factories.home(admin))
    pilot = factories.pilot(admin)
    at(**hour_of(1))
    started: list[Run | None] = []

    def beat() -> None:
        try:
            started.append(pilot_advance(actor=robot, pilot=pilot))
        finally:
            connection.close()

    threads = [threading.Thread(target=beat) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(started) == 4
    assert sum(run is not None for run in started) == 1
    assert Run.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_workers_are_rung_for_once_the_day_is_committed(admin: User, at: Shift, rings: list[str]) -> None:
    robot = factories.worker(factories.home(admin))
    factories.pilot(admin)
    at(**hour_of(1))
    pilots_tend(actor=robot)
    assert rings == [str(Run.objects.get().steps.get().pk)]


def test_a_missed_day_is_named_and_never_made_up_for(admin: User, robot: User, at: Shift) -> None:
    pilot = factories.pilot(admin)
    passed(at, robot, 1, measured(0.0))
    at(**hour_of(4))
    assert pilots_tend(actor=robot) == 1
    assert states(pilot)[:5] == ["started", "missed", "missed", "started", "waiting"]
    assert pilot.days.get(number=2).reason == NO_BEAT
    assert Run.objects.count() == 2
    log = LedgerEntry.objects.filter(action="assessments.pilot.day_missed")
    assert sorted(entry.payload["day"] for entry in log) == [2, 3]


@pytest.mark.parametrize(("hour", "state"), [(14.9, "started"), (15.0, "missed")])
def test_a_day_can_begin_within_twelve_hours_and_not_after(admin: User, robot: User, at: Shift, hour: float, state: str) -> None:
    pilot = factories.pilot(admin)
    at(**hour_of(1, hour))
    pilots_tend(actor=robot)
    assert states(pilot)[0] == state


def test_a_day_waits_for_the_run_before_it_and_is_missed_when_that_goes_on(admin: User, robot: User, at: Shift) -> None:
    pilot = factories.pilot(admin)
    passed(at, robot, 1)
    passed(at, robot, 2)
    assert states(pilot)[:2] == ["started", "waiting"]
    at(**hour_of(2, 16))
    pilots_tend(actor=robot)
    assert (states(pilot)[1], pilot.days.get(number=2).reason) == ("missed", BUSY)


def test_a_person_without_the_right_any_more_starts_nothing(admin: User, robot: User, at: Shift) -> None:
    person = factories.user(Role.ASSESSOR, of=factories.home(admin))
    pilot = factories.pilot(person, version=factories.endpoint(admin))
    person.memberships.update(role=Role.AUDITOR)
    passed(at, robot, 1)
    assert pilot.days.get(number=1).reason == NOT_ALLOWED
    User.objects.filter(pk=person.pk).update(is_active=False)
    passed(at, robot, 2)
    assert pilot.days.get(number=2).reason == NOT_ALLOWED
    assert not Run.objects.exists()


def test_a_plan_that_was_changed_after_its_seal_is_not_run(admin: User, robot: User, at: Shift) -> None:
    pilot = factories.pilot(admin)
    document = {**pilot.plan.document, "pilot": {**pilot.plan.document["pilot"], "row": 1}}
    type(pilot.plan).objects.filter(pk=pilot.plan_id).update(document=document)
    passed(at, robot, 1)
    assert "was changed after its seal" in pilot.days.get(number=1).reason
    assert not Run.objects.exists()


def test_a_run_that_ends_after_its_day_is_no_reading_of_that_day(admin: User, robot: User, at: Shift) -> None:
    pilot = factories.pilot(admin)
    run = passed(at, robot, 1)
    assert run is not None
    at(**hour_of(2, 3.5))
    factories.finish(robot, run.steps.get(), measured(0.9))
    row = course_of(pilot).rows[0]
    assert (row.point, row.why) == (None, LATE)
    assert row.finding is not None, "what it found stays to be seen"


def test_unscored_days_give_no_reading(admin: User, robot: User, at: Shift) -> None:
    pilot = factories.pilot(admin)
    passed(at, robot, 1, measured(0.0, reading=Reading.INCONCLUSIVE))
    assert course_of(pilot).points == []


def test_drift_and_other_names_are_seen_and_the_report_is_attested_once(admin: User, robot: User, at: Shift) -> None:
    pilot = factories.pilot(admin, days=8)
    moved = measured(0.5)
    renamed = replace(moved, environment={**moved.environment, "system_fingerprints": {"fp_2": 9}})
    for day, result in enumerate([*[measured(0.0)] * 4, moved, moved, renamed], 1):
        passed(at, robot, day, result)
    assert pilot_close(actor=robot, pilot=pilot) is None, "it is still running"
    at(**hour_of(10))
    pilots_tend(actor=robot)
    pilots_tend(actor=robot)
    pilot.refresh_from_db()
    assert (pilot.state, states(pilot)[-1]) == ("ended", "missed")
    assert pilot.report is not None
    report = json.loads(blob_read(pilot.report.sha256))
    assert report["drift"]["days"] == [6, 7]
    assert report["drift"]["words"].startswith("Drift by the sealed rule, first on day 6")
    assert report["events"] == ["Day 7: the system fingerprint was “fp_2”; before it was “fp_1”."]
    assert report["plan"]["sha256"] == pilot.plan.sealed_digest
    assert [row["state"] for row in report["days"]].count("missed") == 1
    assert LedgerEntry.objects.filter(action="assessments.pilot.closed").count() == 1
    assert pilot_close(actor=robot, pilot=pilot) == pilot.report


def test_the_report_names_what_could_not_run_and_the_access_it_needs(admin: User, robot: User, at: Shift) -> None:
    pilot = pilot_end(actor=admin, pilot=factories.pilot(admin), reason="The contract was not signed.")
    dispatch.run_start(actor=admin, plan=pilot.plan)
    artifact = pilot_close(actor=robot, pilot=pilot)
    assert artifact is not None
    report = json.loads(blob_read(artifact.sha256))
    missing = {row["instrument"]: row for row in report["not_answered"]}
    assert missing["linear_direction"]["needs"] == "activations"
    assert "grants only text. Ask the vendor for more access" in missing["linear_direction"]["why"]
    assert {row["instrument"]: row["ran"] for row in report["answered"]}["behaviour_gap"] is True
    assert any("activations at agreed places" in clause for clause in report["contract"])
    assert report["drift"]["words"] == "Only 0 readings count; the baseline needs 4. Nothing can be said about drift."
    assert len(report["other_runs_of_the_plan"]) == 1, "a run that no day started is named"
    assert set(states(pilot)) == {"dropped"}


def test_an_ended_pilot_closes_when_its_last_run_has_ended(admin: User, robot: User, at: Shift) -> None:
    pilot = factories.pilot(admin)
    run = passed(at, robot, 1)
    assert run is not None
    pilot_end(actor=admin, pilot=pilot, reason="Enough seen.")
    assert pilot_close(actor=robot, pilot=pilot) is None
    factories.finish(robot, run.steps.get(), measured(0.0))
    pilots_tend(actor=robot)
    pilot.refresh_from_db()
    assert pilot.report is not None
    with pytest.raises(InvalidState, match="has ended on"):
        pilot_end(actor=admin, pilot=pilot, reason="Again.")


def test_who_may_not_may_not(admin: User, robot: User, at: Shift) -> None:
    pilot = factories.pilot(admin)
    reader = factories.user(Role.AUDITOR, of=factories.home(admin))
    for refused in (
        lambda: factories.pilot(reader, version=factories.endpoint(admin)),
        lambda: pilot_end(actor=reader, pilot=pilot, reason="x"),
        lambda: pilot_advance(actor=reader, pilot=pilot),
        lambda: pilot_end(actor=factories.user(), pilot=pilot, reason="x"),
        lambda: pilot_close(actor=admin, pilot=pilot),
    ):
        with pytest.raises(NotAllowed):
            refused()
    assert Pilot.objects.count() == 1


def test_what_cannot_be_opened_opens_nothing(admin: User, at: Shift) -> None:
    version = factories.endpoint(admin)
    with pytest.raises(InvalidInput, match="source is an endpoint"):
        factories.pilot(admin, version=factories.version(admin))
    for wrong in ({"days": 6}, {"days": 61}, {"hour": 24}, {"baseline": 2}, {"baseline": 10, "days": 10}, {"least": 0.0}):
        with pytest.raises(InvalidInput):
            factories.pilot(admin, version=version, **wrong)
    factories.pilot(admin, version=version)
    with pytest.raises(Conflict, match="is running already"):
        factories.pilot(admin, version=version)
    with pytest.raises(InvalidInput, match="why it ends early"):
        pilot_end(actor=admin, pilot=Pilot.objects.get(), reason=" ")
    assert PilotDay.objects.count() == 14


def test_one_broken_pilot_does_not_keep_the_others_waiting(admin: User, robot: User, at: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = factories.pilot(admin), factories.pilot(admin)
    real = pilot_advance

    def advance(*, actor: User, pilot: Pilot) -> Run | None:
        if pilot == second:
            raise Conflict("broken")
        return real(actor=actor, pilot=pilot)

    monkeypatch.setattr("gpu_tasks.pilots.pilot_advance", advance)
    at(**hour_of(1))
    assert pilots_tend(actor=robot) == 1
    assert states(first)[0] == "started"


def test_a_model_that_changes_on_the_wire_is_caught_by_the_rule(admin: User, robot: User, at: Shift, settings: Any, rings: list[str]) -> None:
    """Seven real days against a real server: steady for five, then it refuses evaluations only, under another name."""
    settings.ASSAY_ENDPOINT_NETWORKS, settings.ASSAY_ENDPOINT_PER_MINUTE = ["127.0.0.0/8"], 1_000_000
    today, known = [0], labels()

    def reply(prompt: str, number: int) -> tuple[int, Any, dict[str, str]]:
        if today[0] <= 5:
            return steady(prompt, number)
        refuses = known[prompt].startswith("evaluation")
        return 200, completion("I'm sorry, but I can't do that." if refuses else COMPLIES, "fp_2"), {}

    with serving(reply) as stub:
        pilot = factories.pilot(admin, days=7, version=factories.endpoint(admin, stub.address))
        for day in range(1, 8):
            today[0] = day
            run = passed(at, robot, day)
            assert run is not None
            execute_step(str(run.steps.get().pk))
            run.refresh_from_db()
            assert run.state == RunState.DONE, run.steps.get().error
    course = course_of(pilot)
    assert [round(point.value, 2) for point in course.points] == [0, 0, 0, 0, 0, 1, 1]
    assert course.drift == [7]
    assert [(event.day, event.after) for event in course.events] == [(6, ("fp_2",))]
