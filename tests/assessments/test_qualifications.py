"""Calibrations as rows: who may ask, one at a time, leases, the attested record, and the cap it lifts."""

import json
from base64 import b64decode
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Role, User
from assessments.contracts import Reading, Refused
from assessments.models import Calibration, Finding, Qualification, RunState
from assessments.registry import source_digest
from assessments.services import qualifications as services
from assessments.services.runs import run_create
from core import clock
from core.canonical import parse_canonical
from core.errors import Conflict, InvalidInput, NotAllowed
from evidence import statements
from evidence.models import LedgerEntry
from evidence.storage import blob_read
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def robot(admin: User) -> User:
    return factories.worker(factories.home(admin))


def found(admin: User, robot: User, **fields: Any) -> Finding:
    """A finding of known_circuits made on this machine."""
    run = run_create(actor=admin, plan=factories.plan(admin, ("one",)))
    return factories.finish(robot, run.steps.get(), factories.output_here(**{"reading": Reading.CAUSAL, **fields}))


@pytest.mark.parametrize(
    ("role", "may"), [(Role.ADMINISTRATOR, True), (Role.ASSESSOR, True), (Role.GOVERNANCE, False), (Role.AUDITOR, False), (Role.API_CLIENT, False)]
)
def test_administrators_and_assessors_may_calibrate(admin: User, role: str, may: bool) -> None:
    person = factories.user(role, of=factories.home(admin))
    if may:
        assert services.calibration_request(actor=person, instrument="known_circuits").state == RunState.QUEUED
    else:
        with pytest.raises(NotAllowed):
            services.calibration_request(actor=person, instrument="known_circuits")
        assert not Calibration.objects.exists()


def test_one_at_a_time_per_instrument(admin: User) -> None:
    services.calibration_request(actor=admin, instrument="known_circuits")
    services.calibration_request(actor=admin, instrument="linear_direction")
    with pytest.raises(Conflict, match="being calibrated"):
        services.calibration_request(actor=admin, instrument="known_circuits")


def test_unknown_instrument_and_senseless_seeds_are_refused(admin: User) -> None:
    with pytest.raises(Refused, match="mind_reader"):
        services.calibration_request(actor=admin, instrument="mind_reader")
    with pytest.raises(InvalidInput, match="20"):
        services.calibration_request(actor=admin, instrument="known_circuits", seeds=0)


def test_only_one_worker_gets_it_and_a_lost_one_starts_over(admin: User, robot: User) -> None:
    row = factories.calibration(admin)
    assert services.calibration_claim(actor=robot, calibration_id=row.id) is None
    Calibration.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    again = services.calibration_claim(actor=robot, calibration_id=row.id)
    assert again is not None
    assert again.trials.count() == 0
    assert not services.trial_add(actor=robot, calibration=row, position=0, result=factories.trial()), "the first worker's lease is void"
    assert not services.calibration_renew(actor=robot, calibration=row)
    assert not services.calibration_report(actor=robot, calibration=row, fraction=0.5, stage="x")


def test_reaper_queues_a_lost_one_again_and_fails_it_at_the_cap(admin: User, robot: User, settings: Any) -> None:
    row = factories.calibration(admin)
    Calibration.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert services.calibration_reap(actor=robot) == [row.id]
    assert services.calibration_claim(actor=robot, calibration_id=row.id) is not None
    Calibration.objects.update(lease_until=clock.now() - timedelta(seconds=1), attempts_made=settings.ASSAY_MAX_ATTEMPTS)
    assert services.calibration_reap(actor=robot) == []
    row.refresh_from_db()
    assert (row.state, "worker lost" in row.error) == (RunState.FAILED, True)


def test_record_is_attested_logged_and_holds_every_trial(admin: User) -> None:
    row = Qualification.objects.get(pk=factories.qualification(admin).pk)
    document = json.loads(blob_read(row.result_artifact.sha256))
    assert len(document["trials"]) == len(factories.trials()) == row.calibration.trials.count()
    assert document["figures"] == row.figures
    entry = LedgerEntry.objects.get(attestation=row.attestation)
    assert (entry.action, entry.payload["record"], entry.payload["qualified"]) == ("assessments.calibration.recorded", row.result_artifact.sha256, True)
    assert row.attestation.predicate_type == statements.QUALIFICATION
    assert row.valid_until - row.made_at == timedelta(days=365)
    assert row.calibration.state == RunState.DONE
    parse_canonical(blob_read(row.result_artifact.sha256))


