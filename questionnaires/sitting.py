"""From rows to ``scoring``: what stands against each question of a request, and one more line in its history of scores."""

from datetime import date

from django.db.models import Count, Q

from core.clock import now
from questionnaires.models import Answer, ExhibitState, QuestionnaireRequest, Score, ScoreReason
from questionnaires.rules import Given
from questionnaires.scoring import Sitting

COUNTING = Q(exhibits__removed_at__isnull=True) & ~Q(exhibits__state=ExhibitState.REFUSED)
"""Files that count as evidence: not taken back, not refused. Quarantined ones do, until somebody looked at them."""


def sitting_of(request: QuestionnaireRequest, on: date | None = None) -> Sitting:
    """The frozen document with the answers as they stand; ages count on the day of submission, before it on ``on`` or today. One query."""
    day = request.submitted_at.date() if request.submitted_at else on or now().date()
    return Sitting(request.version.parsed(), given_of(request), day, frozenset(request.switched))


def given_of(request: QuestionnaireRequest) -> dict[str, Given]:
    """What stands against each answered question, by key."""
    rows = Answer.objects.filter(request=request).annotate(files=Count("exhibits", filter=COUNTING))
    return {row.question: Given(row.value, row.files, row.verdict, row.points) for row in rows}


def score_add(request: QuestionnaireRequest, reason: ScoreReason) -> Score:
    """Count ``request`` and keep the result; part of the caller's transaction, which also makes the log entry."""
    sheet = sitting_of(request).sheet()
    return Score.objects.create(request=request, reason=reason, claimed=sheet.total.claimed, confirmed=sheet.total.confirmed, sheet=sheet.stored())
