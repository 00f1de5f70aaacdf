"""Probe sets as they are shown."""

from rest_framework import serializers

from api.v1.base.rows import Row
from assessments.models import AddedProbeSet


class ProbeSetRow(Row):
    """One version of a set that your organisation added; it never changes. Sets that come with the program are named by the instruments that show them."""

    model = AddedProbeSet
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id")
    slug = serializers.CharField()
    version = serializers.CharField()
    title = serializers.CharField()
    digest = serializers.CharField(help_text="SHA-256 of the texts, which plans seal")
    items = serializers.IntegerField()
    families = serializers.IntegerField(help_text="groups of items that are held out together")
    baseline = serializers.JSONField(help_text="AUROC of words, length and format without any model")
    artifact = serializers.UUIDField(source="artifact_id", help_text="the file, as evidence")
    added_by = serializers.UUIDField(source="added_by_id")
    created_at = serializers.DateTimeField()
