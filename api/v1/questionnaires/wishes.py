"""What the bodies of requests and campaigns name, found in the caller's register."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from api.v1.base.related import named
from api.v1.base.rows import Values
from core.errors import InvalidInput
from questionnaires.models import Direction, QuestionnaireRequest, TemplateVersion
from questionnaires.services.requests import Wish


def of_vendors(actor: User) -> QuerySet[QuestionnaireRequest]:
    """Questionnaires that were put to vendors, as far as the actor may know of them."""
    return QuestionnaireRequest.objects.visible_to(actor).filter(direction=Direction.OUTBOUND)


def wish_of(actor: User, home: UUID, data: Values) -> Wish:
    """What is asked until when, and the person of the organisation ``home`` whom respondents ask."""
    versions = TemplateVersion.objects.visible_to(actor).select_related("template")
    version = named("template_version", versions, data["template_version"])
    return Wish(version, data["due_on"], _owner(actor, home, data.get("owner")), data.get("message", ""), data.get("switched", ()))


def _owner(actor: User, home: UUID, key: UUID | None) -> User:
    if key is not None:
        found: User = named("owner", User.objects.filter(memberships__organisation=home).distinct(), key)
        return found
    if actor.is_service:
        raise InvalidInput("owner", "name the person whom respondents ask; a program cannot be asked")
    return actor
