"""All drafts of a campaign sent with one act: each in a transaction of its own, so that one that cannot go holds up no other."""

from dataclasses import dataclass

from django.db.models import Prefetch

from accounts.models import User
from accounts.permissions import require
from core import clock
from core.errors import InvalidState
from questionnaires.models import Campaign, Invitation, QuestionnaireRequest, RequestState
from questionnaires.services.mailing import address_of
from questionnaires.services.notices import notices_ring
from questionnaires.services.requests import VERB, obstacle_of, request_send


@dataclass(frozen=True)
class Draft:
    """One draft before it is sent: who can come in, each with the address that is mailed (empty: none), and why it cannot go (empty: it can)."""

    request: QuestionnaireRequest
    contacts: tuple[tuple[Invitation, str], ...]
    obstacle: str


@dataclass(frozen=True)
class Sending:
    """What one sending came to: the requests that went out, and those that could not with the fix of each."""

    sent: tuple[QuestionnaireRequest, ...]
    left: tuple[tuple[QuestionnaireRequest, str], ...]


def drafts_of(campaign: Campaign) -> list[Draft]:
    """The drafts of ``campaign`` by vendor; two queries however many they are."""
    now = clock.now()
    invitations = Prefetch("invitations", Invitation.objects.select_related("user"))
    related = ("vendor", "version__template", "organisation", "owner")
    rows = campaign.requests.filter(state=RequestState.DRAFT).select_related(*related).prefetch_related(invitations).order_by("vendor__name")
    found = []
    for row in rows:
        known = list(row.invitations.all())
        for invitation in known:
            invitation.request = row
        contacts = tuple((one, address_of(one)) for one in known if one.open_at(now))
        found.append(Draft(row, contacts, obstacle_of(row, known, now)))
    return found


def campaign_send(*, actor: User, campaign: Campaign) -> Sending:
    """Send every draft of ``campaign`` that can go. Doing it twice, or at the same time as a colleague, sends nothing twice."""
    require(actor, VERB, campaign)
    sent, left = [], {}
    for row in campaign.requests.filter(state=RequestState.DRAFT).select_related("vendor").order_by("vendor__name"):
        try:
            sent.append(request_send(actor=actor, request=row, ring=False))
        except InvalidState as error:
            left[row] = str(error)
    if sent:
        notices_ring()
    # One that somebody sent or withdrew in between was refused too, but nothing is left to do about it.
    still = set(campaign.requests.filter(state=RequestState.DRAFT).values_list("pk", flat=True))
    return Sending(tuple(sent), tuple((row, why) for row, why in left.items() if row.pk in still))
