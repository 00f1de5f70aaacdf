"""The Celery shell of webhooks: the schedule fills the outbox and rings, a worker of the queue sends."""

import uuid

import structlog
from celery import current_app, shared_task
from kombu.exceptions import OperationalError

from core.errors import AssayError
from gpu_tasks.worker import service_actor
from webhooks import services
from webhooks.sending import Answer

logger = structlog.get_logger(__name__)


@shared_task(name="webhooks.tasks.collect")
def collect() -> int:
    """Make events of what happened and ring for everything that is due; how many deliveries were rung for."""
    actor = service_actor()
    services.events_collect(actor=actor)
    services.clearances_compare(actor=actor)
    services.clocks_compare(actor=actor)
    services.events_prune(actor=actor)
    due = services.deliveries_due(actor=actor)
    return sum(_ring(key) for key in due)


@shared_task(name="webhooks.tasks.deliver")
def deliver(delivery_id: str) -> str:
    """Send one delivery, if it is free; returns its state for the log."""
    actor = service_actor()
    delivery = services.delivery_claim(actor=actor, delivery_id=uuid.UUID(delivery_id))
    if delivery is None:
        return "not free"
    try:
        answer = services.delivery_send(delivery)
    except AssayError as error:
        answer = Answer(None, 0, str(error))
    row = services.delivery_finish(actor=actor, delivery=delivery, answer=answer)
    logger.info("webhook sent", delivery=delivery_id, status=answer.status, ms=answer.milliseconds, state=row.state)
    return row.state


def _ring(key: uuid.UUID) -> bool:
    """Whether the broker took the message; if not, the row waits for the next ring."""
    try:
        current_app.send_task("webhooks.tasks.deliver", args=[str(key)], queue="webhooks", retry=False)
    except OperationalError:
        return False
    return True
