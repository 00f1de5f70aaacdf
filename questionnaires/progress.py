"""How far the answering of a request is, as a whole and by section."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Count

from core.clock import now
from questionnaires.document import Document, Section
from questionnaires.models import Answer, Invitation, QuestionnaireRequest
from questionnaires.respondents import within
from questionnaires.rules import Given
from questionnaires.scoring import Sitting
from questionnaires.sitting import COUNTING


@dataclass(frozen=True)
class Progress:
    """How many questions are asked and answered, and the keys of required ones that lack something."""

    asked: int
    answered: int
    missing: tuple[str, ...]

    @property
    def percent(self) -> int:
        """Answered of asked, rounded down so that 100 means all."""
        return 100 * self.answered // self.asked if self.asked else 0


@dataclass(frozen=True)
class SectionProgress:
    """One section and how far it is."""

    section: Section
    progress: Progress


def sections_of(sitting: Sitting) -> list[SectionProgress]:
    """Every section that is asked, in order."""
    missing = set(sitting.missing())
    rows: dict[str, list[str]] = {}
    for section, question in sitting.asked():
        rows.setdefault(section.id, []).append(question.id)
    return [SectionProgress(section, _progress(sitting, rows.get(section.id, []), missing)) for section in sitting.sections()]


def whole(parts: Iterable[SectionProgress]) -> Progress:
    """All sections together."""
    rows = [part.progress for part in parts]
    return Progress(sum(row.asked for row in rows), sum(row.answered for row in rows), tuple(key for row in rows for key in row.missing))


def mine(parts: Iterable[SectionProgress], invitation: Invitation) -> list[SectionProgress]:
    """The sections that an invitation opens."""
    return [part for part in parts if within(invitation, part.section.id)]


def progress_of_many(requests: Collection[QuestionnaireRequest]) -> dict[UUID, list[SectionProgress]]:
    """Progress of each request by its key, in one query however many they are; their versions must be loaded."""
    given: dict[UUID, dict[str, Given]] = {row.pk: {} for row in requests}
    rows = Answer.objects.filter(request__in=list(given)).annotate(files=Count("exhibits", filter=COUNTING))
    for row in rows:
        given[row.request_id][row.question] = Given(row.value, row.files, row.verdict, row.points)
    today = now().date()
    # Many requests share a version, and reading a document is the dear part.
    documents = {row.version.digest: row.version for row in requests}
    parsed = {digest: version.parsed() for digest, version in documents.items()}
    return {row.pk: sections_of(_sitting(row, parsed[row.version.digest], given[row.pk], today)) for row in requests}


def _sitting(request: QuestionnaireRequest, document: Document, given: Mapping[str, Given], today: date) -> Sitting:
    day = request.submitted_at.date() if request.submitted_at else today
    return Sitting(document, given, day, frozenset(request.switched))


def _progress(sitting: Sitting, keys: list[str], missing: set[str]) -> Progress:
    answered = sum(sitting.given.get(key, Given()).answered for key in keys)
    return Progress(len(keys), answered, tuple(key for key in keys if key in missing))
