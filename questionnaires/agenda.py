"""What is due, waits or ends among requests to vendors: one answer for the first page and for calendars."""

from datetime import date
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery

from evidence.models import EvidenceLink
from questionnaires.models import ANSWERABLE, Direction, Exhibit, QuestionnaireRequest, RequestState, Verdict

Rows = QuerySet[QuestionnaireRequest]


def awaited(rows: Rows) -> Rows:
    """Sent and never handed in; their due day counts. Answers that were opened again have no day of their own."""
    return rows.filter(direction=Direction.OUTBOUND, state__in=ANSWERABLE, submitted_at__isnull=True)


def to_review(rows: Rows) -> Rows:
    """Handed in, and the review is not closed."""
    return rows.filter(direction=Direction.OUTBOUND, state=RequestState.SUBMITTED)


def not_asked_again(rows: Rows) -> Rows:
    """Reviewed, and the vendor was not put the same questionnaire again since."""
    later = QuestionnaireRequest.objects.filter(
        vendor=OuterRef("vendor"), version__template=OuterRef("version__template"), created_at__gt=OuterRef("created_at")
    )  # fmt: skip
    rows = rows.filter(direction=Direction.OUTBOUND, state=RequestState.REVIEWED)
    return rows.filter(~Exists(later.exclude(state=RequestState.WITHDRAWN)))


def answers_ending(rows: Rows, today: date) -> QuerySet[Any]:
    """Reviews that hold, of which an accepted answer stops counting before the review ends (``answer_ends``): a file behind it counts only so long."""
    accepted = Exhibit.objects.filter(answer__request=OuterRef(OuterRef("pk")), answer__verdict=Verdict.ACCEPTED, removed_at__isnull=True)
    links = EvidenceLink.objects.filter(artifact__in=accepted.values("artifact"), valid_until__isnull=False).exclude(status=EvidenceLink.Status.DECLINED)
    held = not_asked_again(rows).filter(valid_until__gte=today)
    first = held.annotate(answer_ends=Subquery(links.order_by("valid_until").values("valid_until")[:1]))
    return first.filter(answer_ends__lt=F("valid_until"))
