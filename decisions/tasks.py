"""The Celery shell of decisions: the schedule calls, the service does."""

from celery import shared_task

from decisions.services.reminders import reminders_send
from gpu_tasks.worker import service_actor


@shared_task(name="decisions.tasks.send_reminders")
def send_reminders() -> int:
    """Send the reminders that are due; how many went out."""
    return reminders_send(actor=service_actor())
