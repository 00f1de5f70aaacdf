"""Calls about webhooks and deliveries."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from rest_framework.request import Request

from accounts.models import User
from api.v1.base.related import organisation_for
from api.v1.base.rendering import answer
from api.v1.base.rows import Values
from api.v1.base.secrets import revealed
from api.v1.base.views import ActionView, CreateView, DetailView, ListView, PatchView
from api.v1.webhooks.filters import DeliveryFilter, WebhookFilter
from api.v1.webhooks.serializers import (
    DeliveryRow,
    DeliveryWhole,
    ReplayBody,
    Replayed,
    RotateBody,
    WebhookBody,
    WebhookPatch,
    WebhookRow,
    WebhookSecret,
)
from core.errors import NotFound
from webhooks import services
from webhooks.models import Delivery, Subscription


class WebhookDetail(PatchView):
    """One webhook."""

    out, body, noun = WebhookRow, WebhookPatch, "webhook"

    def change(self, actor: User, row: Subscription, changes: Values) -> None:
        """Change name, address or events."""
        services.subscription_change(actor=actor, subscription=row, changes=changes)


class WebhookSecretShown(DetailView):
    """A webhook as it is answered with its secret."""

    out, noun = WebhookSecret, "webhook"


class WebhookList(CreateView):
    """Webhooks of your register."""

    out, body, noun, detail, address = WebhookRow, WebhookBody, "webhook", WebhookSecretShown, "webhook"
    filters, orderings = WebhookFilter, ("name", "created_at")

    def post(self, request: Request) -> HttpResponse:
        """Add one; the secret joins the answer last, so that the copy kept for a repetition does not hold it."""
        self.secret = ""
        return revealed(super().post(request), self.secret)

    def create(self, actor: User, data: Values) -> Subscription:
        """Set up a webhook. The secret is in this answer only; a repetition with the same Idempotency-Key shows null in its place."""
        organisation = organisation_for(actor, "webhooks.manage", data.pop("organisation", None))
        row, self.secret = services.subscription_create(actor=actor, organisation=organisation, **data)
        return row


class WebhookRotate(ActionView):
    """A new secret."""

    out, body, noun = WebhookSecret, RotateBody, "webhook"

    def post(self, request: Request, id: UUID) -> HttpResponse:
        """Exchange it; see ``WebhookList.post`` about the secret."""
        self.secret = ""
        return revealed(super().post(request, id), self.secret)

    def act(self, actor: User, row: Subscription, data: Values) -> None:
        """Make a new secret; until the overlap is over events are signed with both."""
        _, self.secret = services.secret_rotate(actor=actor, subscription=row, **data)


class WebhookDisable(ActionView):
    """A pause."""

    out, noun = WebhookRow, "webhook"

    def act(self, actor: User, row: Subscription, data: Values) -> None:
        """Send nothing until it is enabled again."""
        services.subscription_disable(actor=actor, subscription=row)


class WebhookEnable(ActionView):
    """The end of a pause."""

    out, noun = WebhookRow, "webhook"

    def act(self, actor: User, row: Subscription, data: Values) -> None:
        """Send again, beginning with what was waiting; replay what happened in between."""
        services.subscription_enable(actor=actor, subscription=row)


class WebhookEnd(ActionView):
    """The end of a webhook."""

    out, noun = WebhookRow, "webhook"

    def act(self, actor: User, row: Subscription, data: Values) -> None:
        """End it for good. The record of its deliveries stays."""
        services.subscription_end(actor=actor, subscription=row)


class DeliveryDetail(DetailView):
    """One delivery with every attempt."""

    out, noun = DeliveryWhole, "delivery"


class DeliveryList(ListView):
    """Deliveries, newest first."""

    out, noun, filters, orderings = DeliveryRow, "delivery", DeliveryFilter, ("-created_at",)


class DeliveryMaking(ActionView):
    """Something that makes a new delivery, which is answered."""

    out = DeliveryRow

    def make(self, actor: User, key: UUID) -> Delivery:
        """Call the service."""
        raise NotImplementedError

    def _done(self, actor: User, key: UUID, data: Values) -> HttpResponse:
        made = self.make(actor, key)
        response = answer(self.shown(actor, made.pk))
        response["Location"] = reverse("api:webhook-delivery", args=[made.pk])
        return response


class WebhookTest(DeliveryMaking):
    """A test."""

    noun = "webhook"

    def act(self, actor: User, row: Any, data: Values) -> None:
        """Send an event of type ``webhook.test``, once. Read the delivery to see what came of it."""

    def make(self, actor: User, key: UUID) -> Delivery:
        """See ``act``."""
        return services.example_send(actor=actor, subscription=_webhook(actor, key))


class DeliveryReplay(DeliveryMaking):
    """A replay of one delivery."""

    noun = "delivery"

    def act(self, actor: User, row: Any, data: Values) -> None:
        """Send its event again, under the same webhook-id, as a new delivery."""

    def make(self, actor: User, key: UUID) -> Delivery:
        """See ``act``."""
        row = Delivery.objects.visible_to(actor).select_related("subscription", "event").filter(pk=key).first()
        if row is None:
            raise NotFound("There is no such delivery in your register.")
        return services.delivery_replay(actor=actor, delivery=row)


class WebhookReplay(ActionView):
    """A replay of a time."""

    out, body, noun = Replayed, ReplayBody, "webhook"

    def act(self, actor: User, row: Any, data: Values) -> None:
        """Send what happened in a time again, or only what never arrived, also while the webhook was disabled. At most 5000 events."""

    def _done(self, actor: User, key: UUID, data: Values) -> HttpResponse:
        return answer({"events": services.deliveries_replay(actor=actor, subscription=_webhook(actor, key), **data)})


def _webhook(actor: User, key: UUID) -> Subscription:
    row = Subscription.objects.visible_to(actor).filter(pk=key).first()
    if row is None:
        raise NotFound("There is no such webhook in your register.")
    return row
