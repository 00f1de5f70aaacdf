"""Tables of what is answered: answers with their history, files, comments, scores."""

import uuid
from typing import ClassVar

from django.db import models

from accounts.models import User
from core.base import BaseModel
from evidence.models import Artifact
from inventory.models import one_of
from questionnaires.owning import ThroughAnswer, ThroughRequest


class Verdict(models.TextChoices):
    """What a reviewer says of an answer."""

    ACCEPTED = "accepted", "Accepted"
    NEEDS_EVIDENCE = "needs_evidence", "Needs evidence"
    REJECTED = "rejected", "Rejected"


class Answer(BaseModel):
    """What stands against one question of one request (see ``values`` for the forms of ``value``), and what a reviewer made of it.

    ``points`` are a reviewer's for questions with levels. ``reopened_at`` lets this one answer change after submission. ``reused_from`` is the
    accepted answer it was taken over from.
    """

    request = models.ForeignKey("questionnaires.QuestionnaireRequest", on_delete=models.PROTECT, related_name="answers")
    question = models.CharField(max_length=40)
    value = models.JSONField(null=True)
    revision = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    invitation = models.ForeignKey("questionnaires.Invitation", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reused_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="reuses")
    verdict = models.CharField(max_length=15, choices=Verdict.choices, blank=True)
    verdict_reason = models.CharField(max_length=1000, blank=True)
    verdict_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    verdict_at = models.DateTimeField(null=True, blank=True)
    points = models.FloatField(null=True, blank=True)
    reopened_at = models.DateTimeField(null=True, blank=True)
    reopened_reason = models.CharField(max_length=1000, blank=True)

    objects = ThroughRequest.as_manager()

    class Meta:
        ordering: ClassVar = ["request", "question"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["request", "question"], name="one_answer_per_question"),
            models.CheckConstraint(condition=models.Q(verdict__in=["", *Verdict.values]), name="answer_verdict_known"),
        ]

    def __str__(self) -> str:
        return f"{self.question} of {self.request}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the organisation that asks."""
        return self.request.organisation_id


class AnswerRevision(BaseModel):
    """An earlier value of an answer: nothing a vendor said is ever lost."""

    answer = models.ForeignKey(Answer, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    value = models.JSONField(null=True)
    invitation = models.ForeignKey("questionnaires.Invitation", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    verdict = models.CharField(max_length=15, blank=True)
    verdict_reason = models.CharField(max_length=1000, blank=True)

    objects = ThroughAnswer.as_manager()

    class Meta:
        ordering: ClassVar = ["answer", "-number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["answer", "number"], name="one_revision_per_number")]

    def __str__(self) -> str:
        return f"{self.answer}, revision {self.number}"


class ExhibitOrigin(models.TextChoices):
    """Where a file comes from."""

    ATTACHED = "attached", "Attached by the respondent"
    CITED = "cited", "Cited from the evidence store"


class ExhibitState(models.TextChoices):
    """Whether a file may be opened."""

    QUARANTINED = "quarantined", "In quarantine"
    RELEASED = "released", "Released"
    REFUSED = "refused", "Refused"


class Exhibit(BaseModel):
    """A file behind an answer: attached by the vendor (in quarantine until somebody releases it) or cited from the evidence store by its digest."""

    answer = models.ForeignKey(Answer, on_delete=models.PROTECT, related_name="exhibits")
    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    note = models.CharField(max_length=500, blank=True)
    origin = models.CharField(max_length=10, choices=ExhibitOrigin.choices)
    state = models.CharField(max_length=12, choices=ExhibitState.choices, default=ExhibitState.QUARANTINED)
    state_reason = models.CharField(max_length=500, blank=True)
    invitation = models.ForeignKey("questionnaires.Invitation", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = ThroughAnswer.as_manager()

    class Meta:
        ordering: ClassVar = ["created_at"]
        constraints: ClassVar = [one_of("origin", ExhibitOrigin), one_of("state", ExhibitState)]

    def __str__(self) -> str:
        return self.name

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the organisation that asks."""
        return self.answer.organisation_id

    @property
    def file_name(self) -> str:
        """Its name, such that it cannot leave the folder it is saved to."""
        return self.name.replace("/", ".").replace("\\", ".")


class Comment(BaseModel):
    """A word between reviewer and respondent about one question (or, without ``question``, the whole); ``internal`` ones the vendor never sees."""

    request = models.ForeignKey("questionnaires.QuestionnaireRequest", on_delete=models.PROTECT, related_name="comments")
    question = models.CharField(max_length=40, blank=True)
    text = models.TextField()
    internal = models.BooleanField(default=False)
    invitation = models.ForeignKey("questionnaires.Invitation", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = ThroughRequest.as_manager()

    class Meta:
        ordering: ClassVar = ["created_at"]

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the organisation that asks."""
        return self.request.organisation_id


class ScoreReason(models.TextChoices):
    """Why a request was scored again."""

    SUBMITTED = "submitted", "Submitted"
    JUDGED = "judged", "Answers judged"
    REVIEWED = "reviewed", "Review closed"
    REOPENED = "reopened", "Answer reopened"
    STALE = "stale", "An answer went stale"


class Score(BaseModel):
    """What a request was worth at a moment: the history of scores is these rows. ``sheet`` is ``scoring.Sheet.stored``."""

    request = models.ForeignKey("questionnaires.QuestionnaireRequest", on_delete=models.PROTECT, related_name="scores")
    reason = models.CharField(max_length=10, choices=ScoreReason.choices)
    claimed = models.FloatField(null=True)
    confirmed = models.FloatField(null=True)
    sheet = models.JSONField()

    objects = ThroughRequest.as_manager()

    class Meta:
        ordering: ClassVar = ["request", "created_at"]
        get_latest_by = "created_at"

    def __str__(self) -> str:
        return f"{self.claimed} % claimed, {self.confirmed} % confirmed"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the organisation that asks."""
        return self.request.organisation_id
