"""What the answers of vendors are worth now: the newest review of a questionnaire, with what went stale since taken off."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery

from questionnaires.document import Document, document_kept
from questionnaires.grounds import filed, with_answers, with_grounds
from questionnaires.models import Direction, Exhibit, QuestionnaireRequest, RequestState, Score
from questionnaires.rules import Given
from questionnaires.scoring import ACCEPTED, Sheet, Sitting
from questionnaires.staleness import Staleness, stale_in, staleness_of

WEIGHED = (
    "vendor__name", "version__number", "version__template__name", "submission__sha256", "model_version__label", "model_version__lifecycle",
    "model_version__model__name", "system", "state", "switched", "valid_until", "created_at", "submitted_at", "reviewed_at", "reviewed_by",
)  # fmt: skip
"""What gates, clearances and the page of a vendor look at of a request."""


@dataclass(frozen=True)
class Worth:
    """One request as it counts on a day: per cent claimed and confirmed, open flags by key, and what is stale. None where nothing is scored."""

    request: QuestionnaireRequest
    claimed: float | None
    confirmed: float | None
    flags: tuple[str, ...]
    stale: Staleness

    def current_on(self, today: date) -> bool:
        """Whether it is reviewed, not expired, and still about what is at work."""
        return self.request.current_on(today) and not self.stale.whole


def requests_of(vendors: Collection[UUID] | QuerySet[Any, Any]) -> QuerySet[QuestionnaireRequest]:
    """Requests to these vendors that were not withdrawn, newest first, with what standing needs."""
    rows = QuestionnaireRequest.objects.filter(vendor__in=vendors, direction=Direction.OUTBOUND).exclude(state=RequestState.WITHDRAWN)
    rows = rows.select_related("version__template", "submission", "vendor", "model_version__model")
    return _with_sheet(rows.defer("version__document", "model_version__weights_manifest")).order_by("-reviewed_at", "-created_at")


def requests_by_key(keys: Collection[UUID], *, asked: bool = False) -> list[Any]:
    """The requests with these keys, with what their worth needs and no more; with ``asked`` also the questionnaire's ``document``."""
    rows = _with_sheet(QuestionnaireRequest.objects.filter(pk__in=keys).only("model_version", "state", "valid_until"))
    return list(rows.annotate(document=F("version__document")) if asked else rows)


def _with_sheet(rows: QuerySet[QuestionnaireRequest]) -> QuerySet[QuestionnaireRequest]:
    newest = Score.objects.filter(request=OuterRef("pk")).order_by("-created_at")
    return rows.annotate(sheet=Subquery(newest.values("sheet")[:1]), filed=filed())


class AnswerBook:
    """The requests to some vendors with what they are worth on a day, read once however many look at it, and only when somebody does.

    ``names``: of the questionnaires that are asked for, with everything in one query, for lists; None is all, and what can make them stale is read
    by a query of its own and only where something can.
    """

    def __init__(self, vendors: Collection[UUID], today: date, names: Collection[str] | None = None) -> None:
        self.vendors, self.today, self.names = frozenset(vendors), today, names

    @cached_property
    def requests(self) -> list[Any]:
        """See ``requests_of``; with what they are scored from."""
        if not self.vendors:
            return []
        rows = with_answers(requests_of(self.vendors)).only(*WEIGHED)
        return list(rows if self.names is None else with_grounds(rows.filter(version__template__name__in=self.names), self.today))

    @cached_property
    def stale(self) -> dict[UUID, Staleness]:
        """What is stale about each request, by its key."""
        if self.names is None:
            return staleness_of(self.requests, self.today)
        return {row.pk: stale_in(row, self.today) for row in self.requests}

    @cached_property
    def worths(self) -> dict[UUID, Worth]:
        """What each request is worth, by its key."""
        return {row.pk: _worth(row, self.stale[row.pk], row) for row in self.requests}


def worths_of(requests: Sequence[QuestionnaireRequest], today: date) -> dict[UUID, Worth]:
    """What each request is worth, by its key; rows come from ``requests_of``. Two queries: answers are read only where something is stale."""
    stale = staleness_of(requests, today)
    again = [key for key, row in stale.items() if row.any]
    # Building the query costs more than what it would find nothing for.
    answers = {row.pk: row for row in with_answers(QuestionnaireRequest.objects.filter(pk__in=again))} if again else {}
    return {row.pk: _worth(row, stale[row.pk], answers.get(row.pk)) for row in requests}


def document_of(row: Any) -> Document:
    """The questionnaire of a request that was read with its ``document``."""
    return document_kept(row.document)


def newest_reviewed(requests: Iterable[QuestionnaireRequest]) -> QuestionnaireRequest | None:
    """The one whose review was closed last."""
    rows = [row for row in requests if row.state == RequestState.REVIEWED and row.reviewed_at is not None]
    return max(rows, key=lambda row: (row.reviewed_at, row.created_at), default=None)


def _worth(row: QuestionnaireRequest, stale: Staleness, answers: Any) -> Worth:
    """As it was scored when the review was closed, or anew out of ``answers`` where something is stale."""
    if stale.any:
        sheet = _without_stale(answers, stale)
        return Worth(row, sheet.total.claimed, sheet.total.confirmed, tuple(flag.id for flag in sheet.flags), stale)
    kept = getattr(row, "sheet", None) or {}
    return Worth(row, kept.get("claimed"), kept.get("confirmed"), tuple(kept.get("flags", ())), stale)


def _without_stale(row: Any, stale: Staleness) -> Sheet:
    """The sheet of a request that was read ``with_answers``, with the verdicts of stale answers taken away."""
    day = row.submitted_at.date() if row.submitted_at else row.created_at.date()
    given = {item["question"]: _given(item, bool(stale.of(item["question"]))) for item in row.answer_rows}
    return Sitting(document_of(row), given, day, frozenset(row.switched)).sheet()


def _given(item: Mapping[str, Any], stale: bool) -> Given:
    verdict = "" if stale and item["verdict"] == ACCEPTED else item["verdict"]
    return Given(item["value"], item["files"], verdict, item["points"])


def files_of(answers: Collection[UUID], columns: Collection[str] = ()) -> dict[UUID, list[Any]]:
    """Files behind answers that were not taken back, by answer, oldest first; one query. ``columns``: those of the file that are looked at, where few are."""
    rows = Exhibit.objects.filter(answer__in=answers, removed_at__isnull=True)
    rows = rows.select_related("artifact").only("answer", *columns) if columns else rows.select_related("artifact", "added_by", "invitation")
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row.answer_id, []).append(row)
    return found
