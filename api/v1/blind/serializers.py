"""Blind exercises as they are shown."""

from rest_framework import serializers

from api.v1.base.rows import Row
from assessments.blind import Outcome, Planted
from assessments.blind_models import BlindState
from assessments.models import BlindExercise


class BlindExerciseRow(Row):
    """A truth that was sealed by its hash alone, answered by somebody else's finding, then revealed and scored.

    Until it is revealed nothing here says what the truth is: it is nowhere in the installation.
    """

    model = BlindExercise
    id = serializers.UUIDField()
    version = serializers.UUIDField(source="version_id")
    instrument = serializers.CharField()
    question = serializers.CharField()
    commitment = serializers.CharField(help_text="SHA-256 of the truth with its salt")
    state = serializers.ChoiceField(choices=BlindState.choices)
    sealed_by = serializers.UUIDField(source="sealed_by_id")
    sealed_entry = serializers.IntegerField(source="sealed_entry_id", help_text="index in the log")
    finding = serializers.UUIDField(source="finding_id", allow_null=True, help_text="that answers it")
    findings_since = serializers.IntegerField(help_text="findings there were to choose from when it was answered")
    answered_by = serializers.UUIDField(source="answered_by_id", allow_null=True)
    answered_entry = serializers.IntegerField(source="answered_entry_id", allow_null=True)
    planted = serializers.ChoiceField(choices=[(row.value, row.value) for row in Planted], allow_blank=True, help_text="empty until it is revealed")
    description = serializers.CharField(allow_blank=True)
    outcome = serializers.ChoiceField(choices=[(row.value, row.value.replace("_", " ")) for row in Outcome], allow_blank=True)
    closed_by = serializers.UUIDField(source="closed_by_id", allow_null=True)
    closed_entry = serializers.IntegerField(source="closed_entry_id", allow_null=True)
    reason = serializers.CharField(allow_blank=True, help_text="why it was withdrawn")
    created_at = serializers.DateTimeField()
