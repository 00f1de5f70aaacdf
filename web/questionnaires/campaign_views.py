"""Campaigns: list, start, look, send all drafts."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import require
from questionnaires.services import requests as services
from questionnaires.services.campaigns import campaign_send
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.questionnaires import campaigns, queries
from web.questionnaires.forms import CampaignForm
from web.questionnaires.page import CRUMBS, SEND


@require_GET
def campaign_list(request: HttpRequest) -> HttpResponse:
    """All campaigns, newest first."""
    actor = actor_of(request)
    context = {"title": "Campaigns", "lead": "The same questionnaire to many vendors.", "crumbs": CRUMBS, "nav": "questionnaires"}
    return render(request, "web/questionnaires/campaigns.html", {**context, "rows": queries.campaign_rows(actor)[:200]})


@require_http_methods(["GET", "POST"])
def campaign_create(request: HttpRequest) -> HttpResponse:
    """Ask many vendors the same."""
    actor = actor_of(request)
    form = CampaignForm(posted(request), actor=actor)
    if form.is_valid():
        vendors = list(form.cleaned_data["vendors"])
        with service_errors(form):
            home = vendors[0].organisation
            row = services.campaign_start(actor=actor, organisation=home, name=form.cleaned_data["name"], vendors=vendors, wish=form.wish())
            messages.success(request, f"{len(vendors)} drafts are written. Invite the respondents of each, then send all of them from here.")
            return redirect("web:campaign-detail", row.pk)
    words = {"title": "Ask many vendors", "lead": "One draft for each vendor, with one due day.", "action": "Write the requests"}
    return form_response(request, form, **words, back=reverse("web:campaign-list"), crumbs=CRUMBS, nav="questionnaires")


@require_GET
def campaign_detail(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """One campaign: how far each vendor is, section by section."""
    actor = actor_of(request)
    return render(request, "web/questionnaires/campaign.html", campaigns.context(queries.campaign_for(actor, campaign_id), actor))


@require_http_methods(["GET", "POST"])
def campaign_send_all(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Show who would be asked and mailed and what cannot go, then send all drafts that can."""
    actor = actor_of(request)
    campaign = queries.campaign_for(actor, campaign_id)
    require(actor, SEND, campaign)
    if request.method == "POST":
        done = campaign_send(actor=actor, campaign=campaign)
        messages.success(request, campaigns.told(done))
        return redirect("web:campaign-send" if done.left else "web:campaign-detail", campaign.pk)
    return render(request, "web/questionnaires/campaign_send.html", campaigns.sending_context(campaign))
