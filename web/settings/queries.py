"""Rows of the settings pages, each only as far as the actor may know of it."""

from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from accounts.models import ApiToken, ClientSecret, Membership, Organisation, Role, User
from accounts.permissions import roles_with
from accounts.visibility import users_visible_to
from core import clock
from core.errors import NotFound


def people_of(actor: User) -> QuerySet[User]:
    """Users of the actor's organisations with the roles they have there, and whether they have a second factor."""
    here = Membership.objects.filter(organisation__in=organisations(actor, "accounts.read")).order_by("role")
    factor = Authenticator.objects.filter(user=OuterRef("pk")).exclude(type=Authenticator.Type.RECOVERY_CODES)
    rows = users_visible_to(actor).annotate(has_factor=Exists(factor))
    return rows.prefetch_related(Prefetch("memberships", here, to_attr="here"))


def person_for(actor: User, user_id: UUID) -> User:
    """A user of the actor's organisations, or ``NotFound``."""
    row = people_of(actor).filter(pk=user_id).first()
    if row is None:
        raise NotFound("There is no such user in your organisation.")
    return row


def organisations(actor: User, verb: str = "accounts.manage") -> QuerySet[Organisation]:
    """Organisations in which one of the actor's roles includes ``verb``."""
    held = Membership.objects.filter(user=actor, role__in=roles_with(verb), organisation=OuterRef("pk"))
    return Organisation.objects.filter(Exists(held)).order_by("name")


def shared_home(actor: User, person: User) -> Organisation:
    """The organisation in which the actor may change the person, or ``NotFound``."""
    row = organisations(actor).filter(memberships__user=person).first()
    if row is None:
        raise NotFound("There is no such user in an organisation that you administer.")
    return row


def tokens_of(actor: User) -> QuerySet[ApiToken]:
    """The actor's own tokens, and as an administrator everyone's of the organisation."""
    managed = users_visible_to(actor, "accounts.manage").filter(pk=OuterRef("user"))
    return ApiToken.objects.filter(Q(user=actor) | Exists(managed), client_secret=None).select_related("user", "created_by")


def token_for(actor: User, token_id: UUID) -> ApiToken:
    """One of ``tokens_of``, or ``NotFound``."""
    row = tokens_of(actor).filter(pk=token_id).first()
    if row is None:
        raise NotFound("There is no such token.")
    return row


def programs_of(actor: User) -> QuerySet[User]:
    """Service accounts the actor may give tokens to."""
    rows = users_visible_to(actor, "accounts.manage").filter(is_service=True, is_active=True)
    return rows.filter(memberships__role=Role.API_CLIENT).distinct().order_by("username")


def program_for(actor: User, account_id: UUID) -> User:
    """A service account the actor manages, or ``NotFound``."""
    row = programs_of(actor).filter(pk=account_id).first()
    if row is None:
        raise NotFound("There is no such service account that you manage.")
    return row


def secrets_of(actor: User, person: User) -> list[ClientSecret]:
    """The client secrets of a service account, newest first, each with whether it is usable; the person comes from ``person_for``."""
    rows, now = list(ClientSecret.objects.filter(user=person)), clock.now()
    for row in rows:
        row.usable = row.usable_at(now)  # type: ignore[attr-defined]
    return rows


def client_secret_for(actor: User, secret_id: UUID) -> ClientSecret:
    """A client secret of a service account the actor manages, or ``NotFound``."""
    managed = users_visible_to(actor, "accounts.manage").filter(pk=OuterRef("user"))
    row = ClientSecret.objects.filter(Exists(managed), pk=secret_id).select_related("user").first()
    if row is None:
        raise NotFound("There is no such client secret.")
    return row
