"""Webhooks and deliveries as they are shown and sent."""

from typing import ClassVar

from rest_framework import serializers

from api.v1.base.fields import Choice, Flag, Key, Moment, Text, Whole
from api.v1.base.rows import Body, Row, Values
from webhooks.events import TYPES
from webhooks.models import Delivery, DeliveryAttempt, DeliveryState, Event, State, Subscription
from webhooks.services.subscriptions import OVERLAP_MOST

CHOICES = [(name, row.says) for name, row in TYPES.items()]
EXAMPLE = {"name": "Procurement", "url": "https://procurement.example.org/hooks/assay", "events": ["clearance.changed", "decision.voided"]}


class WebhookRow(Row):
    """An address that wants to hear of some types of events. Its secret is shown once, when it is made."""

    model = Subscription
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id")
    name = serializers.CharField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(choices=CHOICES))
    state = serializers.ChoiceField(choices=State.choices)
    says = serializers.CharField(source="told", help_text="why it fails or is disabled, else empty")
    failing_since = serializers.DateTimeField(allow_null=True)
    former_secret_until = serializers.DateTimeField(source="former_until", allow_null=True, help_text="until then events are signed with the former secret too")
    created_at = serializers.DateTimeField()


class WebhookSecret(WebhookRow):
    """A webhook with its secret; null where this request was answered before, because the secret is not kept in clear."""

    computed: ClassVar = frozenset({"secret"})
    secret = serializers.CharField(allow_null=True, help_text="whsec_…; shown this once")

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """Put in afterwards, so that no copy of the answer is kept with it."""
        for row in rows:
            row["secret"] = None


class AttemptRow(serializers.Serializer[Values]):
    """One request: the status answered, or why there was none."""

    number = serializers.IntegerField()
    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True)
    milliseconds = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)
    excerpt = serializers.CharField(allow_blank=True, help_text="beginning of the answer")


class DeliveryRow(Row):
    """One event for one webhook. ``message`` is the webhook-id: the same at every attempt and replay."""

    model = Delivery
    computed: ClassVar = frozenset({"message"})
    helpers = ("event_id",)
    id = serializers.UUIDField()
    webhook = serializers.UUIDField(source="subscription_id")
    message = serializers.CharField()
    type = serializers.CharField(source="event.type")
    occurred_at = serializers.DateTimeField(source="event.occurred_at")
    replay = serializers.BooleanField()
    state = serializers.ChoiceField(choices=DeliveryState.choices)
    attempts_made = serializers.IntegerField()
    next_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """The id under which it is sent."""
        for row in rows:
            row["message"] = Event(pk=row["_event_id"]).message_id


class DeliveryWhole(DeliveryRow):
    """A delivery with every attempt."""

    computed: ClassVar = DeliveryRow.computed | {"attempts"}
    body = serializers.CharField(source="event.body", help_text="exactly what is sent")
    attempts = AttemptRow(many=True)

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """The attempts, oldest first."""
        super().complete(rows)
        made: dict[object, list[Values]] = {row["id"]: [] for row in rows}
        for found in DeliveryAttempt.objects.filter(delivery__in=list(made)):
            shown = {name: getattr(found, name) for name in ("number", "status", "milliseconds", "error", "excerpt")}
            made[found.delivery_id].append({**shown, "at": found.created_at})
        for row in rows:
            row["attempts"] = made[row["id"]]


class Replayed(serializers.Serializer[Values]):
    """How many events are sent again."""

    events = serializers.IntegerField()


class WebhookPatch(Body):
    """What may change of a webhook."""

    name = Text(max_length=100, required=False)
    url = Text(max_length=500, required=False, help_text="begins with https://")
    events = serializers.ListField(child=Choice(choices=CHOICES), required=False, min_length=1, max_length=len(CHOICES))
    example: ClassVar = {"events": ["clearance.changed"]}


class WebhookBody(WebhookPatch):
    """A new webhook; you must be allowed to see what its events tell of."""

    organisation = Key(required=False, help_text="only needed by members of several organisations")
    name = Text(max_length=100)
    url = Text(max_length=500, help_text="begins with https://")
    events = serializers.ListField(child=Choice(choices=CHOICES), min_length=1, max_length=len(CHOICES))
    example: ClassVar = EXAMPLE


class RotateBody(Body):
    """For how long the former secret signs too; 0 for one that leaked."""

    overlap_hours = Whole(min_value=0, max_value=OVERLAP_MOST, default=24)
    example: ClassVar = {"overlap_hours": 24}


class ReplayBody(Body):
    """From when until before when."""

    since = Moment(help_text="such as 2026-11-20T00:00:00Z")
    until = Moment(help_text="such as 2026-11-21T00:00:00Z")
    undelivered_only = Flag(default=True, help_text="false: also what arrived")
    example: ClassVar = {"since": "2026-11-20T00:00:00Z", "until": "2026-11-21T00:00:00Z"}
