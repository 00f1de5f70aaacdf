"""API tokens: list, issue, show once, revoke."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import tokens
from accounts.permissions import SCOPES
from evidence import ledger
from web.fetch import actor_of
from web.forms import form_response, service_errors
from web.lists.listing import Action, Empty, Listing, list_response
from web.settings import page, queries
from web.settings.filters import TokenFilter
from web.settings.forms import TokenForm
from web.settings.tables import TokenTable

TOKENS = Listing(
    slug="tokens",
    title="API tokens",
    lead="Keys for programs. Each does less than its owner may, ends by itself, and is shown once, when it is made.",
    table=TokenTable,
    filterset=TokenFilter,
    empty=Empty("No tokens yet", "Issue one for each program that shall use the API.", Action("Issue a token", "/settings/tokens/new/", primary=True)),
    pretitle="Settings",
    nav="settings",
)


@require_safe
def token_list(request: HttpRequest) -> HttpResponse:
    """One's own tokens; for administrators all of the organisation."""
    issue = Action("Issue a token", reverse("web:token-create"), primary=True)
    return list_response(request, TOKENS, queries.tokens_of(actor_of(request)), actions=(issue,))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def token_create(request: HttpRequest) -> HttpResponse:
    """Issue a token and show its secret, this once."""
    actor = actor_of(request)
    programs = queries.programs_of(actor)
    open_to = SCOPES if programs.exists() else tokens.scopes_open_to(actor)
    form = TokenForm(request.POST if request.method == "POST" else None, programs=programs, scopes=open_to)
    if request.method == "POST" and form.is_valid():
        with service_errors(form):
            token, secret = tokens.token_issue(actor=actor, record=ledger.append, **form.cleaned_data)
            address = request.build_absolute_uri("/api/v1/")
            return render(request, "web/settings/token.html", {"token": token, "secret": secret, "address": address, "nav": "settings"})
    lead = "Choose as little as the program needs. The secret is shown once; only its fingerprint is kept."
    context = {"title": "Issue an API token", "lead": lead, "action": "Issue the token", "back": reverse("web:token-list"), "nav": "settings"}
    return form_response(request, form, crumbs=(*page.CRUMBS, ("API tokens", "/settings/tokens/")), **context)


@require_http_methods(["GET", "HEAD", "POST"])
def token_revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """Ask, then end the token."""
    actor = actor_of(request)
    token = queries.token_for(actor, token_id)
    if request.method == "POST":
        tokens.token_revoke(actor=actor, record=ledger.append, token=token)
        messages.success(request, f"The token “{token.name}” is revoked.")
        return redirect("web:token-list")
    text = "The program that uses it is refused from now on. This cannot be undone; a new token can be issued."
    context = {"title": f"Revoke “{token.name}”?", "text": text, "action": "Revoke", "danger": True, "back": reverse("web:token-list"), "nav": "settings"}
    return render(request, "components/confirm.html", context)
