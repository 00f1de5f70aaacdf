"""Questionnaires of customers as they are shown."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.models import User
from api.v1.base.fields import Day, File, Key, Text, Whole
from api.v1.base.rows import Body, Row, Values
from questionnaires.inbound import Line, answers_digest, lines_of
from questionnaires.models import Direction, QuestionnaireRequest, RequestState
from questionnaires.services.inbound import LONGEST_CUSTOMER, LONGEST_REASON, MOST_CITED


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


class InboundQuestionnaireBody(Body):
    """A questionnaire of a customer: as a file with one question in a row, or as a version that is published here."""

    organisation = Key(required=False, help_text="only needed by members of several organisations")
    customer = Text(max_length=LONGEST_CUSTOMER)
    due_on = Day(help_text="today or later")
    file = File(required=False, help_text="CSV or XLSX in Base64, about 1.8 MB; kept as evidence. Larger ones go through the page")
    column = Text(required=False, max_length=200, help_text="heading of the column with the questions; needed with a file")
    version = Key(required=False, help_text="id of a published version of a questionnaire of yours, instead of a file")
    example: ClassVar = {"customer": "Example Bank", "due_on": "2027-03-31", "file": "UXVlc3Rpb24KRG8geW91IGxvZz8K", "column": "Question"}


class InboundAnswerBody(Body):
    """What you say to one question."""

    question = Text(max_length=60, help_text="key of the question")
    value = serializers.JSONField(allow_null=True, help_text="as the question's type wants it; null takes the answer back")
    citations = serializers.ListField(child=Text(max_length=80), required=False, max_length=MOST_CITED, help_text="SHA-256 of files of the evidence store")
    revision = Whole(min_value=0, max_value=2**31 - 1, help_text="of the answer that you read; 0 where there was none")
    example: ClassVar = {"question": "q001", "value": "Yes, every night.", "citations": [], "revision": 0}


class InboundApproveBody(Body):
    """Consent to exactly these answers."""

    answers_digest = serializers.RegexField(r"\A[0-9a-f]{64}\Z", help_text="“answers_digest” as you read it")
    example: ClassVar = {"answers_digest": "0" * 64}


class InboundReopenBody(Body):
    """Why the approval ends."""

    reason = Text(max_length=LONGEST_REASON, help_text="kept in the log for good, so name no person")
    example: ClassVar = {"reason": "The customer asked again."}
