"""The rows that the pages of customers' questionnaires look at."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from core.errors import NotFound
from questionnaires.models import Direction, QuestionnaireRequest


def inbound_rows(actor: User) -> QuerySet[QuestionnaireRequest]:
    """All questionnaires of customers the actor may know of, with what lists name."""
    rows = QuestionnaireRequest.objects.visible_to(actor).filter(direction=Direction.INBOUND)
    return rows.select_related("version__template", "owner", "reviewed_by").defer("version__document")


def inbound_for(actor: User, inbound_id: UUID) -> QuestionnaireRequest:
    """One of them, or ``NotFound``."""
    row = inbound_rows(actor).filter(pk=inbound_id).first()
    if row is None:
        raise NotFound("There is no such questionnaire of a customer in your register.")
    return row
