"""What is sent about questionnaires: requests, campaigns, invitations, verdicts."""

from typing import ClassVar

from rest_framework import serializers

from api.v1.base.fields import Choice, Day, Flag, Key, Number, Text, Whole
from api.v1.base.rows import Body
from questionnaires.models import Verdict
from questionnaires.services.exhibits import MOST_REASON
from questionnaires.services.invitations import DAYS, MOST_DAYS
from questionnaires.services.requests import LONGEST_COMMENT, MOST_VENDORS
from questionnaires.services.reviews import LONGEST_REASON

KEPT = "kept in the log for good, so name no person"
READ_BY = "the respondent reads it, and the log keeps it for good, so name no person"
WISH = {"template_version": "5d1f7a40-2a6e-4e0b-8f0e-6f1f3a6f2c77", "due_on": "2027-03-31", "message": "Before we renew the contract."}
VENDOR = "0b9d3c52-6e0f-4a4e-9d55-0e6a6f0b8d11"


class WishBody(Body):
    """What requests to one vendor and to many have in common."""

    template_version = Key(help_text="id of a published version of a questionnaire; it is frozen")
    due_on = Day(help_text="today or later")
    owner = Key(required=False, help_text="id of the person whom respondents ask; whoever asks when left out")
    message = Text(max_length=LONGEST_COMMENT, required=False, allow_blank=True, help_text="the respondents read it first")
    switched = serializers.ListField(
        child=Text(max_length=40), required=False, max_length=100, help_text="keys of categories that are switched away from their default"
    )


class QuestionnaireRequestBody(WishBody):
    """A questionnaire to one vendor, as a draft."""

    vendor = Key()
    model_version = Key(required=False, allow_null=True, help_text="id of one of the vendor's model versions that it is about")
    system = Key(required=False, allow_null=True, help_text="id of an AI system that it is about")
    example: ClassVar = {"vendor": VENDOR, **WISH}


class CampaignBody(WishBody):
    """The same questionnaire to many vendors, as drafts under one name and day."""

    organisation = Key(required=False, help_text="only needed by members of several organisations")
    name = Text(max_length=200, help_text="such as “Yearly review 2027”")
    vendors = serializers.ListField(child=Key(), min_length=1, max_length=MOST_VENDORS, help_text="ids; all must fit, or nothing is made")
    example: ClassVar = {"name": "Yearly review 2027", "vendors": [VENDOR], **WISH}


class DueBody(Body):
    """Another due day."""

    due_on = Day(help_text="today or later; reminders are counted anew from it")
    example: ClassVar = {"due_on": "2027-04-30"}


class WithdrawBody(Body):
    """Why it ends."""

    reason = Text(max_length=1000, help_text=KEPT)
    example: ClassVar = {"reason": "The contract ended."}


class ValidDaysBody(Body):
    """For how long a way in works."""

    days = Whole(min_value=1, max_value=MOST_DAYS, default=DAYS)
    example: ClassVar = {"days": 30}


class InvitationBody(ValidDaysBody):
    """A respondent who is invited by a link, or by an account with the role vendor respondent."""

    questionnaire = Key(help_text="id of a questionnaire to a vendor")
    name = Text(max_length=200, help_text="the respondent's name")
    email = serializers.EmailField(required=False, allow_blank=True, max_length=254, help_text="for reminders only; the link is not mailed")
    account = Key(required=False, allow_null=True, help_text="id of an account that signs in instead of using a link")
    sections = serializers.ListField(child=Text(max_length=40), required=False, max_length=200, help_text="keys of sections; all when left out")
    may_submit = Flag(default=True, help_text="whether they may hand in the whole")
    example: ClassVar = {"questionnaire": VENDOR, "name": "Security desk", "email": "security@models.example", "days": 30}


class JudgeBody(Body):
    """What one revision of an answer is worth."""

    question = Text(max_length=40, help_text="key of the question")
    revision = Whole(min_value=1, help_text="of the answer as you read it; 409 where it changed since")
    verdict = Choice(choices=Verdict.choices)
    reason = Text(
        max_length=LONGEST_REASON, required=False, allow_blank=True, help_text=f"needed unless a released file stands behind an accepted answer; {READ_BY}"
    )
    points = Number(required=False, allow_null=True, help_text="of an accepted answer to a question with levels, and only there")
    example: ClassVar = {"question": "faithfulness", "revision": 1, "verdict": "needs_evidence", "reason": "Send the evaluation report."}


class ReopenBody(Body):
    """One answer that may change again."""

    question = Text(max_length=40, help_text="key of the question")
    reason = Text(max_length=LONGEST_REASON, help_text=f"what has to change; {READ_BY}")
    example: ClassVar = {"question": "faithfulness", "reason": "The number is of another model."}


class CloseBody(Body):
    """The end of a review."""

    left = serializers.ListField(child=Text(max_length=40), required=False, max_length=1000, help_text="keys of answers left without a verdict on purpose")
    reason = Text(max_length=LONGEST_REASON, required=False, allow_blank=True, help_text=f"needed when an answer is left; {KEPT}")
    valid_until = Day(required=False, allow_null=True, help_text="at most the end of the vendor's review cycle, which counts when left out")
    example: ClassVar = {"valid_until": "2027-12-31"}


class ReleaseBody(Body):
    """What was looked at, if there is anything to say."""

    reason = Text(max_length=MOST_REASON, required=False, allow_blank=True, help_text=KEPT)
    example: ClassVar = {"reason": "Read; it is the report that was asked for."}


class RefuseBody(Body):
    """Why a file counts for nothing."""

    reason = Text(max_length=MOST_REASON, help_text=READ_BY)
    example: ClassVar = {"reason": "It is another product's report."}


class CiteBody(Body):
    """A file of the evidence store that stands behind an answer."""

    question = Text(max_length=40, help_text="key of the question")
    sha256 = Text(max_length=80, help_text="of the file, as its artifact shows it")
    note = Text(max_length=MOST_REASON, required=False, allow_blank=True, help_text="what it shows about this answer")
    example: ClassVar = {"question": "faithfulness", "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}


class CommentBody(Body):
    """A word on one question, or on the whole."""

    questionnaire = Key(help_text="id of a questionnaire to a vendor")
    question = Text(max_length=40, required=False, help_text="key of the question; the whole when left out")
    text = Text(max_length=LONGEST_COMMENT)
    internal = Flag(help_text="true: for colleagues alone; false: the respondents read it")
    example: ClassVar = {"questionnaire": VENDOR, "text": "Which of your models is this about?", "internal": False}
