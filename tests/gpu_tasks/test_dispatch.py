"""The doorbell: rung once per step after the commit, given up at the first silence."""

from typing import Any

import pytest
from celery import current_app
from kombu.exceptions import OperationalError

from accounts.models import User
from assessments.models import Step
from assessments.services.runs import run_cancel
from core.errors import InvalidState
from gpu_tasks import dispatch
from tests import factories


class Doorbell:
    """Takes messages, or is away."""

    def __init__(self, away: bool = False) -> None:
        self.away, self.messages = away, []  # type: ignore[var-annotated]

    def send(self, name: str, args: list[str], **options: Any) -> None:
        self.messages.append((name, *args, options["queue"]))
        if self.away:
            raise OperationalError("no broker")


@pytest.fixture
def doorbell(monkeypatch: pytest.MonkeyPatch) -> Doorbell:
    bell = Doorbell()
    monkeypatch.setattr(current_app, "send_task", bell.send)
    return bell


@pytest.mark.django_db(transaction=True)
def test_start_rings_once_for_every_step_on_the_model_queue(admin: User, doorbell: Doorbell) -> None:
    run = dispatch.run_start(actor=admin, plan=factories.plan(admin))
    assert doorbell.messages == [("gpu_tasks.tasks.execute_step", str(step.id), "gpu") for step in run.steps.all()]
    assert not Step.objects.filter(rung_at__isnull=True).exists()


@pytest.mark.django_db(transaction=True)
def test_start_without_a_broker_keeps_the_run_and_tries_once(admin: User, doorbell: Doorbell) -> None:
    doorbell.away = True
    run = dispatch.run_start(actor=admin, plan=factories.plan(admin))
    assert len(doorbell.messages) == 1
    assert run.steps.filter(state="queued", rung_at__isnull=True).count() == 2


@pytest.mark.django_db(transaction=True)
def test_refused_start_rings_for_nobody(admin: User, doorbell: Doorbell) -> None:
    with pytest.raises(InvalidState):
        dispatch.run_start(actor=admin, plan=factories.plan(admin, seal=False))
    assert doorbell.messages == []


@pytest.mark.django_db(transaction=True)
def test_retry_rings_for_the_steps_it_queued(admin: User, doorbell: Doorbell) -> None:
    run = dispatch.run_start(actor=admin, plan=factories.plan(admin))
    run_cancel(actor=admin, run=run)
    doorbell.messages.clear()
    steps = dispatch.run_retry(actor=admin, run=run)
    assert [message[1] for message in doorbell.messages] == [str(step.id) for step in steps]
