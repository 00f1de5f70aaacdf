"""Questionnaires as they are shown: requests, their answers, their scores."""

from typing import ClassVar
from uuid import UUID

from rest_framework import serializers

from api.v1.base.rows import Row, Values
from core import clock
from questionnaires.answer_words import said
from questionnaires.document import Document
from questionnaires.models import (
    Answer,
    Direction,
    Exhibit,
    ExhibitOrigin,
    ExhibitState,
    QuestionnaireRequest,
    RequestState,
    Score,
    ScoreReason,
    Verdict,
)
from questionnaires.standing import Worth, document_of, files_of, requests_by_key, worths_of


class QuestionnaireRow(Row):
    """One frozen questionnaire put to one vendor, or by one customer to us. ``current`` says whether its review still counts."""

    model = QuestionnaireRequest
    computed: ClassVar = frozenset({"claimed", "confirmed", "current", "flags", "stale"})
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id")
    direction = serializers.ChoiceField(choices=Direction.choices)
    vendor = serializers.UUIDField(source="vendor_id", allow_null=True)
    customer = serializers.CharField(allow_blank=True)
    template = serializers.CharField(source="version.template.name")
    template_version = serializers.IntegerField(source="version.number")
    questionnaire_digest = serializers.CharField(source="version.digest", help_text="SHA-256 of exactly what is asked")
    model_version = serializers.UUIDField(source="model_version_id", allow_null=True)
    system = serializers.UUIDField(source="system_id", allow_null=True)
    campaign = serializers.UUIDField(source="campaign_id", allow_null=True)
    owner = serializers.UUIDField(source="owner_id", help_text="the person whom respondents ask")
    state = serializers.ChoiceField(choices=RequestState.choices)
    due_on = serializers.DateField()
    sent_at = serializers.DateTimeField(allow_null=True)
    submitted_at = serializers.DateTimeField(allow_null=True)
    submission_digest = serializers.CharField(source="submission.sha256", allow_null=True, help_text="SHA-256 of what was submitted")
    reviewed_at = serializers.DateTimeField(allow_null=True)
    valid_until = serializers.DateField(allow_null=True)
    claimed = serializers.FloatField(allow_null=True, help_text="per cent, as the answers stand")
    confirmed = serializers.FloatField(allow_null=True, help_text="per cent, accepted by a reviewer and not stale")
    current = serializers.BooleanField(help_text="reviewed, not expired, and about what is at work")
    flags = serializers.ListField(child=serializers.CharField(), help_text="keys of open exposures")
    stale = serializers.ListField(child=serializers.CharField(), help_text="why no accepted answer counts any more")
    created_at = serializers.DateTimeField()

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """What each is worth today, for all at once."""
        cls.complete_with(rows, requests_by_key([row["id"] for row in rows]))

    @classmethod
    def complete_with(cls, rows: list[Values], requests: list[QuestionnaireRequest]) -> dict[UUID, Worth]:
        """The same with the requests at hand."""
        today = clock.now().date()
        worths = worths_of(requests, today)
        for row in rows:
            worth = worths[row["id"]]
            row |= {"claimed": worth.claimed, "confirmed": worth.confirmed, "flags": list(worth.flags), "stale": list(worth.stale.whole)}
            row["current"] = worth.current_on(today)
        return worths


class AnswerFileRow(serializers.Serializer[Values]):
    """A file behind an answer, by its digest. One in quarantine was looked at by nobody yet."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    sha256 = serializers.CharField()
    size = serializers.IntegerField(help_text="bytes")
    media_type = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    origin = serializers.ChoiceField(choices=ExhibitOrigin.choices)
    state = serializers.ChoiceField(choices=ExhibitState.choices)
    state_reason = serializers.CharField(allow_blank=True)
    added_at = serializers.DateTimeField()


class AnswerRow(serializers.Serializer[Values]):
    """One answer; ``value`` is as it was given, ``reused_from`` the accepted answer it was taken over from."""

    question = serializers.CharField(help_text="key of the question")
    asked = serializers.CharField(help_text="wording of the question")
    value = serializers.JSONField(help_text="as it was given; null where nothing was said")
    text = serializers.CharField(allow_blank=True, help_text="the value in words; empty where nothing was said")
    revision = serializers.IntegerField()
    changed_at = serializers.DateTimeField()
    verdict = serializers.ChoiceField(choices=Verdict.choices, allow_blank=True)
    verdict_reason = serializers.CharField(allow_blank=True)
    verdict_at = serializers.DateTimeField(allow_null=True)
    points = serializers.FloatField(allow_null=True)
    reopened_at = serializers.DateTimeField(allow_null=True, help_text="since when the respondent may change it again")
    reopened_reason = serializers.CharField(allow_blank=True)
    reused_from = serializers.UUIDField(allow_null=True)
    stale = serializers.ListField(child=serializers.CharField(), help_text="why it no longer rests on what it was accepted for")
    files = AnswerFileRow(many=True)


class QuestionnaireWhole(QuestionnaireRow):
    """A questionnaire with its answers. What the vendor and reviewers wrote to each other is not in it."""

    computed: ClassVar = QuestionnaireRow.computed | {"answers"}
    answers = AnswerRow(many=True)

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """The answers with their files, for all at once."""
        keys = [row["id"] for row in rows]
        requests = requests_by_key(keys, asked=True)
        worths = cls.complete_with(rows, requests)
        answers = list(Answer.objects.filter(request__in=keys).order_by("question"))
        files = files_of([answer.pk for answer in answers], TOLD)
        documents = {request.pk: document_of(request) for request in requests}
        for row in rows:
            mine = [answer for answer in answers if answer.request_id == row["id"]]
            stale, document = worths[row["id"]].stale, documents[row["id"]]
            row["answers"] = [_answer(answer, document, files.get(answer.pk, []), stale.of(answer.question)) for answer in mine]


PLAIN = ("question", "value", "revision", "changed_at", "verdict", "verdict_reason", "verdict_at", "points", "reopened_at", "reopened_reason")


def _answer(row: Answer, document: Document, files: list[Exhibit], stale: tuple[str, ...]) -> Values:
    question = document.by_id[row.question]
    words = {"asked": question.text, "text": said(question, row.value)}
    told = list(stale) if row.verdict == Verdict.ACCEPTED else []
    held = {"reused_from": row.reused_from_id, "stale": told, "files": [file_shown(file) for file in files]}
    return {**{name: getattr(row, name) for name in PLAIN}, **words, **held}


TOLD = ("name", "note", "origin", "state", "state_reason", "created_at", "artifact__sha256", "artifact__size", "artifact__media_type")
"""Columns behind what is shown of a file."""


def file_shown(file: Exhibit) -> Values:
    """What is known of a file, never its bytes."""
    own = {name: getattr(file, name) for name in ("name", "note", "origin", "state", "state_reason")}
    kept = {"sha256": file.artifact.sha256, "size": file.artifact.size, "media_type": file.artifact.media_type}
    return {"id": file.pk, **own, **kept, "added_at": file.created_at}


class ScoreRow(Row):
    """What a questionnaire was worth at a moment; the history of scores is these rows."""

    model = Score
    id = serializers.UUIDField()
    request = serializers.UUIDField(source="request_id")
    vendor = serializers.UUIDField(source="request.vendor_id", allow_null=True)
    reason = serializers.ChoiceField(choices=ScoreReason.choices)
    claimed = serializers.FloatField(allow_null=True)
    confirmed = serializers.FloatField(allow_null=True)
    sheet = serializers.DictField(help_text="sections, caps, flags and clauses at that moment")
    created_at = serializers.DateTimeField()
