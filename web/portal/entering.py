"""The one address with a secret in it: it lets the browser in and leads on at once, so that the secret stands in no later address."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from core import clock
from questionnaires.respondents import ENTERS, actor_behind, invitation_of, standing
from questionnaires.services.answering import portal_enter
from web.portal.session import path_of, private, shut, visit_begin, wrong_links


@login_not_required
@require_safe
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """Exchange the link's secret for a visit, or say why it does not open."""
    response = private(_entered(request, token))
    response["Referrer-Policy"] = "no-referrer"
    return response


def _entered(request: HttpRequest, token: str) -> HttpResponse:
    if wrong_links(request):
        return shut(request, "too_many")
    invitation = invitation_of(token)
    if invitation is None:
        wrong_links(request, add=True)
        return shut(request, "unknown")
    word = standing(invitation, invitation.request, clock.now())
    if word not in ENTERS:
        return shut(request, word, invitation)
    portal_enter(actor=actor_behind(invitation), invitation=invitation)
    response = redirect(path_of(invitation))
    visit_begin(response, invitation)
    return response
