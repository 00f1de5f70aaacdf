"""Plans as they are shown and sent."""

from typing import Any, ClassVar

from rest_framework import serializers

from api.v1.base.fields import Choice, Key, Number, Text, Whole
from api.v1.base.rows import Body, Row, Values
from assessments.models import Plan
from assessments.services.plans import LARGEST_SEED
from assessments.services.standard import SEED
from core.canonical import canonical_digest

COMPARISONS = [">=", "<=", ">", "<", "beyond_null"]


class PlanRow(Row):
    """A protocol. Once sealed, its document must hash to ``sealed_digest`` for ever, and the log holds that digest."""

    model = Plan
    id = serializers.UUIDField()
    version = serializers.UUIDField(source="version_id")
    version_label = serializers.CharField(source="version.label")
    model_name = serializers.CharField(source="version.model.name")
    title = serializers.CharField()
    sealed_digest = serializers.CharField(help_text="hex SHA-256; empty for a draft")
    sealed_at = serializers.DateTimeField(allow_null=True)
    sealed_entry = serializers.IntegerField(source="sealed_entry_id", allow_null=True, help_text="index of the seal in the log")
    created_at = serializers.DateTimeField()


class PlanWhole(PlanRow):
    """A plan with its whole document and the digest of it as it stands now."""

    computed: ClassVar = frozenset({"digest"})
    document = serializers.DictField()
    digest = serializers.CharField(help_text="hex SHA-256 of the document's canonical JSON")

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """The digest as it is now: a sealed plan whose digest differs was tampered with."""
        for row in rows:
            row["digest"] = canonical_digest(row["document"])


class ThresholdBody(Body):
    """A condition on one measurement, fixed before anything is run."""

    metric = Text(max_length=80)
    op = Choice(choices=COMPARISONS)
    value = Number(required=False, allow_null=True, help_text="not used by beyond_null")


class ItemBody(Body):
    """One use of an instrument; without thresholds the instrument's own are taken."""

    instrument = Text(max_length=60)
    params = serializers.DictField(required=False, default=dict)
    thresholds = ThresholdBody(many=True, required=False, default=list, max_length=50)  # type: ignore[call-arg]  # goes to the list around it
    key = Text(max_length=80, required=False, default="", allow_blank=True, help_text="a name for this step, unique in the plan")


class PlanBody(Body):
    """A new draft: the steps in ``items``, or the standard assessment."""

    version = Key()
    preset = Choice(choices=[("standard", "Standard assessment")], required=False, help_text="in place of title, claim and items")
    title = Text(max_length=200, required=False)
    claim = Text(max_length=20000, required=False)
    seed = Whole(min_value=0, max_value=LARGEST_SEED, required=False, default=SEED)
    items = ItemBody(many=True, required=False, allow_empty=False, max_length=50)  # type: ignore[call-arg]  # goes to the list around it
    example: ClassVar = {
        "version": "5d0a8a34-3df9-4c9c-8f0c-3a8a1f7f0c22",
        "title": "Known circuits",
        "claim": "Known circuits are visible to the instruments.",
        "seed": 7,
        "items": [{"instrument": "known_circuits"}],
    }

    def validate(self, attrs: Any) -> Any:
        """Either the preset, or title, claim and items."""
        given = {name for name in ("title", "claim", "items") if name in attrs}
        if "preset" in attrs and given:
            raise serializers.ValidationError({min(given): "leave it out: the preset brings its own"})
        missing = {"title", "claim", "items"} - given
        if "preset" not in attrs and missing:
            raise serializers.ValidationError({name: "is needed unless a preset is named" for name in sorted(missing)})
        return attrs


class PlanPatch(Body):
    """What may change of a draft; what is left out stays. Steps are replaced as a whole, with the instruments as they are now."""

    title = Text(max_length=200, required=False)
    claim = Text(max_length=20000, required=False)
    seed = Whole(min_value=0, max_value=LARGEST_SEED, required=False)
    items = ItemBody(many=True, required=False, allow_empty=False, max_length=50)  # type: ignore[call-arg]  # goes to the list around it
    example: ClassVar = {"claim": "Known circuits are visible to the instruments, in both halves of the text."}


class PlanDiscarded(serializers.Serializer[Values]):
    """The draft is deleted. That there was one, and its digest, stays in the log."""

    id = serializers.UUIDField()
