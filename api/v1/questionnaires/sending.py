"""Calls of the asking side: invitations and campaigns; sending, reminding, moving and withdrawing a questionnaire."""

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from rest_framework.request import Request

from accounts.models import User
from api.v1.base.related import named, organisation_for
from api.v1.base.rendering import answer
from api.v1.base.rows import Values
from api.v1.base.secrets import revealed
from api.v1.base.views import ActionView, CreateView, DetailView
from api.v1.questionnaires.bodies import CampaignBody, CommentBody, DueBody, InvitationBody, ValidDaysBody, WithdrawBody
from api.v1.questionnaires.filters import CampaignFilter, CommentFilter, InvitationFilter
from api.v1.questionnaires.sending_rows import (
    CampaignSent,
    QuestionnaireCampaignRow,
    QuestionnaireCampaignWhole,
    QuestionnaireCommentRow,
    QuestionnaireInvitationLink,
    QuestionnaireInvitationRow,
    Reminded,
)
from api.v1.questionnaires.serializers import QuestionnaireRow
from api.v1.questionnaires.wishes import of_vendors, wish_of
from core.errors import InvalidInput, NotFound
from inventory.models import Vendor
from questionnaires.models import Campaign, Comment, Invitation, QuestionnaireRequest
from questionnaires.services import invitations, requests
from questionnaires.services.campaigns import campaign_send
from questionnaires.services.notices import remind_now


class VendorAction(ActionView):
    """Something done with a questionnaire to a vendor; a customer's has calls of its own."""

    out, noun = QuestionnaireRow, "questionnaire"

    def _done(self, actor: User, key: UUID, data: Values) -> HttpResponse:
        if not of_vendors(actor).filter(pk=key).exists():
            raise NotFound("There is no such questionnaire to a vendor in your register.")
        return super()._done(actor, key, data)


class QuestionnaireSend(VendorAction):
    """The sending."""

    def act(self, actor: User, row: QuestionnaireRequest, data: Values) -> None:
        """Open a draft to those who are invited. Links are not mailed: pass them on. 409 while nobody is invited."""
        requests.request_send(actor=actor, request=row)


class QuestionnaireDue(VendorAction):
    """Another due day."""

    body = DueBody

    def act(self, actor: User, row: QuestionnaireRequest, data: Values) -> None:
        """Give more or less time, until the answers are submitted."""
        requests.due_change(actor=actor, request=row, due_on=data["due_on"])


class QuestionnaireWithdraw(VendorAction):
    """An end before the review."""

    body = WithdrawBody

    def act(self, actor: User, row: QuestionnaireRequest, data: Values) -> None:
        """End it; respondents read that they need not answer. What was answered stays on record."""
        requests.request_withdraw(actor=actor, request=row, reason=data["reason"])


class QuestionnaireRemind(VendorAction):
    """A reminder."""

    out: ClassVar[Any] = Reminded

    def act(self, actor: User, row: Any, data: Values) -> None:
        """Mail everybody who is invited, has an address and can still answer, once a day each at most, when this call is through. No link is in the mail."""

    def _done(self, actor: User, key: UUID, data: Values) -> HttpResponse:
        row = of_vendors(actor).filter(pk=key).first()
        if row is None:
            raise NotFound("There is no such questionnaire to a vendor in your register.")
        return answer({"mails": remind_now(actor=actor, request=row)})


class InvitationDetail(DetailView):
    """One invitation, without its link."""

    out, noun = QuestionnaireInvitationRow, "invitation"


class InvitationShown(DetailView):
    """An invitation as it is answered with its link."""

    out, noun = QuestionnaireInvitationLink, "invitation"


class InvitationList(CreateView):
    """Invitations to questionnaires, without their links."""

    out, body, noun, detail, address = QuestionnaireInvitationRow, InvitationBody, "invitation", InvitationShown, "questionnaire-invitation"
    filters, orderings = InvitationFilter, ("-created_at",)

    def post(self, request: Request) -> HttpResponse:
        """Invite; the link joins the answer last, so that the copy kept for a repetition does not hold it."""
        self.token = ""
        return revealed(super().post(request), link_of(request, self.token), "link")

    def create(self, actor: User, data: Values) -> Invitation:
        """Invite a respondent. The link is in this answer only; a repetition with the same Idempotency-Key shows null in its place."""
        row = named("questionnaire", of_vendors(actor), data.pop("questionnaire"))
        account = data.pop("account", None)
        user = named("account", User.objects.filter(memberships__organisation=row.organisation_id).distinct(), account) if account else None
        found, self.token = invitations.invitation_create(actor=actor, request=row, user=user, **data)
        return found


