"""Calibration on the pages: what a record says, what it lacks, how it is made, and who may make it."""

import json
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from celery import Celery
from django.test import Client

from accounts.models import Role, User
from assessments.contracts import Reading
from assessments.models import Calibration, Finding, Qualification, RunState
from assessments.services.runs import run_create
from core.errors import InvalidInput
from gpu_tasks import calibration
from tests import factories

pytestmark = pytest.mark.django_db
PAGE = "/instruments/known_circuits/"


@pytest.fixture(autouse=True)
def organisms_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker in this process, and trials for every instrument."""
    monkeypatch.setattr(calibration, "current_app", Celery("test", broker="memory://", set_as_current=False))
    monkeypatch.setattr(calibration, "trials_check", lambda slug, family="": None)


def body_of(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return unescape(answer.content.decode()).replace("\u00a0", " ")


def test_without_a_record_the_page_names_the_command(admin_client: Client) -> None:
    body = body_of(admin_client, PAGE)
    assert "Not known yet" in body
    assert "./assay calibrate known_circuits" in body
    assert f"{PAGE}calibrate/" in body


def test_record_shows_figures_intervals_curve_trials_and_what_it_does_not_cover(admin: User, admin_client: Client) -> None:
    row = factories.qualification(admin)
    body = body_of(admin_client, PAGE)
    assert "As far as its record goes" in body
    for text in ("8 of 8 trials on 4 test models; 95 % interval 51 % to 100 %", "0 of 32 trials on 16 test models", "strength 1 of 1", "This one counts."):
        assert text in body
    assert "not from this model" in body
    assert "<svg" in body.split('id="calibration"')[1]
    assert "refuser: odd but harmless" in body
    assert f"/calibration-records/{row.id}/" in body
    assert "100 % found, 0 % wrongly claimed" in body_of(admin_client, "/instruments/")


def test_insufficient_and_lapsed_records_say_why_and_what_to_do(admin: User, admin_client: Client) -> None:
    factories.qualification(admin, results=factories.trials(found=1))
    body = body_of(admin_client, PAGE)
    assert "It found 25 % (2 of 8) of what was planted" in body
    assert "It does not qualify the instrument." in body
    Qualification.objects.update(source_digest="00" * 32)
    body = body_of(admin_client, PAGE)
    assert "No. The instrument's code was changed after the calibration." in body
    assert "./assay calibrate known_circuits" in body
    assert "a record that does not qualify it" in body_of(admin_client, "/instruments/")


def test_error_trials_are_shown_with_their_reason(admin: User, admin_client: Client) -> None:
    factories.qualification(admin, results=[*factories.trials(), factories.trial("twin", 9, None)])
    body = body_of(admin_client, PAGE)
    assert "refuser-twin-000-s9, seed 1: the instrument needs longer texts" in body
    assert "1 of them ended in an error" in body


def test_calibrating_asks_first_then_starts_once_and_leads_to_its_progress(admin_client: Client) -> None:
    assert "signed and entered in the log" in body_of(admin_client, f"{PAGE}calibrate/")
    assert not Calibration.objects.exists()
    answer = admin_client.post(f"{PAGE}calibrate/")
    row = Calibration.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/calibrations/{row.id}/")
    assert admin_client.post(f"{PAGE}calibrate/").headers["Location"] == f"/calibrations/{row.id}/"
    assert Calibration.objects.count() == 1
    assert "Being calibrated now" in body_of(admin_client, PAGE)


def test_who_may_not_calibrate_sees_no_button_and_is_stopped(as_role: Callable[[str], Client]) -> None:
    browser = as_role(Role.GOVERNANCE)
    assert f"{PAGE}calibrate/" not in body_of(browser, PAGE)
    assert browser.post(f"{PAGE}calibrate/").status_code == 403
    assert not Calibration.objects.exists()


def test_nothing_to_calibrate_on_is_an_answer_in_words(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(slug: str, family: str = "") -> None:
        raise InvalidInput("instrument", "no organism has a trial for it")

    monkeypatch.setattr(calibration, "trials_check", none)
    answer = admin_client.post(f"{PAGE}calibrate/")
    assert answer.status_code == 422
    assert "no organism has a trial for it" in answer.content.decode()


def test_progress_goes_on_by_itself_and_ends_with_every_trial(admin: User, admin_client: Client) -> None:
    row = factories.calibration(admin)
    Calibration.objects.update(fraction=0.42, stage="trial 3 of 7: refuser")
    live = body_of(admin_client, f"/calibrations/{row.id}/")
    assert all(text in live for text in ("42 %", "trial 3 of 7: refuser", 'hx-trigger="every 2s"'))
    part = admin_client.get(f"/calibrations/{row.id}/", headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="live"')
    Calibration.objects.update(state=RunState.FAILED, error="refuser changed since it was listed")
    failed = body_of(admin_client, f"/calibrations/{row.id}/")
    assert "refuser changed since it was listed" in failed
    assert "every 2s" not in failed
    assert failed.count("refuser-random-000-s1<") == 2


def test_signed_record_can_be_fetched(admin: User, admin_client: Client) -> None:
    row = factories.qualification(admin)
    answer = admin_client.get(f"/calibration-records/{row.id}/")
    assert json.loads(b"".join(answer.streaming_content))["instrument"]["slug"] == "known_circuits"  # type: ignore[arg-type,attr-defined]


def test_other_organisations_see_the_record_without_the_name_of_who_asked(admin: User, stranger: Client) -> None:
    row = factories.qualification(admin)
    body = body_of(stranger, f"/calibrations/{row.calibration_id}/")
    assert "signed and entered in the log" in body
    assert admin.username not in body
    assert "This one counts." in body_of(stranger, PAGE)


@pytest.mark.parametrize("path", ["/calibrations/{}/", "/calibration-records/{}/"])
def test_unknown_rows_are_not_found(admin: User, admin_client: Client, path: str) -> None:
    assert admin_client.get(path.format(admin.pk)).status_code == 404


def test_list_costs_one_query_for_all_records(admin: User, admin_client: Client, django_assert_max_num_queries: Any) -> None:
    for slug in ("known_circuits", "linear_direction", "steering_validation"):
        factories.qualification(admin, slug)
    with django_assert_max_num_queries(10):
        admin_client.get("/instruments/")
    with django_assert_max_num_queries(16):
        admin_client.get(PAGE)


def finding_with(admin: User, results: Any) -> tuple[Finding, Qualification]:
    """A causal reading of an instrument that was calibrated after the plan was sealed."""
    run = run_create(actor=admin, plan=factories.plan(admin, ("one",)))
    record = factories.qualification(admin, results=results)
    robot = factories.worker(factories.home(admin))
    return factories.finish(robot, run.steps.get(), factories.output_here(reading=Reading.CAUSAL)), record


def test_finding_shows_the_record_beside_it_with_both_log_entries(admin: User, admin_client: Client) -> None:
    finding, record = finding_with(admin, factories.trials())
    body = body_of(admin_client, f"/findings/{finding.id}/").split("Can this instrument be believed?")[1].split("</section>")[0]
    assert "the record holds for this result" in body
    assert "8 of 8 trials on 4 test models" in body
    sealed = finding.step.run.plan.sealed_entry
    assert sealed is not None
    for index in (record.attestation.entry.index, sealed.index):
        assert f'entry <strong class="tnum">{index}</strong>' in body
    assert "not from this model" in body


def test_capped_finding_says_why_and_what_to_do(admin: User, admin_client: Client) -> None:
    finding, _ = finding_with(admin, factories.trials(found=0))
    body = body_of(admin_client, f"/findings/{finding.id}/")
    assert "Not enough for a claim" in body
    assert "It found 0 % (0 of 8)" in body
    assert "The data alone would read “causal”" in body
