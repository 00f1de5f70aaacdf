"""Questionnaires of customers as they are shown."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.models import User
from api.v1.base.rows import Row, Values
from questionnaires.inbound import Line, answers_digest, lines_of
from questionnaires.models import Direction, QuestionnaireRequest, RequestState


class InboundQuestionnaireRow(Row):
    """A questionnaire that a customer put to you. Its answers go out only after somebody approved them who wrote none."""

    model = QuestionnaireRequest
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id")
    customer = serializers.CharField()
    template = serializers.CharField(source="version.template.name")
    questionnaire_digest = serializers.CharField(source="version.digest", help_text="SHA-256 of exactly what is asked")
    state = serializers.ChoiceField(choices=RequestState.choices, help_text="opened: being answered; reviewed: approved")
    due_on = serializers.DateField()
    approved_at = serializers.DateTimeField(source="reviewed_at", allow_null=True)
    valid_until = serializers.DateField(allow_null=True)
    created_at = serializers.DateTimeField()

    @classmethod
    def visible(cls, actor: User) -> QuerySet[Any]:
        """Those of customers alone."""
        return QuestionnaireRequest.objects.visible_to(actor).filter(direction=Direction.INBOUND)


class CitedFile(serializers.Serializer[Values]):
    """A file that an answer cites."""

    name = serializers.CharField()
    sha256 = serializers.CharField()


class InboundLine(serializers.Serializer[Values]):
    """One question with what we say to it; revision 0 where nothing was said."""

    question = serializers.CharField(help_text="key of the question")
    asked = serializers.CharField(help_text="wording of the question")
    value = serializers.JSONField(help_text="as it was given; null where nothing was said")
    text = serializers.CharField(allow_blank=True, help_text="the value in words")
    revision = serializers.IntegerField()
    files = CitedFile(many=True)


class InboundQuestionnaireWhole(InboundQuestionnaireRow):
    """A customer's questionnaire with every question and answer."""

    computed: ClassVar = frozenset({"lines", "answers_digest", "unanswered"})
    answers_digest = serializers.CharField(help_text="one SHA-256 of all that would go out, as an approval names it")
    unanswered = serializers.IntegerField()
    lines = InboundLine(many=True)

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """The lines; only ever of one questionnaire at a time."""
        found = QuestionnaireRequest.objects.select_related("version").in_bulk([row["id"] for row in rows])
        for row in rows:
            request = found[row["id"]]
            lines = lines_of(request)
            row |= {"answers_digest": answers_digest(request), "unanswered": sum(not line.done for line in lines)}
            row["lines"] = [_line(line) for line in lines]


def _line(line: Line) -> Values:
    standing = {"value": line.answer.value, "revision": line.answer.revision} if line.answer else {"value": None, "revision": 0}
    files = [{"name": name, "sha256": digest} for name, digest in line.files]
    return {"question": line.question.id, "asked": line.question.text, "text": line.text, **standing, "files": files}
