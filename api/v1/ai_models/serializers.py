"""Models, versions and intakes as they are shown and sent."""

from typing import ClassVar

from rest_framework import serializers

from api.v1.base.fields import Choice, Key, Text
from api.v1.base.rows import Body, Row, Values
from inventory.models import LIFECYCLE_ALLOWED, LIFECYCLE_DECIDED, Access, AIModel, Intake, IntakeState, Lifecycle, ModelVersion, Source


class ModelRow(Row):
    """A model as its vendor names it."""

    model = AIModel
    id = serializers.UUIDField()
    vendor = serializers.UUIDField(source="vendor_id")
    vendor_name = serializers.CharField(source="vendor.name")
    name = serializers.CharField()
    created_at = serializers.DateTimeField()


class ModelPatch(Body):
    """What may change of a model."""

    name = Text(max_length=200, required=False)
    example: ClassVar = {"name": "Example 7B"}


class ModelBody(Body):
    """A new model."""

    vendor = Key()
    name = Text(max_length=200)
    example: ClassVar = {"vendor": "9b2f6a0e-62a1-4f0a-8f4b-1e2d3c4b5a69", "name": "Example 7B"}


class VersionRow(Row):
    """Exact weights: nothing is assessed but bytes with this digest."""

    model = ModelVersion
    id = serializers.UUIDField()
    model_id = serializers.UUIDField()
    model_name = serializers.CharField(source="model.name")
    vendor = serializers.UUIDField(source="model.vendor_id")
    vendor_name = serializers.CharField(source="model.vendor.name")
    label = serializers.CharField()  # type: ignore[assignment]  # a field may be called so
    access = serializers.ChoiceField(choices=Access.choices)
    lifecycle = serializers.ChoiceField(choices=Lifecycle.choices)
    parent = serializers.UUIDField(source="parent_id", allow_null=True)  # type: ignore[assignment]  # a field may be called so
    source_kind = serializers.ChoiceField(source="source", choices=Source.choices)
    weights_digest = serializers.CharField(help_text="hex SHA-256")
    architecture = serializers.CharField()
    parameters = serializers.IntegerField()
    quantisation = serializers.CharField()
    created_at = serializers.DateTimeField()


class ManifestRow(serializers.Serializer[Values]):
    """One file of the weights."""

    name = serializers.CharField()
    sha256 = serializers.CharField()
    size = serializers.IntegerField()


class VersionWhole(VersionRow):
    """A model version with the manifest of its weights and the states it may move to."""

    computed: ClassVar = frozenset({"lifecycle_next"})
    tokenizer_digest = serializers.CharField()
    template_digest = serializers.CharField()
    weights_manifest = ManifestRow(many=True)
    licence = serializers.CharField()
    notes = serializers.CharField()
    lifecycle_next = serializers.ListField(child=serializers.ChoiceField(choices=Lifecycle.choices))

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """Which states may follow without a decision."""
        for row in rows:
            row["lifecycle_next"] = sorted(LIFECYCLE_ALLOWED[row["lifecycle"]] - LIFECYCLE_DECIDED[row["lifecycle"]])


class LifecycleBody(Body):
    """Where a version is to be moved, and why."""

    lifecycle = Choice(choices=Lifecycle.choices)
    reason = Text(max_length=2000)
    example: ClassVar = {"lifecycle": "retired", "reason": "A newer version took its place."}


class IntakeRow(Row):
    """A wish to register weights: a worker reads, checks and hashes them, then the version is entered."""

    model = Intake
    id = serializers.UUIDField()
    model_id = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field may be called so
    access = serializers.ChoiceField(choices=Access.choices)
    source_kind = serializers.ChoiceField(source="source", choices=Source.choices)
    locator = serializers.CharField()
    parent = serializers.UUIDField(source="parent_id", allow_null=True)  # type: ignore[assignment]  # a field may be called so
    state = serializers.ChoiceField(choices=IntakeState.choices)
    stage = serializers.CharField()
    error = serializers.CharField()
    version = serializers.UUIDField(source="version_id", allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class IntakeBody(Body):
    """Weights to be inspected and registered."""

    model_id = Key()
    label = Text(max_length=100)  # type: ignore[assignment]  # a field may be called so
    access = Choice(choices=Access.choices)
    source_kind = Choice(choices=Source.choices)
    locator = Text(max_length=500, help_text="name of a pinned package, or a place relative to the folder for models")
    parent = Key(required=False, allow_null=True)  # type: ignore[assignment]  # a field may be called so
    example: ClassVar = {
        "model_id": "3f0e4c1e-1f5b-4a46-8d3a-5b6c7d8e9f00",
        "label": "2026-11",
        "access": "weights",
        "source_kind": "gguf",
        "locator": "example-7b.gguf",
    }
