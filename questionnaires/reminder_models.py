"""Which reminders went to which respondent."""

from typing import ClassVar

from django.db import models

from core.base import BaseModel


class RespondentReminder(BaseModel):
    """One mail about one due day: ``key`` names day and lead. Taken while it is being sent, so that two workers do not both send it."""

    invitation = models.ForeignKey("questionnaires.Invitation", on_delete=models.CASCADE, related_name="reminders")
    key = models.CharField(max_length=60)
    taken_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["invitation", "key"], name="one_reminder_per_invitation_and_key")]

    def __str__(self) -> str:
        return self.key
