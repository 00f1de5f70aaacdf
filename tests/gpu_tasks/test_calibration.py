"""A calibration through the task shell on real tiny models: every trial made, errors kept, the record attested, figures from the readings alone."""

import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from kombu.exceptions import OperationalError
from safetensors.numpy import load_file, save_file

from accounts.models import User
from assessments.contracts import Reading
from assessments.models import Calibration, Qualification, RunState
from assessments.organisms import registry
from assessments.organisms.contracts import Organism, Recipe, Role, Trial
from assessments.services.organisms import organism_register, organism_withdraw
from assessments.services.qualifications import calibration_claim, calibration_request
from core.errors import InvalidInput
from core.model_files import weights_digest
from evidence.storage import blob_read
from gpu_tasks import calibration, here, tasks, trials
from gpu_tasks.leases import LeaseLost
from gpu_tasks.runtime import environment
from tests import factories
from tests.tiny_models import build_tiny

pytestmark = pytest.mark.django_db
SMALL = {"prompts": 24, "sequences": 4, "half": 12, "patch_prompts": 2, "bootstrap": 200}


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two random models passed off as organisms: one “planted” in which nothing is, and its twin."""
    root = tmp_path_factory.mktemp("organisms")
    for role, strength, params in ((Role.PLANTED, 1.0, SMALL), (Role.TWIN, 0.0, SMALL)):
        recipe = Recipe("nothing", role, strength, 1)
        folder = build_tiny(root / recipe.slug, "llama", seed=int(strength))
        least = Reading.OBSERVED if role == Role.PLANTED else None
        tries = (Trial("known_circuits", params, least), Trial("linear_direction", {"nonsense": 1}, least))
        found = Organism(recipe, "Nothing", "Nothing is planted.", {"loss": 6.0}, tries, weights_digest(folder), folder)
        (folder / registry.RECORD).write_text(json.dumps(registry.organism_record(found)))
    return root


@pytest.fixture(autouse=True)
def organisms_there(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "organisms", lambda folder=shelf: registry.organisms(folder))
    monkeypatch.setattr(calibration, "current_app", Celery("test", broker="memory://", set_as_current=False))


def made(admin: User, slug: str, **wish: Any) -> Calibration:
    """A calibration of ``slug`` carried out by the task."""
    row = calibration_request(actor=admin, instrument=slug, **wish)
    tasks.calibrate(str(row.id))
    row.refresh_from_db()
    return row


def test_instrument_that_rightly_sees_nothing_misses_the_false_plant_and_claims_nothing(admin: User) -> None:
    row = made(admin, "known_circuits", seeds=1)
    assert (row.state, row.error, row.fraction) == (RunState.DONE, "", 1.0)
    rows = list(row.trials.values_list("organism", "role", "strength", "reading", "right"))
    planted, twin = "nothing-planted-100-s1", "nothing-twin-000-s1"
    assert rows == [
        (planted, "planted", 1.0, "null", False),
        (planted, "random", 0.0, "null", True),
        (twin, "twin", 0.0, "null", True),
        (twin, "random", 0.0, "null", True),
    ]
    assert len({trial.score for trial in row.trials.all()}) == 4, "each random twin is a model of its own"
    record = Qualification.objects.get()
    assert (record.figures["sensitivity"]["hits"], record.figures["false_positives"]["hits"]) == (0, 0)
    assert "0\u00a0% (0 of 1)" in record.shortfalls[0]
    document = json.loads(blob_read(record.result_artifact.sha256))
    assert {entry["weights_digest"] for entry in document["organisms"]} == {found.weights_digest for found in trials.organisms()}
    assert not list((calibration.services.settings.ASSAY_VAR / "work").iterdir()), "no work folder is left"


def test_record_of_a_calibration_here_holds_for_a_run_here(admin: User) -> None:
    made(admin, "linear_direction", seeds=1)
    record = Qualification.objects.get()
    assert here.lost_here(record) == []
    assert here.environment_here()["runtime_source"] == environment.source_digest() == record.environment["runtime_source"]
    assert here.environment_here()["libraries"].items() <= record.environment["libraries"].items()


def test_trials_that_break_are_kept_with_their_reason_and_count_against_the_instrument(admin: User) -> None:
    row = made(admin, "linear_direction", seeds=2)
    assert row.state == RunState.DONE
    assert row.trials.count() == 8
    assert all("nonsense" in trial.error and trial.reading is None and trial.right is None for trial in row.trials.all())
    figures = Qualification.objects.get().figures
    assert (figures["errored"], figures["sensitivity"]["hits"], figures["false_positives"]["hits"]) == (8, 0, 6)


def test_organism_of_ones_own_is_tried_and_named_in_the_record(admin: User) -> None:
    own = factories.organism(admin)
    row = made(admin, "known_circuits", seeds=1)
    assert (row.state, row.error) == (RunState.DONE, "")
    mine = list(row.trials.filter(own=True).values_list("organism", "role", "reading", "right"))
    assert mine == [(own.slug, "planted", "observed", True), (own.slug, "random", "null", True)]
    assert row.trials.filter(own=False).count() == 4
    record = Qualification.objects.get()
    document = json.loads(blob_read(record.result_artifact.sha256))
    (named,) = [entry for entry in document["organisms"] if entry["own"]]
    assert (named["slug"], named["weights_digest"], named["tuning"]) == (own.slug, own.weights_digest, False)
    assert record.figures["own"] == 1
    assert any(text.startswith("On the models that come with the program alone") for text in record.shortfalls)
    assert trials.families_of("known_circuits") == {"nothing", "copycat"}
    assert {job.organism.slug for job in trials.jobs_of("known_circuits", "copycat", 1)} == {own.slug}


def test_own_organism_that_was_looked_at_is_shown_and_not_counted(admin: User) -> None:
    factories.organism(admin, tuning=True)
    row = made(admin, "known_circuits", seeds=1)
    assert row.trials.filter(own=True, tuning=True).count() == 2
    figures = Qualification.objects.get().figures
    assert (figures["own"], figures["organisms"], figures["tuning"]) == (0, 2, 2)


def test_withdrawn_organism_is_left_out(admin: User) -> None:
    organism_withdraw(actor=admin, organism=factories.organism(admin), reason="Wrong.")
    assert made(admin, "known_circuits", seeds=1).trials.count() == 4


def lost_tensor(folder: Path) -> None:
    """A model that no check without torch sees through: whole files, one weight missing."""
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.0.mlp.up_proj.weight"]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    record = json.loads((folder / registry.RECORD).read_text())
    (folder / registry.RECORD).write_text(json.dumps(record | {"weights_digest": weights_digest(folder)}))


def test_own_organism_that_cannot_be_used_ends_the_calibration_and_is_no_fault_of_the_instrument(admin: User) -> None:
    folder = factories.organism_folder()
    lost_tensor(folder)
    own = organism_register(actor=admin, organisation=factories.home(admin), folder=folder.name)
    row = made(admin, "known_circuits", seeds=1)
    assert (row.state, row.trials.count()) == (RunState.FAILED, 0)
    assert f"organism {own.slug} was registered here and cannot be loaded" in row.error
    assert "withdraw it on its page" in row.error
    (folder / "config.json").write_text("{}")
    row = made(admin, "known_circuits", seeds=1)
    assert row.state == RunState.FAILED
    assert f"organism {own.slug} was registered here and cannot be used" in row.error
    assert not Qualification.objects.exists()


def test_one_family_is_tried_without_making_a_record(admin: User) -> None:
    row = made(admin, "linear_direction", seeds=1, family="nothing")
    assert (row.state, row.trials.count()) == (RunState.DONE, 4)
    assert not Qualification.objects.exists()


def test_what_has_no_trials_is_refused_naming_what_has(admin: User) -> None:
    with pytest.raises(InvalidInput, match="steering_validation"):
        calibration.calibration_start(actor=admin, instrument="steering_validation")
    with pytest.raises(InvalidInput, match="families that have: nothing"):
        calibration.calibration_start(actor=admin, instrument="known_circuits", family="gamer")
    assert not Calibration.objects.exists()


def test_start_rings_once_committed_and_the_reaper_rings_for_the_unheard(
    admin: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        row = calibration.calibration_start(actor=admin, instrument="known_circuits")
    row.refresh_from_db()
    assert row.rung_at is not None
    Calibration.objects.update(rung_at=None)

    def away(*given: Any, **options: Any) -> None:
        raise OperationalError

    factories.worker(factories.home(admin))
    assert tasks.reap_steps() == 1
    row.refresh_from_db()
    assert row.rung_at is not None
    monkeypatch.setattr(calibration.current_app, "send_task", away)
    assert calibration.ring(row.id) is False


def test_a_broken_organism_fails_the_calibration_and_names_it(admin: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken").mkdir()
    monkeypatch.setattr(trials, "organisms", lambda: registry.organisms(tmp_path))
    row = made(admin, "known_circuits")
    assert row.state == RunState.FAILED
    assert "broken" in row.error
    assert "organism.json" in row.error


def test_a_worker_whose_lease_was_taken_stops_and_writes_nothing(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    row = calibration_request(actor=admin, instrument="known_circuits", seeds=1)
    robot = factories.worker(factories.home(admin))
    held = calibration_claim(actor=robot, calibration_id=row.id)
    assert held is not None

    def interfere(jobs: Sequence[trials.Job], watch: calibration.Watch) -> Iterator[Any]:
        Calibration.objects.update(lease_token=row.id)
        watch(0.5, "at work")
        yield

    monkeypatch.setattr(calibration, "_results", interfere)
    assert calibration.calibrate_claimed(actor=robot, calibration=held) == "lost"
    assert not Qualification.objects.exists()


def test_progress_counts_trials_and_tells_whoever_listens(admin: User) -> None:
    held = factories.calibration(admin)
    heard: list[tuple[float, str]] = []
    watch = calibration.Watch(admin, held, threading.Event(), 4, lambda fraction, text: heard.append((fraction, text)), done=1, name="refuser")
    watch(0.5, "half")
    watch(0.6, "too soon to be written")
    held.refresh_from_db()
    assert heard == [(0.375, "trial 2 of 4: refuser: half")]
    assert (held.fraction, held.stage) == (0.375, "trial 2 of 4: refuser: half")
    watch.lost.set()
    with pytest.raises(LeaseLost):
        watch(0.7, "gone")


def test_scores_point_upwards_whatever_the_direction_and_may_be_missing() -> None:
    lower = factories.output()
    assert trials.score_of(lower) == 2.0
    flipped = factories.output(measurements=tuple(type(row)(**{**vars(row), "direction": "lower"}) for row in lower.measurements))
    assert trials.score_of(flipped) == -2.0
    assert trials.score_of(factories.output(primary="absent")) is None


def test_jobs_keep_an_organism_together_and_try_each_on_its_random_twin() -> None:
    jobs = trials.jobs_of("known_circuits", "", 2)
    assert [(job.organism.recipe.role.value, job.twin, job.seed) for job in jobs][:5] == [
        ("planted", False, 1), ("planted", False, 2), ("planted", True, 1), ("planted", True, 2), ("twin", False, 1),
    ]  # fmt: skip
    assert len({job.twin_seed for job in jobs if job.twin}) == 4
    assert trials.jobs_of("known_circuits", "gamer", 2) == []
