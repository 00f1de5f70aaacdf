"""What the page for a board reads."""

from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Membership, Organisation, User
from accounts.permissions import roles_with
from core.errors import NotFound
from reports.models import BoardReport

SHOWN = 10


def organisations(actor: User) -> QuerySet[Organisation]:
    """Organisations whose reports the actor may read, by name."""
    held = Membership.objects.filter(user=actor, role__in=roles_with("reports.read"), organisation=OuterRef("pk"))
    return Organisation.objects.filter(Exists(held)).order_by("name", "pk")


def organisation_for(actor: User, organisation_id: UUID) -> Organisation:
    """An organisation in which the actor has any role, or ``NotFound``."""
    row = Organisation.objects.filter(memberships__user=actor, pk=organisation_id).first()
    if row is None:
        raise NotFound("You belong to no such organisation.")
    return row


def made_for(actor: User, board_id: UUID) -> BoardReport:
    """A signed page of the actor's organisations with its file, or ``NotFound``."""
    row = BoardReport.objects.visible_to(actor).select_related("pdf", "entry__attestation__entry").filter(pk=board_id).first()
    if row is None:
        raise NotFound("There is no such report in your register.")
    return row


def made_of(actor: User, organisation: Organisation) -> list[BoardReport]:
    """The newest signed pages."""
    rows = BoardReport.objects.visible_to(actor).filter(organisation=organisation).select_related("entry")
    return list(rows.defer("content")[:SHOWN])
