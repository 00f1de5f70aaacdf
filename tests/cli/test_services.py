"""The processes of an installation, as data."""

import os
import sys
from pathlib import Path

import pytest

from cli.services import WEB, WORKERS, model_worker_count, web_service, worker_services


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    monkeypatch.delenv("ASSAY_GPU_WORKERS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (2, 2), (64, 2), (None, 1)])
def test_number_of_model_workers_follows_the_cores_up_to_two(monkeypatch, cores, workers):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert model_worker_count() == workers


def test_number_of_model_workers_can_be_set(monkeypatch):
    monkeypatch.setenv("ASSAY_GPU_WORKERS", "5")
    names = [service.name for service in worker_services("url", Path("var"))]
    assert names == [f"model-worker-{number}" for number in range(1, 6)] + ["light-worker"]


@pytest.mark.parametrize("wrong", ["0", "-1", "many", "65", "1.5", "²"])
def test_wrong_number_is_refused_by_name(monkeypatch, wrong):
    monkeypatch.setenv("ASSAY_GPU_WORKERS", wrong)
    with pytest.raises(ValueError, match="ASSAY_GPU_WORKERS"):
        model_worker_count()


def test_model_workers_have_their_own_queue_one_child_and_one_thread():
    model, light = worker_services("url", Path("var"))[0], worker_services("url", Path("var"))[-1]
    assert model.stage == light.stage == WORKERS
    command = " ".join(model.command)
    assert "-Q gpu --pool prefork --concurrency 1" in command
    assert "--prefetch-multiplier=1" in command
    assert model.environment["OMP_NUM_THREADS"] == "1"
    assert model.environment["BROKER_URL"] == "url"


def test_only_the_light_worker_runs_the_schedule():
    *models, light = worker_services("url", Path("/state"))
    assert "-Q cpu,reports,webhooks" in " ".join(light.command)
    assert list(light.command[-3:]) == ["-B", "--schedule", "/state/run/schedule"]
    assert not any("-B" in model.command for model in models)


def test_threads_set_by_the_user_are_respected(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert worker_services("url", Path("var"))[0].environment["OMP_NUM_THREADS"] == "4"


def test_web_listens_on_this_machine_only_and_is_never_preloaded():
    web = web_service("url", 8123, Path("/state"), lambda: True)
    assert web.stage == WEB
    assert web.command[:3] == [sys.executable, "-P", "-m"]
    assert "127.0.0.1:8123" in web.command
    assert "--preload" not in web.command


def test_web_writes_its_numbers_below_its_state():
    assert web_service("url", 8123, Path("/state"), lambda: True).environment["ASSAY_VAR"] == "/state"
