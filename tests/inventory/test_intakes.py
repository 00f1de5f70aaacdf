"""Intakes as rows: what may be asked for, and that exactly one worker's result counts."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Role, User
from core import clock
from core.errors import InvalidInput, InvalidState, NotAllowed
from evidence.models import LedgerEntry
from inventory.models import AIModel, Intake, IntakeState
from inventory.services import (
    intake_claim,
    intake_fail,
    intake_finish,
    intake_reap,
    intake_renew,
    intake_report,
    intake_request,
    intake_retry,
)  # fmt: skip
from inventory.weights import local_path, local_weights
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shelf(settings: Any, tmp_path: Path) -> Path:
    """The folder for models, with a GGUF file and a folder in it."""
    settings.ASSAY_MODELS_DIR = tmp_path / "models"
    (settings.ASSAY_MODELS_DIR / "deep" / "tiny").mkdir(parents=True)
    (settings.ASSAY_MODELS_DIR / "deep" / "tiny" / "config.json").write_text("{}")
    (settings.ASSAY_MODELS_DIR / "deep" / "tiny" / "model.safetensors").write_bytes(b"12345678")
    (settings.ASSAY_MODELS_DIR / "one.gguf").write_bytes(b"GGUF")
    return Path(settings.ASSAY_MODELS_DIR)


@pytest.fixture
def model(admin: User) -> AIModel:
    return factories.model(admin)


@pytest.fixture
def robot(admin: User) -> User:
    return factories.worker(factories.home(admin))


def ask(admin: User, model: AIModel, **fields: Any) -> Intake:
    defaults = {"label": "1.0", "access": "weights", "source": "gguf", "locator": "one.gguf"}
    return intake_request(actor=admin, model=model, **{**defaults, **fields})


def claimed(robot: User, intake: Intake) -> Intake:
    row = intake_claim(actor=robot, intake_id=intake.id)
    assert row is not None
    return row


def expire(intake: Intake) -> None:
    Intake.objects.filter(pk=intake.pk).update(lease_until=clock.now() - timedelta(seconds=1))


def test_folder_offers_files_and_folders_by_name_and_size(shelf: Path) -> None:
    (shelf / ".hidden").mkdir()
    (shelf / ".hidden" / "secret.gguf").write_bytes(b"GGUF")
    assert [(row.source, row.locator, row.size) for row in local_weights()] == [("safetensors", "deep/tiny", 10), ("gguf", "one.gguf", 4)]


def test_absent_folder_offers_nothing(settings: Any, tmp_path: Path) -> None:
    settings.ASSAY_MODELS_DIR = tmp_path / "nowhere"
    assert local_weights() == []


@pytest.mark.parametrize("locator", ["../outside.gguf", "deep/../../outside.gguf", "/etc/passwd", "", ".", "link.gguf", "linked", "one.gguf\0", "gone.gguf"])
def test_nothing_outside_the_folder_is_ever_taken_in(admin: User, model: AIModel, shelf: Path, locator: str) -> None:
    (shelf.parent / "outside.gguf").write_bytes(b"GGUF")
    (shelf.parent / "elsewhere").mkdir()
    (shelf / "link.gguf").symlink_to(shelf.parent / "outside.gguf")
    (shelf / "linked").symlink_to(shelf.parent / "elsewhere")
    with pytest.raises(InvalidInput):
        ask(admin, model, locator=locator)
    assert not Intake.objects.exists()


def test_folder_with_a_link_to_the_outside_is_refused_by_name(admin: User, model: AIModel, shelf: Path) -> None:
    (shelf.parent / "private.json").write_text("{}")
    (shelf / "deep" / "tiny" / "tokenizer.json").symlink_to(shelf.parent / "private.json")
    with pytest.raises(InvalidInput, match=r"“tokenizer.json” in “deep/tiny” is a link"):
        ask(admin, model, source="safetensors", locator="deep/tiny")


def test_link_within_the_folder_is_fine(shelf: Path) -> None:
    (shelf / "deep" / "tiny" / "tokenizer.json").symlink_to(shelf / "deep" / "tiny" / "config.json")
    assert local_path("deep/tiny") == shelf / "deep" / "tiny"


def test_request_is_logged_and_waits(admin: User, model: AIModel) -> None:
    intake = ask(admin, model)
    assert (intake.state, intake.requested_by, intake.version) == (IntakeState.QUEUED, admin, None)
    entry = LedgerEntry.objects.get(action="inventory.intake.requested")
    assert entry.subject == f"inventory.intake:{intake.id}"
    assert entry.payload["locator"] == "one.gguf"


def test_reader_and_stranger_may_not_ask(admin: User, model: AIModel) -> None:
    for person in (factories.user(Role.AUDITOR, of=factories.home(admin)), factories.user()):
        with pytest.raises(NotAllowed):
            ask(person, model)


def test_label_in_use_or_under_way_is_refused_at_its_field(admin: User, model: AIModel) -> None:
    factories.version(admin, model=model, label="taken")
    ask(admin, model, label="waiting")
    for label in ("taken", "waiting"):
        with pytest.raises(InvalidInput) as caught:
            ask(admin, model, label=label)
        assert caught.value.field == "label"


def test_foreign_parent_is_refused(admin: User, model: AIModel) -> None:
    with pytest.raises(InvalidInput, match="another organisation"):
        ask(admin, model, parent=factories.version(factories.user()))


def test_only_one_worker_gets_it_and_the_version_is_the_requesters(admin: User, model: AIModel, robot: User) -> None:
    parent = factories.version(admin, model=model)
    intake = claimed(robot, ask(admin, model, parent=parent))
    assert intake_claim(actor=robot, intake_id=intake.id) is None
    version = intake_finish(actor=robot, intake=intake, facts=factories.facts())
    assert version is not None
    assert (version.label, version.parent, version.model) == ("1.0", parent, model)
    intake.refresh_from_db()
    assert (intake.state, intake.version, intake.lease_token) == ("done", version, None)
    assert LedgerEntry.objects.get(subject=version.subject).actor == f"accounts.user:{admin.id}"


def test_person_cannot_play_the_worker(admin: User, model: AIModel) -> None:
    intake = ask(admin, model)
    with pytest.raises(NotAllowed):
        intake_claim(actor=admin, intake_id=intake.id)
    intake.refresh_from_db()
    assert intake.state == "queued"


def test_lost_lease_writes_nothing(admin: User, model: AIModel, robot: User) -> None:
    first = claimed(robot, ask(admin, model))
    expire(first)
    second = claimed(robot, first)
    assert not intake_renew(actor=robot, intake=first)
    assert not intake_report(actor=robot, intake=first, stage="still here")
    assert intake_finish(actor=robot, intake=first, facts=factories.facts()) is None
    assert not intake_fail(actor=robot, intake=first, error="too late")
    assert intake_renew(actor=robot, intake=second)
    assert intake_report(actor=robot, intake=second, stage="hashing")
    second.refresh_from_db()
    assert (second.state, second.stage, second.error, second.attempts_made) == ("running", "hashing", "", 2)


def test_failure_is_logged_and_may_be_tried_again(admin: User, model: AIModel, robot: User) -> None:
    intake = claimed(robot, ask(admin, model))
    intake_fail(actor=robot, intake=intake, error="model.bin is a pickle file")
    colleague = factories.user(Role.GOVERNANCE, of=factories.home(admin))
    row = intake_retry(actor=colleague, intake=intake)
    assert (row.state, row.error, row.attempts_made, row.requested_by) == ("queued", "", 0, colleague)
    actions = list(LedgerEntry.objects.filter(subject=f"inventory.intake:{intake.id}").values_list("action", flat=True))
    assert actions == ["inventory.intake.requested", "inventory.intake.failed", "inventory.intake.retried"]
    with pytest.raises(InvalidState, match="queued; only a failed one"):
        intake_retry(actor=admin, intake=intake)


def test_lost_worker_costs_one_attempt_then_the_cap_ends_it(admin: User, model: AIModel, robot: User, settings: Any) -> None:
    settings.ASSAY_MAX_ATTEMPTS = 2
    intake = ask(admin, model)
    assert intake_reap(actor=robot) == [intake.id]
    expire(claimed(robot, intake))
    assert intake_reap(actor=robot) == [intake.id]
    expire(claimed(robot, intake))
    assert intake_reap(actor=robot) == []
    intake.refresh_from_db()
    assert intake.state == "failed"
    assert "worker lost 2 times" in intake.error


def test_rung_intake_is_not_rung_again_before_its_time(admin: User, model: AIModel, robot: User) -> None:
    intake = ask(admin, model)
    Intake.objects.update(rung_at=clock.now())
    assert intake_reap(actor=robot) == []
    Intake.objects.update(rung_at=clock.now() - timedelta(hours=1))
    assert intake_reap(actor=robot) == [intake.id]
