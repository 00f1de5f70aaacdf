"""Rows of the pages about webhooks, each only as far as the actor may know of it."""

from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet

from accounts.models import Organisation, User
from core.errors import NotFound
from web.settings.queries import organisations
from webhooks.models import Delivery, DeliveryState, Subscription

SHOWN = 50


def webhook_rows(actor: User) -> QuerySet[Subscription]:
    """Webhooks with how much waits and when something arrived last."""
    waiting = Count("deliveries", filter=Q(deliveries__state__in=(DeliveryState.WAITING, DeliveryState.SENDING)))
    arrived = Max("deliveries__ended_at", filter=Q(deliveries__state=DeliveryState.DELIVERED))
    return Subscription.objects.visible_to(actor).annotate(waiting=waiting, arrived_at=arrived)


def webhook_for(actor: User, webhook_id: UUID) -> Subscription:
    """A webhook of the actor's register, or ``NotFound``."""
    row = webhook_rows(actor).filter(pk=webhook_id).first()
    if row is None:
        raise NotFound("There is no such webhook in your register.")
    return row


def deliveries_of(webhook: Subscription) -> list[Delivery]:
    """The newest deliveries of a webhook with their attempts; the webhook comes from ``webhook_for``."""
    return list(Delivery.objects.filter(subscription=webhook).select_related("event").prefetch_related("attempts").order_by("-created_at")[:SHOWN])


def delivery_for(actor: User, delivery_id: UUID) -> Delivery:
    """A delivery of the actor's register with its event, or ``NotFound``."""
    row = Delivery.objects.visible_to(actor).select_related("event", "subscription").filter(pk=delivery_id).first()
    if row is None:
        raise NotFound("There is no such delivery in your register.")
    return row


def homes(actor: User) -> QuerySet[Organisation]:
    """Organisations in which the actor may set webhooks up."""
    return organisations(actor, "webhooks.manage")
