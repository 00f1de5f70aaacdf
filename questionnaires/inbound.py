"""A customer's questionnaire as it stands: its answers with the files they cite, who wrote them, what is missing, and what could be said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.models import User
from core.canonical import canonical_digest
from evidence.models import EvidenceLink
from questionnaires.answer_words import said, told
from questionnaires.document import Document, Question
from questionnaires.models import Answer, AnswerRevision, Direction, Exhibit, QuestionnaireRequest, TemplateVersion, Verdict
from questionnaires.sitting import sitting_of
from questionnaires.suggestions import Known

MOST_KNOWN = 2000
"""Answers, and files, that are compared: the newest."""


@dataclass(frozen=True)
class Line:
    """One question with its answer in words (empty: none), its revision (0: none), and the files cited: name and SHA-256."""

    question: Question
    answer: Answer | None
    text: str
    files: Sequence[tuple[str, str]]

    @property
    def done(self) -> bool:
        """Whether something stands against it."""
        return bool(self.text or self.files)


def answers_of(request: QuestionnaireRequest) -> dict[str, Answer]:
    """Answers by question; one query."""
    return {row.question: row for row in Answer.objects.filter(request=request).select_related("changed_by")}


def lines_of(request: QuestionnaireRequest) -> list[Line]:
    """Every question that is asked, in order; three queries."""
    answers, files = answers_of(request), _files(request)
    rows = [question for _, question in sitting_of(request).asked()]
    return [Line(row, answers.get(row.id), said(row, answers[row.id].value) if row.id in answers else "", files.get(row.id, [])) for row in rows]


def unanswered(request: QuestionnaireRequest) -> list[str]:
    """Keys of questions with neither an answer nor a file."""
    return [row.question.id for row in lines_of(request) if not row.done]


def cited_of(request: QuestionnaireRequest) -> dict[str, list[str]]:
    """SHA-256 of the files behind each answer, by question."""
    return {key: [digest for _, digest in rows] for key, rows in _files(request).items()}


def answers_digest(request: QuestionnaireRequest) -> str:
    """One digest of all that would go out: question, revision, value and files."""
    return canonical_digest([_digested(row) for row in lines_of(request)])


def authors_of(request: QuestionnaireRequest) -> set[UUID]:
    """Keys of everybody who wrote an answer or an earlier form of one, or cited a file."""
    now = Answer.objects.filter(request=request).values_list("changed_by", flat=True)
    before = AnswerRevision.objects.filter(answer__request=request).values_list("changed_by", flat=True)
    files = Exhibit.objects.filter(answer__request=request).values_list("added_by", flat=True)
    return {key for rows in (now, before, files) for key in rows if key is not None}


def rows_of(request: QuestionnaireRequest) -> list[list[str]]:
    """What is exported: number, question, answer, names of files, their SHA-256."""
    return [
        [str(number), row.question.text, row.text, "\n".join(name for name, _ in row.files), "\n".join(digest for _, digest in row.files)]
        for number, row in enumerate(lines_of(request), 1)
    ]


def known_answers(actor: User, request: QuestionnaireRequest) -> list[Known]:
    """Accepted answers of this register to other requests, newest first, each saying whose word it is: ours, or a vendor's."""
    rows = Answer.objects.visible_to(actor).filter(verdict=Verdict.ACCEPTED, request__organisation=request.organisation_id).exclude(request=request)
    related = ("request__vendor", "request__version__template")
    found = list(rows.select_related(*related).defer("request__version__document").order_by("-changed_at")[:MOST_KNOWN])
    documents = {row.pk: row.parsed() for row in TemplateVersion.objects.filter(pk__in={row.request.version_id for row in found})}
    return [known for row in found if (known := _known(row, documents[row.request.version_id])) is not None]


def known_files(actor: User, request: QuestionnaireRequest) -> list[Known]:
    """Files of this register that a person accepted as evidence, newest first, by title."""
    rows = EvidenceLink.objects.visible_to(actor).filter(status=EvidenceLink.Status.ACCEPTED, artifact__attestation__organisation=request.organisation_id)
    found = {row.artifact.sha256: row.artifact for row in rows.select_related("artifact").order_by("created_at")[:MOST_KNOWN]}
    return [Known(digest, f"{file.title} {file.name}", digest, file.title) for digest, file in reversed(found.items())]


def _known(row: Answer, document: Document) -> Known | None:
    question = document.by_id.get(row.question)
    text = told(question, row.value) if question and not isinstance(row.value, dict) else ""
    if question is None or not text:
        return None
    return Known(str(row.pk), question.text, text, _source(row.request, row.changed_at.date().isoformat()))


def _source(request: QuestionnaireRequest, day: str) -> str:
    if request.direction == Direction.INBOUND:
        return f"We said this to {request.customer}, {day}"
    return f"{request.vendor} said this to us, {day}; accepted as its word, not ours"


def _files(request: QuestionnaireRequest) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    rows: Any = Exhibit.objects.filter(answer__request=request, removed_at__isnull=True).order_by("created_at", "pk")
    for question, name, digest in rows.values_list("answer__question", "name", "artifact__sha256"):
        found.setdefault(question, []).append((name, digest))
    return found


def _digested(row: Line) -> list[Any]:
    standing = [row.answer.revision, row.answer.value] if row.answer else [0, None]
    return [row.question.id, *standing, [digest for _, digest in row.files]]