class InvitationRenew(ActionView):
    """A new link."""

    out, body, noun = QuestionnaireInvitationLink, ValidDaysBody, "invitation"

    def post(self, request: Request, id: UUID) -> HttpResponse:
        """Exchange it; see ``InvitationList.post`` about the link."""
        self.token = ""
        return revealed(super().post(request, id), link_of(request, self.token), "link")

    def act(self, actor: User, row: Invitation, data: Values) -> None:
        """Make a new link and a new end. The old link stops working at once; what was answered stays."""
        _, self.token = invitations.invitation_renew(actor=actor, invitation=row, **data)


class InvitationRevoke(ActionView):
    """The end of a way in."""

    out, noun = QuestionnaireInvitationRow, "invitation"

    def act(self, actor: User, row: Invitation, data: Values) -> None:
        """Shut it now, with those its holder passed on. What was answered stays."""
        invitations.invitation_revoke(actor=actor, invitation=row)


class CommentDetail(DetailView):
    """One comment."""

    out, noun = QuestionnaireCommentRow, "comment"


class CommentList(CreateView):
    """Comments on questionnaires."""

    out, body, noun, detail, address = QuestionnaireCommentRow, CommentBody, "comment", CommentDetail, "questionnaire-comment"
    filters, orderings = CommentFilter, ("-created_at",)

    def create(self, actor: User, data: Values) -> Comment:
        """Write to the respondents, or among colleagues. Kept out of the log, as free text."""
        row = named("questionnaire", of_vendors(actor), data.pop("questionnaire"))
        return requests.staff_comment_add(actor=actor, request=row, **data)


class CampaignDetail(DetailView):
    """One campaign with the questionnaire of each vendor."""

    out, noun = QuestionnaireCampaignWhole, "campaign"


class CampaignList(CreateView):
    """Campaigns: the same questionnaire to many vendors."""

    out, body, noun, detail, address = QuestionnaireCampaignRow, CampaignBody, "campaign", CampaignDetail, "questionnaire-campaign"
    filters, orderings = CampaignFilter, ("-created_at", "due_on", "name")

    def create(self, actor: User, data: Values) -> Campaign:
        """Write one draft for each vendor, all or none. Then invite to each and send it."""
        home = organisation_for(actor, requests.VERB, data.pop("organisation", None))
        keys = data.pop("vendors")
        found = Vendor.objects.visible_to(actor).in_bulk(set(keys))
        if len(found) != len(set(keys)):
            raise InvalidInput("vendors", "one of these is not in your register")
        vendors = [found[key] for key in keys]
        return requests.campaign_start(actor=actor, organisation=home, name=data["name"], vendors=vendors, wish=wish_of(actor, home.pk, data))


class CampaignSend(ActionView):
    """The sending of a campaign."""

    out: ClassVar[Any] = CampaignSent

    def act(self, actor: User, row: Any, data: Values) -> None:
        """Open every draft of it that can go to those who are invited. What cannot go is named in ``left`` and holds up no other; nothing is sent twice."""

    def _done(self, actor: User, key: UUID, data: Values) -> HttpResponse:
        row = self.out.visible(actor).filter(pk=key).first()
        if row is None:
            raise NotFound("There is no such campaign in your register.")
        done = campaign_send(actor=actor, campaign=row)
        left = [{"questionnaire": draft.pk, "vendor": draft.vendor_id, "reason": why} for draft, why in done.left]
        return answer({"sent": [draft.pk for draft in done.sent], "left": left})


def link_of(request: Request, token: str) -> str:
    """The address that a respondent opens; empty where there is no secret."""
    if not token:
        return ""
    path = reverse("web:portal-enter", args=[token])
    return f"{settings.ASSAY_PUBLIC_ADDRESS}{path}" if settings.ASSAY_PUBLIC_ADDRESS else request.build_absolute_uri(path)
