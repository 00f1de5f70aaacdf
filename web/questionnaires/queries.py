"""The rows that the pages of questionnaires look at, each one within what the actor may know of."""

from datetime import date
from typing import TypeVar
from uuid import UUID

from django.db.models import Exists, Min, OuterRef, Prefetch, Q, QuerySet

from accounts.models import Membership, Role, User
from accounts.permissions import roles_with
from core.errors import NotFound
from inventory.models import AISystem, ModelVersion, Vendor
from questionnaires.models import ANSWERABLE, Campaign, Comment, Direction, Invitation, QuestionnaireRequest, TemplateVersion

R = TypeVar("R")
SHOWN = 8
"""Requests in the panel of a vendor."""


def request_rows(actor: User) -> QuerySet[QuestionnaireRequest]:
    """All requests to vendors the actor may know of, with what lists name."""
    rows = QuestionnaireRequest.objects.visible_to(actor).filter(direction=Direction.OUTBOUND)
    return rows.select_related("vendor", "version__template", "owner", "campaign")


def late(rows: QuerySet[QuestionnaireRequest], today: date) -> QuerySet[QuestionnaireRequest]:
    """Those that should have been answered before ``today`` and never were."""
    return rows.filter(state__in=ANSWERABLE, submitted_at__isnull=True, due_on__lt=today)


def request_for(actor: User, request_id: UUID) -> QuestionnaireRequest:
    """A request with all that its page shows, or ``NotFound``."""
    invitations = Prefetch("invitations", Invitation.objects.select_related("user", "delegated_by"))
    comments = Prefetch("comments", Comment.objects.select_related("invitation", "by"))
    related = ("model_version__model", "system", "created_by", "reviewed_by", "submission__attestation__entry", "previous", "organisation")
    rows = request_rows(actor).select_related(*related).prefetch_related(invitations).prefetch_related(comments)
    return _found(rows.filter(pk=request_id).first(), "questionnaire")


def invitation_for(actor: User, invitation_id: UUID) -> Invitation:
    """An invitation to one of the actor's requests, or ``NotFound``."""
    rows = Invitation.objects.visible_to(actor).select_related("request__vendor", "request__version__template")
    return _found(rows.filter(pk=invitation_id).first(), "invitation")


def campaign_rows(actor: User) -> QuerySet[Campaign]:
    """All campaigns the actor may know of."""
    return Campaign.objects.visible_to(actor).select_related("version__template").prefetch_related("requests")


def campaign_for(actor: User, campaign_id: UUID) -> Campaign:
    """A campaign, or ``NotFound``."""
    related = ("version__template", "created_by", "organisation")
    return _found(Campaign.objects.visible_to(actor).select_related(*related).filter(pk=campaign_id).first(), "campaign")


def campaign_requests(actor: User, campaign: Campaign) -> list[QuestionnaireRequest]:
    """The requests of a campaign by vendor, with when somebody first came in (``came_in``)."""
    rows = request_rows(actor).filter(campaign=campaign).annotate(came_in=Min("invitations__first_seen_at"))
    return list(rows.order_by("vendor__name"))


def versions_open(actor: User) -> QuerySet[TemplateVersion]:
    """Published versions that can be sent: of templates in use, newest first."""
    rows = TemplateVersion.objects.visible_to(actor).filter(published_at__isnull=False, template__withdrawn_at__isnull=True)
    return rows.select_related("template").order_by("template__name", "-number")


def senders(actor: User) -> QuerySet[User]:
    """People of the actor's registers who may answer for a request."""
    homes = Membership.objects.filter(user=actor).values("organisation")
    held = Membership.objects.filter(user=OuterRef("pk"), organisation__in=homes, role__in=roles_with("questionnaire.send"))
    return User.objects.filter(Exists(held), is_active=True, is_service=False).order_by("username")


def accounts_open(request: QuestionnaireRequest) -> QuerySet[User]:
    """Accounts of vendor respondents that are not invited yet."""
    held = Membership.objects.filter(user=OuterRef("pk"), organisation=request.organisation_id, role=Role.VENDOR)
    invited = Invitation.objects.filter(request=request, user=OuterRef("pk"))
    return User.objects.filter(Exists(held), ~Exists(invited), is_active=True, is_service=False).order_by("username")


def vendors(actor: User) -> QuerySet[Vendor]:
    """Vendors of the actor's registers."""
    return Vendor.objects.visible_to(actor).order_by("name")


def model_versions(actor: User) -> QuerySet[ModelVersion]:
    """Model versions of the actor's registers."""
    return ModelVersion.objects.visible_to(actor).select_related("model").defer("weights_manifest").order_by("model__name", "label")


def systems(actor: User) -> QuerySet[AISystem]:
    """Systems of the actor's registers."""
    return AISystem.objects.visible_to(actor).order_by("name")


def of_vendor(actor: User, vendor: Vendor) -> list[QuestionnaireRequest]:
    """The newest requests to ``vendor``."""
    return list(request_rows(actor).filter(Q(vendor=vendor)).order_by("-created_at")[:SHOWN])


def _found(row: R | None, name: str) -> R:
    if row is None:
        raise NotFound(f"There is no such {name} in your register.")
    return row