def test_stored_trials_give_the_recorded_figures_again(admin: User) -> None:
    row = factories.qualification(admin, results=[*factories.trials(3, 1), factories.trial("planted", 9, None)])
    assert json.loads(json.dumps(row.figures)) == json.loads(json.dumps(asdict(services.figures_of(row.calibration))))


def test_a_single_family_makes_no_record(admin: User, robot: User) -> None:
    row = factories.calibration(admin, family="refuser")
    with pytest.raises(InvalidInput, match="every family"):
        services.calibration_record(actor=robot, calibration=row, document={}, file=None)  # type: ignore[arg-type]
    assert services.calibration_close(actor=robot, calibration=row)
    assert not Qualification.objects.exists()


def test_without_a_record_the_reason_names_the_command(admin: User, robot: User) -> None:
    finding = found(admin, robot)
    assert (finding.reading, finding.verdict, finding.qualification) == ("causal", "not_qualified", None)
    assert any("./assay calibrate known_circuits" in reason for reason in finding.cap_reasons)


def test_a_current_record_lets_the_reading_stand_and_is_attested_with_it(admin: User, robot: User) -> None:
    record = factories.qualification(admin)
    finding = found(admin, robot)
    assert (finding.verdict, finding.qualification, finding.cap_reasons) == ("causal", record, [])
    assert finding.step.attestation is not None
    attested = statement_of(finding)["predicate"]["finding"]["qualification"]
    assert attested == {"record": {"sha256": record.result_artifact.sha256}, "log_index": record.attestation.entry.index}
    assert attested["log_index"] < finding.step.attestation.entry.index


def statement_of(finding: Finding) -> dict[str, Any]:
    assert finding.step.attestation is not None
    return dict(json.loads(b64decode(finding.step.attestation.parsed_envelope["payload"])))


def test_a_plan_sealed_before_the_calibration_counts_with_the_record_at_the_end_of_the_step(admin: User, robot: User) -> None:
    run = run_create(actor=admin, plan=factories.plan(admin, ("one",)))
    record = factories.qualification(admin)
    finding = factories.finish(robot, run.steps.get(), factories.output_here())
    assert run.plan.sealed_entry is not None
    assert run.plan.sealed_entry.index < record.attestation.entry.index
    assert finding.verdict == "observed"


def test_a_record_that_is_not_good_enough_caps_and_says_by_how_much(admin: User, robot: User) -> None:
    record = factories.qualification(admin, results=factories.trials(found=2))
    finding = found(admin, robot)
    assert (finding.verdict, finding.qualification) == ("not_qualified", record)
    assert any("50\u00a0% (4 of 8)" in reason for reason in finding.cap_reasons)


@pytest.mark.parametrize(
    "change",
    [
        {"environment": {"device": "cuda"}},
        {"made": {"source_digest": "00" * 32}},
        {"made": {"version": "0"}},
        {"made": {"valid_until": clock.now() - timedelta(days=1)}},
    ],
    ids=["device", "source", "version", "age"],
)
def test_a_record_of_other_conditions_caps(admin: User, robot: User, change: dict[str, Any]) -> None:
    record = factories.qualification(admin)
    Qualification.objects.update(**change.get("made", {}))
    environment = {**factories.output_here().environment, **change.get("environment", {})}
    finding = found(admin, robot, environment=environment)
    assert (finding.verdict, finding.qualification) == ("not_qualified", record)
    assert len(finding.cap_reasons) == 2
    assert source_digest("known_circuits") != "00" * 32


def test_the_record_for_this_machine_is_found_behind_a_newer_one_of_another(admin: User, robot: User) -> None:
    mine = factories.qualification(admin)
    factories.qualification(admin, device="cuda")
    finding = found(admin, robot)
    assert (finding.verdict, finding.qualification) == ("causal", mine)


def test_the_newest_record_counts_even_when_an_older_one_was_kinder(admin: User, robot: User) -> None:
    factories.qualification(admin)
    strict = factories.qualification(admin, results=factories.trials(found=0))
    finding = found(admin, robot)
    assert (finding.verdict, finding.qualification) == ("not_qualified", strict)


@pytest.mark.parametrize("reading", [Reading.NOT_APPLICABLE, Reading.INCONCLUSIVE])
def test_what_claims_nothing_stays_what_it_is(admin: User, robot: User, reading: Reading) -> None:
    assert found(admin, robot, reading=reading).verdict == reading.value
