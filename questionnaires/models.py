"""Tables of what is asked: templates and their versions, requests, ways in. What is answered: ``answer_models``."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import ClassVar

from django.db import models

from accounts.models import Organisation, User
from core.base import BaseModel
from evidence.models import Artifact
from inventory.models import AISystem, ModelVersion, Vendor, one_of
from questionnaires.answer_models import Answer, AnswerRevision, Comment, Exhibit, ExhibitOrigin, ExhibitState, Score, ScoreReason, Verdict
from questionnaires.document import Document, document_kept
from questionnaires.owning import Owned, ThroughRequest, ThroughTemplate
from questionnaires.reminder_models import RespondentReminder

__all__ = [
    "REQUEST_ALLOWED",
    "Answer",
    "AnswerRevision",
    "Campaign",
    "Comment",
    "Direction",
    "Exhibit",
    "ExhibitOrigin",
    "ExhibitState",
    "Invitation",
    "QuestionnaireRequest",
    "RequestState",
    "RespondentReminder",
    "Score",
    "ScoreReason",
    "Template",
    "TemplateVersion",
    "Verdict",
]


class Template(BaseModel):
    """A questionnaire under one name, through all its versions."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="questionnaire_templates")
    name = models.CharField(max_length=200)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = Owned.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "name"], name="one_template_per_name")]
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class TemplateVersion(BaseModel):
    """One state of a template. A draft (``published_at`` empty) may change; a published one never does, and requests freeze it."""

    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    note = models.CharField(max_length=500, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    objects = ThroughTemplate.as_manager()

    class Meta:
        ordering: ClassVar = ["template", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["template", "number"], name="one_version_per_template_and_number"),
            models.UniqueConstraint(fields=["template"], condition=models.Q(published_at__isnull=True), name="one_draft_per_template"),
        ]

    def __str__(self) -> str:
        return f"{self.template}, version {self.number}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.template.organisation_id

    def parsed(self) -> Document:
        """The document, checked."""
        return document_kept(self.document)


class Campaign(BaseModel):
    """The same questionnaire to many vendors, with one due day."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="campaigns")
    name = models.CharField(max_length=200)
    version = models.ForeignKey(TemplateVersion, on_delete=models.PROTECT, related_name="campaigns")
    due_on = models.DateField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = Owned.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "name"], name="one_campaign_per_name")]
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class Direction(models.TextChoices):
    """Who asks whom."""

    OUTBOUND = "outbound", "We ask a vendor"
    INBOUND = "inbound", "A customer asks us"


class RequestState(models.TextChoices):
    """States of a request; ``REQUEST_ALLOWED`` says which may follow which."""

    DRAFT = "draft", "Draft"
    SENT = "sent", "Sent"
    OPENED = "opened", "Being answered"
    SUBMITTED = "submitted", "Submitted"
    REVIEWED = "reviewed", "Reviewed"
    WITHDRAWN = "withdrawn", "Withdrawn"


REQUEST_ALLOWED: Mapping[str, frozenset[str]] = {
    RequestState.DRAFT: frozenset({RequestState.SENT, RequestState.WITHDRAWN}),
    RequestState.SENT: frozenset({RequestState.OPENED, RequestState.SUBMITTED, RequestState.WITHDRAWN}),
    RequestState.OPENED: frozenset({RequestState.SUBMITTED, RequestState.WITHDRAWN}),
    RequestState.SUBMITTED: frozenset({RequestState.OPENED, RequestState.REVIEWED, RequestState.WITHDRAWN}),
    RequestState.REVIEWED: frozenset({RequestState.OPENED}),
    RequestState.WITHDRAWN: frozenset(),
}
ANSWERABLE = frozenset({RequestState.SENT, RequestState.OPENED})


class QuestionnaireRequest(BaseModel):
    """One frozen questionnaire put to one vendor (outbound), or by one customer to us (inbound); ``about`` may narrow it to a version or system."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="questionnaire_requests")
    direction = models.CharField(max_length=10, choices=Direction.choices, default=Direction.OUTBOUND)
    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, null=True, blank=True, related_name="questionnaire_requests")
    customer = models.CharField(max_length=200, blank=True)
    version = models.ForeignKey(TemplateVersion, on_delete=models.PROTECT, related_name="requests")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, null=True, blank=True, related_name="requests")
    previous = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="next")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    switched = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=RequestState.choices, default=RequestState.DRAFT)
    message = models.TextField(blank=True)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField()
    sent_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    valid_until = models.DateField(null=True, blank=True)
    submission = models.ForeignKey(Artifact, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = Owned.as_manager()

    class Meta:
        ordering: ClassVar = ["due_on", "created_at"]
        indexes: ClassVar = [models.Index(fields=["vendor", "state"]), models.Index(fields=["organisation", "state", "due_on"])]
        constraints: ClassVar = [
            one_of("state", RequestState),
            one_of("direction", Direction),
            models.CheckConstraint(
                condition=models.Q(direction="outbound", vendor__isnull=False, customer="")
                | (models.Q(direction="inbound", vendor__isnull=True) & ~models.Q(customer="")),
                name="request_names_vendor_or_customer",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="reviewed") | models.Q(reviewed_at__isnull=False, valid_until__isnull=False), name="reviewed_has_expiry"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version.template}: {self.vendor or self.customer}"

    def late_on(self, today: date) -> bool:
        """Whether it should have been submitted before ``today`` and never was; answers opened again later have no day of their own."""
        return self.state in ANSWERABLE and self.submitted_at is None and self.due_on < today

    def current_on(self, today: date) -> bool:
        """Whether it is reviewed and not yet expired."""
        return self.state == RequestState.REVIEWED and self.valid_until is not None and today <= self.valid_until


class Invitation(BaseModel):
    """A way in for one respondent: by a secret link (its SHA-256 is kept) or by an account. Without ``sections`` all may be answered."""

    request = models.ForeignKey(QuestionnaireRequest, on_delete=models.PROTECT, related_name="invitations")
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="questionnaire_invitations")
    token_hash = models.CharField(max_length=64, blank=True)
    sections = models.JSONField(default=list)
    may_submit = models.BooleanField(default=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    first_seen_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    delegated_by = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="delegations")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = ThroughRequest.as_manager()

    class Meta:
        ordering: ClassVar = ["created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["token_hash"], condition=~models.Q(token_hash=""), name="one_invitation_per_token"),
            models.UniqueConstraint(fields=["request", "user"], condition=models.Q(user__isnull=False), name="one_invitation_per_account"),
            models.CheckConstraint(condition=models.Q(user__isnull=False) | ~models.Q(token_hash=""), name="invitation_has_link_or_account"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the organisation that asks."""
        return self.request.organisation_id

    def open_at(self, moment: datetime) -> bool:
        """Whether it lets anybody in at ``moment``."""
        return self.revoked_at is None and moment < self.expires_at
