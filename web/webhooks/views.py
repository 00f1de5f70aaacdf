"""Webhooks: list, detail with the record of deliveries, set up, change."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import require
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.lists.listing import list_response
from web.webhooks import page, queries
from web.webhooks.forms import WebhookCreateForm, WebhookForm
from webhooks.models import Subscription
from webhooks.services import subscription_change, subscription_create


@require_GET
def webhook_list(request: HttpRequest) -> HttpResponse:
    """All webhooks of the actor's organisations."""
    listing, actions = page.listing(actor_of(request))
    return list_response(request, listing, queries.webhook_rows(actor_of(request)), actions=actions)


@require_GET
def webhook_detail(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """One webhook and what was delivered lately."""
    actor = actor_of(request)
    return render(request, "web/webhooks/detail.html", page.detail_context(actor, queries.webhook_for(actor, webhook_id)))


@require_GET
def delivery_detail(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """One delivery: exactly what is sent, and every attempt."""
    actor = actor_of(request)
    return render(request, "web/webhooks/delivery.html", page.delivery_context(actor, queries.delivery_for(actor, delivery_id)))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def webhook_create(request: HttpRequest) -> HttpResponse:
    """Set up a webhook and show its secret, this once."""
    actor = actor_of(request)
    form = WebhookCreateForm(posted(request), actor=actor, organisations=queries.homes(actor))
    if form.is_valid():
        with service_errors(form):
            row, secret = subscription_create(actor=actor, **form.cleaned_data)
            return secret_shown(request, row, secret)
    lead = "It hears of everything from now on. Payloads are thin: the program fetches what it may see with a token of its own."
    context = {"title": "Set up a webhook", "lead": lead, "action": "Set up", "back": reverse("web:webhook-list"), "nav": "settings"}
    return form_response(request, form, crumbs=page.CRUMBS, **context)


@require_http_methods(["GET", "HEAD", "POST"])
def webhook_edit(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Change name, address or events."""
    actor = actor_of(request)
    row = queries.webhook_for(actor, webhook_id)
    require(actor, "webhooks.manage", row)
    form = WebhookForm(posted(request), initial={"name": row.name, "url": row.url, "events": row.events}, actor=actor)
    if form.is_valid():
        with service_errors(form):
            subscription_change(actor=actor, subscription=row, changes=form.cleaned_data)
            messages.success(request, "Saved, and entered in the log.")
            return redirect("web:webhook-detail", row.pk)
    context = {"title": f"Change {row.name}", "action": "Save", "back": reverse("web:webhook-detail", args=[row.pk]), "nav": "settings"}
    return form_response(request, form, crumbs=page.CRUMBS, **context)


def secret_shown(request: HttpRequest, row: Subscription, secret: str) -> HttpResponse:
    """The page with the secret, which nobody can read again."""
    return render(request, "web/webhooks/secret.html", {"webhook": row, "secret": secret, "nav": "settings"})
