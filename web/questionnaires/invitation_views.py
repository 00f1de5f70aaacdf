"""Ways in: invite, show the link this once, renew, revoke."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.permissions import require
from questionnaires.models import Invitation
from questionnaires.services import invitations as services
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.questionnaires import page, queries
from web.questionnaires.forms import InvitationForm


@require_http_methods(["GET", "POST"])
@never_cache
def invitation_create(request: HttpRequest, questionnaire_id: UUID) -> HttpResponse:
    """Invite somebody, by link or by account."""
    actor = actor_of(request)
    row = queries.request_for(actor, questionnaire_id)
    require(actor, page.SEND, row)
    form, back = InvitationForm(posted(request), request=row), reverse("web:questionnaire-detail", args=[row.pk])
    if form.is_valid():
        with service_errors(form):
            invitation, token = services.invitation_create(actor=actor, request=row, **form.cleaned_data)
            return _shown(request, invitation, token)
    lead = f"Who answers for {row.vendor}. They see this questionnaire and nothing else."
    return form_response(request, form, title="Invite somebody", lead=lead, action="Invite", back=back, crumbs=page.CRUMBS, nav="questionnaires")


@require_http_methods(["GET", "POST"])
@never_cache
def invitation_renew(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Ask, then make a new link in place of the old one."""
    invitation = _writable(request, invitation_id)
    if request.method == "POST":
        found, token = services.invitation_renew(actor=actor_of(request), invitation=invitation)
        return _shown(request, found, token)
    text = (
        "The old link stops working at once, and so do browsers that came in by it. What was answered stays. Links they passed on to colleagues keep working."
    )
    return _confirm(request, invitation, f"Make a new link for {invitation.name}?", text, "Make a new link")


@require_http_methods(["GET", "POST"])
def invitation_revoke(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Ask, then shut it."""
    invitation = _writable(request, invitation_id)
    if request.method == "POST":
        services.invitation_revoke(actor=actor_of(request), invitation=invitation)
        messages.success(request, f"{invitation.name} can no longer come in, nor can those they passed sections on to.")
        return redirect("web:questionnaire-detail", invitation.request_id)
    text = "They can no longer come in, nor can those they passed sections on to. What was answered stays."
    return _confirm(request, invitation, f"Revoke the invitation of {invitation.name}?", text, "Revoke", danger=True)


def _shown(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    if not token:
        messages.success(request, f"{invitation.name} finds the questionnaire on their first page after signing in.")
        return redirect("web:questionnaire-detail", invitation.request_id)
    link = request.build_absolute_uri(reverse("web:portal-enter", args=[token]))
    context = {"invitation": invitation, "link": link, "back": reverse("web:questionnaire-detail", args=[invitation.request_id]), "nav": "questionnaires"}
    return render(request, "web/questionnaires/link.html", context)


def _writable(request: HttpRequest, invitation_id: UUID) -> Invitation:
    actor = actor_of(request)
    invitation = queries.invitation_for(actor, invitation_id)
    require(actor, page.SEND, invitation)
    return invitation


def _confirm(request: HttpRequest, invitation: Invitation, title: str, text: str, action: str, danger: bool = False) -> HttpResponse:
    back = reverse("web:questionnaire-detail", args=[invitation.request_id])
    context = {"title": title, "text": text, "action": action, "danger": danger, "back": back, "nav": "questionnaires"}
    return render(request, "components/confirm.html", context)
