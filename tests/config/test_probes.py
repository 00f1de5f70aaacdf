"""`/healthz`, `/readyz`, `/metrics`: true, and silent towards strangers."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from accounts.models import User
from assessments.services.runs import run_create
from config import readiness
from core import clock
from gpu_tasks import liveness
from tests import factories


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing kept from another test."""
    monkeypatch.setattr(readiness, "recent", readiness.Recent())


@pytest.fixture
def all_well(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation in which every check passes; there is no broker in the tests, so that check is replaced."""
    monkeypatch.setattr(readiness, "CHECKS", tuple((name, check if name != "broker" else lambda: "answers") for name, check in readiness.CHECKS))
    liveness.touch(name="model@here", queues=["gpu"])
    liveness.touch(name="light@here", queues=["cpu", "reports"])


def failed(client: Client) -> list[str]:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    return [name for name, check in answer.json()["checks"].items() if not check["ok"]]


def test_healthz_needs_neither_database_nor_allowed_host(client: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["assay.example"]
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert client.post("/healthz").status_code == 405


def test_ready_when_everything_works(client: Client, all_well: None) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200, answer.json()
    assert set(answer.json()["checks"]) == {"database", "migrations", "broker", "workers", "keys", "storage", "disk"}
    assert answer["Cache-Control"] == "no-store"


def test_an_unapplied_migration_is_not_ready(client: Client, all_well: None) -> None:
    MigrationRecorder(connection).record_unapplied("inventory", "0001_initial")
    assert failed(client) == ["migrations"]


def test_a_queue_without_a_worker_is_not_ready(client: Client, all_well: None) -> None:
    liveness.retire(name="model@here")
    assert failed(client) == ["workers"]


def test_a_worker_that_fell_silent_is_not_ready(client: Client, all_well: None, monkeypatch: pytest.MonkeyPatch) -> None:
    later = clock.now() + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert failed(client) == ["workers"]
    assert "no sign of life since" in client.get("/readyz").json()["checks"]["workers"]["reason"]


def test_missing_keys_are_not_ready(client: Client, all_well: None, settings: Any, tmp_path: Any) -> None:
    settings.ASSAY_KEYS_DIR = tmp_path
    assert failed(client) == ["keys"]


def test_a_full_disk_is_not_ready(client: Client, all_well: None, settings: Any) -> None:
    settings.ASSAY_MIN_FREE_MB = 10**9
    assert failed(client) == ["disk"]


def test_a_store_that_takes_no_bytes_is_not_ready(client: Client, all_well: None, installation: Any) -> None:
    (installation / "artifacts").write_text("a file where a folder should be")
    assert failed(client) == ["storage"]


def test_a_database_that_is_away_is_not_ready(client: Client, all_well: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> str:
        raise DatabaseError("gone")

    monkeypatch.setattr(readiness, "CHECKS", (("database", away),))
    assert failed(client) == ["database"]


def test_a_broker_that_is_away_is_not_ready(client: Client, all_well: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    from celery import current_app

    monkeypatch.setattr(current_app.conf, "broker_write_url", f"redis+socket://{tmp_path}/none.sock")
    monkeypatch.setattr(readiness, "CHECKS", (("broker", readiness.broker),))
    assert failed(client) == ["broker"]


@pytest.mark.parametrize("sender", [{"REMOTE_ADDR": "192.0.2.7"}, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"}, {"REMOTE_ADDR": ""}])
def test_strangers_learn_only_ready_or_not(client: Client, all_well: None, sender: dict[str, str]) -> None:
    assert client.get("/readyz", **sender).json() == {"status": "ready"}  # type: ignore[arg-type]
    assert client.get("/metrics", **sender).status_code == 404  # type: ignore[arg-type]


def test_signed_in_people_see_the_checks_from_anywhere(client: Client, all_well: None, admin: User) -> None:
    client.force_login(admin)
    assert "checks" in client.get("/readyz", REMOTE_ADDR="192.0.2.7").json()
    client.logout()
    client.cookies["sessionid"] = "made-up"
    assert "checks" not in client.get("/readyz", REMOTE_ADDR="192.0.2.7").json()


def test_many_questions_in_a_row_make_the_checks_once(client: Client, all_well: None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(readiness, "CHECKS", (("counted", lambda: str(asked.append(1))),))
    for _ in range(5):
        client.get("/readyz")
    assert len(asked) == 1


def test_metrics_tell_the_state_of_the_installation(client: Client, all_well: None, admin: User) -> None:
    run_create(actor=admin, plan=factories.plan(admin))
    client.get("/login/")
    text = client.get("/metrics").content.decode()
    assert 'assay_runs{state="queued"} 1.0' in text
    assert "assay_steps_waiting 2.0" in text
    assert "assay_oldest_waiting_seconds" in text
    assert "assay_log_entries 5.0" in text
    assert 'assay_worker_silence_seconds{queue="gpu"}' in text
    assert 'assay_request_seconds_count{method="GET",page="web:login",status="' in text


def test_a_queue_that_never_had_a_worker_shows_as_such(client: Client, admin: User) -> None:
    assert 'assay_worker_silence_seconds{queue="gpu"} -1.0' in client.get("/metrics").content.decode()


def test_addresses_do_not_become_series(client: Client, admin: User) -> None:
    for path in ("/no-such-page-1/", "/no-such-page-2/"):
        client.get(path)
    assert "no-such-page" not in client.get("/metrics").content.decode()


def test_metrics_open_to_the_token_and_to_named_networks(client: Client, all_well: None, settings: Any) -> None:
    far = {"REMOTE_ADDR": "10.1.2.3", "HTTP_AUTHORIZATION": "Bearer right"}
    assert client.get("/metrics", **far).status_code == 404  # type: ignore[arg-type]
    settings.ASSAY_METRICS_TOKEN = "right"
    assert client.get("/metrics", **far).status_code == 200  # type: ignore[arg-type]
    assert client.get("/metrics", **{**far, "HTTP_AUTHORIZATION": "Bearer wrong"}).status_code == 404  # type: ignore[arg-type]
    settings.ASSAY_METRICS_NETWORKS = ["10.0.0.0/8"]
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3", HTTP_X_FORWARDED_FOR="10.1.2.4").status_code == 404
