"""Questionnaires and their versions as they are shown and sent."""

from typing import ClassVar

from rest_framework import serializers

from api.v1.base.fields import Key, Text
from api.v1.base.rows import Body, Row, Values
from questionnaires.models import Template, TemplateVersion

EXAMPLE: Values = {
    "format": "urn:assay:questionnaire:v1",
    "title": "First contact",
    "sections": [{"id": "general", "title": "General", "questions": [{"id": "q1", "text": "Who are you?", "type": "text"}]}],
}


class QuestionnaireTemplateRow(Row):
    """A questionnaire under one name. ``seen`` is what a new draft has to name: the digest of the draft, else of the newest version."""

    model = Template
    computed: ClassVar = frozenset({"version", "draft", "seen"})
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id")
    name = serializers.CharField()
    version = serializers.UUIDField(allow_null=True, help_text="id of the newest published version")
    draft = serializers.UUIDField(allow_null=True, help_text="id of the open draft")
    seen = serializers.CharField(allow_blank=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """Newest version and draft of all at once, without their documents."""
        found = TemplateVersion.objects.filter(template__in=[row["id"] for row in rows]).order_by("number").defer("document")
        versions: dict[object, TemplateVersion] = {}
        drafts: dict[object, TemplateVersion] = {}
        for version in found:
            (versions if version.published_at else drafts)[version.template_id] = version
        for row in rows:
            newest, draft = versions.get(row["id"]), drafts.get(row["id"])
            edited = draft or newest
            row |= {"version": newest.pk if newest else None, "draft": draft.pk if draft else None, "seen": edited.digest if edited else ""}


class QuestionnaireTemplateVersionRow(Row):
    """A version of a questionnaire, or its draft where ``published_at`` is null."""

    model: ClassVar[type[TemplateVersion]] = TemplateVersion
    id = serializers.UUIDField()
    template = serializers.UUIDField(source="template_id")
    number = serializers.IntegerField()
    digest = serializers.CharField(help_text="SHA-256 of the document in canonical JSON")
    note = serializers.CharField(allow_blank=True)
    published_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class QuestionnaireTemplateVersionWhole(QuestionnaireTemplateVersionRow):
    """A version with its document, as requests freeze it and files hold it."""

    document = serializers.DictField(help_text="sections, questions, rules and scoring; the digest is of this")


class QuestionnaireDraftBody(Body):
    """A whole document that becomes the draft."""

    document = serializers.DictField(help_text="as an export has it; rules may also be lines of text, such as “q02 = yes and q02-hours <= 24”")
    seen = Text(max_length=64, allow_blank=True, help_text="as the questionnaire showed it when you read it; 409 where somebody changed it since")
    example: ClassVar = {"document": EXAMPLE, "seen": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}


class QuestionnaireTemplateBody(Body):
    """A new questionnaire with its draft."""

    organisation = Key(required=False, allow_null=True, help_text="id of the organisation; needed only by those who belong to several")
    name = Text(max_length=200)
    document = serializers.DictField(help_text="as an export has it")
    example: ClassVar = {"name": "First contact", "document": EXAMPLE}
