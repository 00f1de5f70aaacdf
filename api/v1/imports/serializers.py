"""Uploaded files as they are shown, what they would change, and what is sent to import them."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.models import User
from api.v1.base.fields import File, Key, Text, Whole
from api.v1.base.rows import Body, Row, Values
from frameworks.import_plans import Plan, draft_read, plan_of
from frameworks.import_words import sentences, told
from frameworks.imports.shapes import FORMATS
from frameworks.models import ImportDraft

LISTED = 500
"""Changed rows in one preview; ``counts`` has them all."""


class ImportRow(Row):
    """A file that you uploaded and have not applied; nobody else sees it."""

    model = ImportDraft
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id")
    name = serializers.CharField()
    digest = serializers.CharField(help_text="SHA-256 of the file")
    created_at = serializers.DateTimeField()

    @classmethod
    def visible(cls, actor: User) -> QuerySet[Any]:
        """The actor's own."""
        found = ImportDraft.objects.filter(uploaded_by=actor)
        return found if actor.may_ever("frameworks.load") else found.none()


class ChangedRow(serializers.Serializer[Values]):
    """A requirement that would be added, changed or removed."""

    ref = serializers.CharField()
    kind = serializers.ChoiceField(choices=["added", "changed", "removed"])
    title = serializers.CharField()


class Preview(serializers.Serializer[Values]):
    """What applying the file would do; nothing is done yet."""

    format = serializers.CharField()
    framework = serializers.CharField(allow_null=True, help_text="slug of the framework that would get a new version; null for a new one")
    name = serializers.CharField(allow_blank=True)
    publisher = serializers.CharField(allow_blank=True)
    licence = serializers.CharField(allow_blank=True)
    sentences = serializers.ListField(child=serializers.CharField())
    counts = serializers.DictField(child=serializers.IntegerField())
    changes = ChangedRow(many=True, help_text=f"the first {LISTED}")
    crosswalks = serializers.ListField(child=serializers.CharField())
    missing = serializers.ListField(child=serializers.CharField(), help_text="frameworks that crosswalks speak of and nobody has loaded")
    applicable = serializers.BooleanField()
    seen = serializers.CharField(help_text="send this back to apply exactly what is shown here")


class ImportWhole(ImportRow):
    """An uploaded file with what it would change; for a sheet whose columns are not chosen ``preview`` is null."""

    computed: ClassVar = frozenset({"preview"})
    preview = Preview(allow_null=True)

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """The preview of each, into the framework that the file itself names."""
        found = ImportDraft.objects.in_bulk([row["id"] for row in rows])
        for row in rows:
            row["preview"] = preview_of(found[row["id"]])


def preview_of(draft: ImportDraft, into: str = "") -> Values | None:
    """What the draft would change; None while its columns are not chosen."""
    return None if draft_read(draft).found is None else _preview(plan_of(draft, into))


def _preview(plan: Plan) -> Values:
    changes = [{"ref": row.ref, "kind": row.kind, "title": row.title} for row in plan.changes[:LISTED]]
    return {
        "format": FORMATS[plan.found.format],
        "framework": plan.framework.slug if plan.framework else None,
        **{name: getattr(plan.found, name) for name in ("name", "publisher", "licence")},
        "sentences": sentences(plan),
        "counts": plan.counts,
        "changes": changes,
        "crosswalks": [f"{row.pair_set.name}: {told(row)}" for row in plan.crosswalks],
        "missing": plan.missing,
        "applicable": not plan.nothing and not plan.missing,
        "seen": plan.seen,
    }


class ColumnsBody(Body):
    """How a sheet is read; columns are counted from 0, rows from 1."""

    sheet = Text(max_length=200, help_text="name of the sheet; “CSV” for a CSV file")
    heading = Whole(min_value=1, max_value=50, help_text="the row with the headings")
    ref = Whole(min_value=0, max_value=500)
    text = Whole(min_value=0, max_value=500)
    title = Whole(min_value=0, max_value=500, required=False)
    section = Whole(min_value=0, max_value=500, required=False)
    name = Text(max_length=200, help_text="what the framework is called")
    edition = Text(max_length=60, required=False)
    publisher = Text(max_length=200, required=False)
    licence = Text(max_length=200, required=False)
    source = Text(max_length=500, required=False)  # type: ignore[assignment]  # a field may be called so


class ImportBody(Body):
    """A file to look at: a library, a catalogue, or a sheet with its columns. It is checked whole, and nothing is imported yet."""

    name = Text(max_length=100, help_text="file name, for people")
    content = File(help_text="the file in Base64; larger ones go through the page")
    columns = ColumnsBody(required=False)
    organisation = Key(required=False, help_text="only where you belong to several")
    example: ClassVar = {"name": "library.yaml", "content": "bmFtZTogQSBsaWJyYXJ5Cg=="}


class ApplyBody(Body):
    """Consent to exactly what the preview showed."""

    seen = serializers.RegexField(r"\A[0-9a-f]{64}\Z", help_text="“seen” of the preview")
    into = Text(max_length=60, required=False, help_text="slug of an imported framework of which the file is a new edition, where its own name does not say so")
    example: ClassVar = {"seen": "0" * 64}


class Applied(serializers.Serializer[Values]):
    """What came of it: the framework (null for crosswalks alone), and the file kept as evidence."""

    framework = serializers.CharField(allow_null=True)
    digest = serializers.CharField(help_text="SHA-256 of the file, which is kept as evidence")


class Discarded(serializers.Serializer[Values]):
    """The uploaded file is forgotten."""

    id = serializers.UUIDField()
