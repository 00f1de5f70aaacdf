"""Invitations, comments and campaigns as they are shown."""

from collections import defaultdict
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.models import User
from api.v1.base.rows import Row, Values
from core import clock
from questionnaires import respondents
from questionnaires.models import Campaign, Comment, Invitation, QuestionnaireRequest, RequestState

STANDINGS = (
    (respondents.OPEN, "answers can be given"),
    (respondents.NOT_SENT, "the questionnaire is not sent yet"),
    (respondents.SUBMITTED, "the answers are submitted and can be read"),
    (respondents.REVIEWED, "the review is closed and can be read"),
    (respondents.REVOKED, "revoked"),
    (respondents.EXPIRED, "expired"),
    (respondents.WITHDRAWN, "the questionnaire was withdrawn"),
)


class QuestionnaireInvitationRow(Row):
    """One respondent's way in, by a link or by an account. The link is shown once, when it is made; only its hash is kept."""

    model = Invitation
    computed: ClassVar = frozenset({"standing"})
    helpers = ("request__state",)
    id = serializers.UUIDField()
    questionnaire = serializers.UUIDField(source="request_id")
    name = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    account = serializers.UUIDField(source="user_id", allow_null=True, help_text="null: by a link")
    sections = serializers.ListField(child=serializers.CharField(), help_text="keys of sections; empty: all")
    may_submit = serializers.BooleanField()
    standing = serializers.ChoiceField(choices=STANDINGS, help_text="what it opens now")
    passed_on_by = serializers.UUIDField(source="delegated_by_id", allow_null=True, help_text="the invitation whose holder passed this one on")
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    first_seen_at = serializers.DateTimeField(allow_null=True)
    last_seen_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """What each opens now."""
        now = clock.now()
        for row in rows:
            held = Invitation(revoked_at=row["revoked_at"], expires_at=row["expires_at"])
            row["standing"] = respondents.standing(held, QuestionnaireRequest(state=row["_request__state"]), now)


class QuestionnaireInvitationLink(QuestionnaireInvitationRow):
    """An invitation with its link; null for one by account, and where this request was answered before."""

    computed: ClassVar = QuestionnaireInvitationRow.computed | {"link"}
    link = serializers.CharField(allow_null=True, help_text="shown this once: pass it on to the respondent, and to nobody else")

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """Put in afterwards, so that no copy of the answer is kept with it."""
        super().complete(rows)
        for row in rows:
            row["link"] = None


class QuestionnaireCommentRow(Row):
    """A word between respondents and staff about one question, or about the whole. Respondents never see internal ones."""

    model = Comment
    id = serializers.UUIDField()
    questionnaire = serializers.UUIDField(source="request_id")
    question = serializers.CharField(allow_blank=True, help_text="key of the question; empty: the whole")
    text = serializers.CharField()
    internal = serializers.BooleanField()
    invitation = serializers.UUIDField(source="invitation_id", allow_null=True, help_text="of the respondent who wrote it")
    by = serializers.UUIDField(source="by_id", allow_null=True, help_text="the person who wrote it")
    created_at = serializers.DateTimeField()


class QuestionnaireCampaignRow(Row):
    """The same questionnaire to many vendors, with one due day."""

    model = Campaign
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id")
    name = serializers.CharField()
    template = serializers.CharField(source="version.template.name")
    template_version = serializers.UUIDField(source="version_id")
    questionnaire_digest = serializers.CharField(source="version.digest", help_text="SHA-256 of exactly what is asked")
    due_on = serializers.DateField()
    created_at = serializers.DateTimeField()


class CampaignMember(serializers.Serializer[Values]):
    """One vendor's questionnaire in a campaign."""

    questionnaire = serializers.UUIDField()
    vendor = serializers.UUIDField()
    state = serializers.ChoiceField(choices=RequestState.choices)
    due_on = serializers.DateField()


class QuestionnaireCampaignWhole(QuestionnaireCampaignRow):
    """A campaign with the questionnaire of each vendor. Each is invited to and sent by itself."""

    computed: ClassVar = frozenset({"questionnaires"})
    questionnaires = CampaignMember(many=True)

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """The questionnaires of all at once."""
        found: dict[Any, list[Values]] = defaultdict(list)
        held = QuestionnaireRequest.objects.filter(campaign__in=[row["id"] for row in rows]).order_by("vendor__name")
        for campaign, key, vendor, state, due_on in held.values_list("campaign_id", "pk", "vendor_id", "state", "due_on"):
            found[campaign].append({"questionnaire": key, "vendor": vendor, "state": state, "due_on": due_on})
        for row in rows:
            row["questionnaires"] = found[row["id"]]


class Reminded(serializers.Serializer[Values]):
    """How many mails go out now; 0 where everybody got or gets one today already."""

    mails = serializers.IntegerField()


class CampaignLeft(serializers.Serializer[Values]):
    """A draft that could not be sent, and what to do about it."""

    questionnaire = serializers.UUIDField()
    vendor = serializers.UUIDField()
    reason = serializers.CharField()


class CampaignSent(serializers.Serializer[Values]):
    """What one sending of a campaign came to."""

    sent = serializers.ListField(child=serializers.UUIDField())
    left = CampaignLeft(many=True)

    @classmethod
    def visible(cls, actor: User) -> QuerySet[Campaign]:
        """The campaigns that can be named."""
        return QuestionnaireCampaignRow.visible(actor)
