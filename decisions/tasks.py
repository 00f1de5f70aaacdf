"""The Celery shell of decisions: the schedule calls, the service does."""

from celery import shared_task

from decisions.services.reminders import reminders_send
from gpu_tasks.worker import service_actor
from questionnaires.services.notices import notices_send
from questionnaires.services.reminders import respondents_remind


@shared_task(name="decisions.tasks.send_reminders")
def send_reminders() -> int:
    """Send the reminders that are due, to colleagues and to vendors' respondents, and news to these that waits; how many went out."""
    actor = service_actor()
    return notices_send(actor=actor) + reminders_send(actor=actor) + respondents_remind(actor=actor)


@shared_task(name="decisions.tasks.send_notices")
def send_notices() -> int:
    """Tell vendors' respondents what was opened for them just now, or that somebody waits; how many mails went out."""
    return notices_send(actor=service_actor())
