"""What is done with a webhook or a delivery after asking once: test, replay, new secret, disable, enable, end."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.permissions import require
from core import clock
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.webhooks import page, queries
from web.webhooks.forms import ReplayForm, RotateForm
from web.webhooks.views import secret_shown
from webhooks import services

form_page = require_http_methods(["GET", "HEAD", "POST"])


@form_page
@never_cache
def webhook_rotate(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Ask for how long the former secret signs too, then show the new one once."""
    actor = actor_of(request)
    row = queries.webhook_for(actor, webhook_id)
    require(actor, "webhooks.manage", row)
    form = RotateForm(posted(request))
    if form.is_valid():
        with service_errors(form):
            row, secret = services.secret_rotate(actor=actor, subscription=row, **form.cleaned_data)
            return secret_shown(request, row, secret)
    context = {"title": f"Exchange the secret of {row.name}", "action": "Make a new secret", "back": _back(webhook_id), "nav": "settings"}
    return form_response(request, form, lead="The new secret is shown once.", crumbs=page.CRUMBS, **context)


@form_page
def webhook_replay(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Send what happened in a time again."""
    actor = actor_of(request)
    row, now = queries.webhook_for(actor, webhook_id), clock.now()
    require(actor, "webhooks.manage", row)
    form = ReplayForm(posted(request), initial={"since": now - timedelta(days=1), "until": now})
    if form.is_valid():
        with service_errors(form):
            count = services.deliveries_replay(actor=actor, subscription=row, **form.wish())
            messages.success(request, f"{count} event{'' if count == 1 else 's'} will be sent again.")
            return redirect("web:webhook-detail", row.pk)
    lead = "Also what happened while it was disabled. Messages keep their id, so a receiver can tell what it has already."
    context = {"title": f"Replay to {row.name}", "action": "Replay", "back": _back(webhook_id), "nav": "settings"}
    return form_response(request, form, lead=lead, crumbs=page.CRUMBS, **context)


@form_page
def webhook_test(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Ask, then send an event of no meaning."""
    text = "An event of type webhook.test is sent once. What came of it stands in the record of deliveries within seconds."
    return _confirmed(request, webhook_id, services.example_send, "Send a test event to {}?", text, "Send", "A test event is on its way.", danger=False)


@form_page
def webhook_disable(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Ask, then send nothing more for now."""
    text = "Nothing is sent until somebody enables it. What happens meanwhile can be replayed afterwards, for 90 days."
    return _confirmed(request, webhook_id, services.subscription_disable, "Disable {}?", text, "Disable", "Disabled.")


@form_page
def webhook_enable(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Ask, then send again."""
    text = "It begins with what was still waiting. What happened while it was disabled is not sent by itself: replay it."
    return _confirmed(request, webhook_id, services.subscription_enable, "Enable {}?", text, "Enable", "Enabled.", danger=False)


@form_page
def webhook_end(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Ask, then end it for good."""
    text = "Its secret is erased and what waits is given up. This cannot be undone; the record of deliveries stays for 90 days."
    return _confirmed(request, webhook_id, services.subscription_end, "Delete {}?", text, "Delete", "Deleted.")


@form_page
def delivery_replay(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Ask, then send the event again."""
    actor = actor_of(request)
    row = queries.delivery_for(actor, delivery_id)
    if request.method == "POST":
        made = services.delivery_replay(actor=actor, delivery=row)
        messages.success(request, "It will be sent again within seconds.")
        return redirect("web:webhook-delivery", made.pk)
    text = "The same message with the same id is sent again. A receiver that has it already can tell."
    context = {"title": "Send it again?", "text": text, "action": "Send again", "back": reverse("web:webhook-delivery", args=[row.pk]), "nav": "settings"}
    return render(request, "components/confirm.html", context)


def _confirmed(
    request: HttpRequest, webhook_id: UUID, change: Callable[..., object], title: str, text: str, action: str, done: str, danger: bool = True
) -> HttpResponse:
    actor = actor_of(request)
    row = queries.webhook_for(actor, webhook_id)
    if request.method == "POST":
        change(actor=actor, subscription=row)
        messages.success(request, done)
        return redirect("web:webhook-detail", row.pk)
    context = {"title": title.format(f"“{row.name}”"), "text": text, "action": action, "danger": danger, "back": _back(webhook_id), "nav": "settings"}
    return render(request, "components/confirm.html", context)


def _back(webhook_id: UUID) -> str:
    return reverse("web:webhook-detail", args=[webhook_id])
