"""Who wants to hear of what, what there was to tell, and every attempt to tell it."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models

from accounts.models import Organisation, User
from accounts.visibility import M, VisibleQuerySet
from core.base import BaseModel
from decisions.gate_models import Decision
from inventory.models import Vendor


class WebhookQuerySet(VisibleQuerySet[M]):
    """Rows of the actor's organisations."""

    read_verb = "webhooks.read"


class ThroughSubscription(WebhookQuerySet[M]):
    """Rows that belong to an organisation through their webhook."""

    owner_path = "subscription__organisation"


class ThroughDelivery(WebhookQuerySet[M]):
    """Rows that belong to an organisation through their delivery."""

    owner_path = "delivery__subscription__organisation"


class State(models.TextChoices):
    """States of a webhook: a failing one is still tried, a disabled one waits for a person, an ended one never sends again."""

    ACTIVE = "active", "Active"
    FAILING = "failing", "Failing"
    DISABLED = "disabled", "Disabled"
    ENDED = "ended", "Ended"


SENDING = (State.ACTIVE, State.FAILING)
"""States in which events are delivered."""


class Subscription(BaseModel):
    """An address that wants to hear of some types of events. Secrets are kept encrypted; ``first_entry`` is the log index it listens from."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="webhooks")
    name = models.CharField(max_length=100)
    url = models.CharField(max_length=500)
    events = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    sealed_secret = models.TextField(blank=True)
    former_secret = models.TextField(blank=True)
    former_until = models.DateTimeField(null=True, blank=True)
    first_entry = models.BigIntegerField()
    failing_since = models.DateTimeField(null=True, blank=True)
    told = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = WebhookQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "name"], name="one_webhook_per_name"),
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="webhook_state_known"),
        ]
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> str:
        """The text by which log entries name this webhook."""
        return f"webhooks.subscription:{self.id}"


class Event(BaseModel):
    """Something there is to tell, with the exact bytes that are sent. ``key`` keeps one happening from becoming two events."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=200, unique=True)
    type = models.CharField(max_length=60)
    occurred_at = models.DateTimeField(db_index=True)
    entry = models.BigIntegerField(null=True)
    body = models.TextField()

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-occurred_at"]

    def __str__(self) -> str:
        return f"{self.type} {self.message_id}"

    @property
    def message_id(self) -> str:
        """The ``webhook-id``: the same at every attempt and replay, so that receivers can tell repetitions."""
        return f"msg_{self.id.hex}"


class DeliveryState(models.TextChoices):
    """States of a delivery."""

    WAITING = "waiting", "Waiting"
    SENDING = "sending", "Being sent"
    DELIVERED = "delivered", "Delivered"
    GIVEN_UP = "given_up", "Given up"


class Delivery(BaseModel):
    """One event for one webhook; claimed by lease, like a step. A replay is a delivery of its own."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    replay = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    attempts_made = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True, db_index=True)
    rung_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ThroughSubscription.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subscription", "event"], condition=models.Q(replay=False), name="one_delivery_per_event"),
            models.CheckConstraint(condition=models.Q(state__in=DeliveryState.values), name="delivery_state_known"),
        ]
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.event} to {self.subscription}"

    @property
    def organisation_id(self) -> uuid.UUID:
        """Key of the owning organisation."""
        return self.subscription.organisation_id

    @property
    def pending(self) -> bool:
        """Whether it will be tried again by itself."""
        return self.state in (DeliveryState.WAITING, DeliveryState.SENDING)


class DeliveryAttempt(BaseModel):
    """One request and what came of it: a status, or why there was none. ``excerpt`` is the beginning of the answer."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    milliseconds = models.PositiveIntegerField()
    error = models.CharField(max_length=300, blank=True)
    excerpt = models.CharField(max_length=1000, blank=True)

    objects = ThroughDelivery.as_manager()

    class Meta:
        ordering: ClassVar = ["created_at"]

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.status or self.error}"


class Outbox(models.Model):
    """The one row whose lock orders the reading of the log: entries below ``cursor`` have become events."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    cursor = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="one_outbox")]

    def __str__(self) -> str:
        return f"read up to {self.cursor}"


class Watch(BaseModel):
    """How far an organisation's clearances have been compared: up to which log entry, and when."""

    organisation = models.OneToOneField(Organisation, on_delete=models.CASCADE, related_name="+")
    upto = models.BigIntegerField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"compared up to {self.upto}"

    def due(self, moment: datetime) -> bool:
        """Whether a day has begun since: waivers and evidence end with days."""
        return self.at.date() != moment.date()


class KnownClearance(BaseModel):
    """The word on a vendor as it was last told, to tell when it differs."""

    vendor = models.OneToOneField(Vendor, on_delete=models.CASCADE, related_name="+")
    word = models.CharField(max_length=30)
    digest = models.CharField(max_length=64)
    parts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.vendor}: {self.word}"


class KnownVoid(BaseModel):
    """An approved decision of which it was told that it no longer stands."""

    decision = models.OneToOneField(Decision, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return str(self.decision_id)
