"""Questionnaires that wait for this person, who answers for a vendor."""

from datetime import datetime

from django.urls import reverse

from accounts.models import Role, User
from questionnaires.models import ANSWERABLE, Invitation
from web.home.clocks import Pressing
from web.home.needs import PROBLEM, TASK

SHOWN = 50
TAG = "questionnaire"


def pressing(actor: User, now: datetime) -> list[Pressing]:
    """What the person was invited to and has not submitted, the earliest day first; nothing for anybody who is no respondent."""
    if Role.VENDOR not in {role for _, role in actor.roles_held}:
        return []
    rows = Invitation.objects.filter(user=actor, revoked_at__isnull=True, expires_at__gt=now, request__state__in=ANSWERABLE)
    related = rows.select_related("request__version__template", "request__organisation").order_by("request__due_on")
    return [_card(row, now) for row in related[:SHOWN]]


def _card(row: Invitation, now: datetime) -> Pressing:
    request = row.request
    late = request.late_on(now.date())
    if request.submitted_at is not None:
        return Pressing(
            TAG, TASK, f"Answers are open again: {request.version.template.name}", f"{request.organisation} asks you to look at them once more.", _place(row)
        )
    day = f"{request.due_on.day} {request.due_on:%B %Y}"
    title = f"Questionnaire to answer: {request.version.template.name}"
    detail = f"{request.organisation} asks. {'It was' if late else 'It is'} due on {day}."
    return Pressing(TAG, PROBLEM if late else TASK, title, detail, _place(row))


def _place(row: Invitation) -> str:
    return reverse("web:portal-overview", args=[row.request_id])
