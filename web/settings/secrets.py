"""OAuth 2 client secrets of service accounts: make, show once, exchange, revoke."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import oauth
from accounts.models import ClientSecret
from accounts.tokens import scopes_open_to
from evidence import ledger
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.settings import page, queries
from web.settings.forms import ClientSecretForm, SecretRotateForm

form_page = require_http_methods(["GET", "HEAD", "POST"])


@form_page
@never_cache
def client_secret_create(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Make a secret for a service account and show it, this once."""
    actor = actor_of(request)
    program = queries.program_for(actor, account_id)
    form = ClientSecretForm(posted(request), scopes=scopes_open_to(program))
    if form.is_valid():
        with service_errors(form):
            row, secret = oauth.client_secret_issue(actor=actor, record=ledger.append, user=program, **form.cleaned_data)
            return _shown(request, row, secret)
    lead = "The program exchanges its id and this secret for tokens that last a quarter of an hour. Choose as little as it needs."
    context = {"title": f"Make a client secret for {program.username}", "lead": lead, "action": "Make the secret", "nav": "settings"}
    return form_response(request, form, back=reverse("web:user-detail", args=[program.pk]), crumbs=page.CRUMBS, **context)


@form_page
@never_cache
def client_secret_rotate(request: HttpRequest, secret_id: UUID) -> HttpResponse:
    """Exchange a secret; the former one goes on for as long as chosen."""
    actor = actor_of(request)
    row = queries.client_secret_for(actor, secret_id)
    form = SecretRotateForm(posted(request))
    if form.is_valid():
        with service_errors(form):
            made, secret = oauth.client_secret_rotate(actor=actor, record=ledger.append, secret=row, **form.cleaned_data)
            return _shown(request, made, secret)
    context = {"title": f"Exchange the secret {row}", "lead": "The new one has the same scopes and is shown once.", "action": "Make a new secret"}
    return form_response(request, form, back=reverse("web:user-detail", args=[row.user_id]), crumbs=page.CRUMBS, nav="settings", **context)


@form_page
def client_secret_revoke(request: HttpRequest, secret_id: UUID) -> HttpResponse:
    """Ask, then end a secret with its access tokens."""
    actor = actor_of(request)
    row = queries.client_secret_for(actor, secret_id)
    back = reverse("web:user-detail", args=[row.user_id])
    if request.method == "POST":
        oauth.client_secret_revoke(actor=actor, record=ledger.append, secret=row)
        messages.success(request, f"The secret {row} is revoked, with every token that was issued for it.")
        return redirect(back)
    text = "No token is issued for it any more, and those that were are refused from now on. This cannot be undone."
    context = {"title": f"Revoke the secret {row}?", "text": text, "action": "Revoke", "danger": True, "back": back, "nav": "settings"}
    return render(request, "components/confirm.html", context)


def _shown(request: HttpRequest, row: ClientSecret, secret: str) -> HttpResponse:
    address = request.build_absolute_uri(reverse("api:oauth-token"))
    return render(request, "web/settings/client_secret.html", {"row": row, "secret": secret, "address": address, "nav": "settings"})
