"""Due-diligence packs as they are shown and sent."""

from typing import ClassVar

from rest_framework import serializers

from api.v1.base.fields import Key
from api.v1.base.rows import Body, Row, Values
from reports.models import ReportState, VendorPack


class VendorPackRow(Row):
    """What the record said of a vendor when the pack was asked for, as one signed PDF. Poll it while its state is ``requested``."""

    model = VendorPack
    computed: ClassVar = frozenset({"reference"})
    id = serializers.UUIDField()
    reference = serializers.CharField()
    number = serializers.IntegerField()
    vendor = serializers.UUIDField(source="vendor_id")
    vendor_name = serializers.CharField(source="vendor.name")
    content_digest = serializers.CharField(help_text="SHA-256 of what it says; the same content gives the same pack")
    state = serializers.ChoiceField(choices=ReportState.choices)
    error = serializers.CharField(allow_blank=True)
    signed_sha256 = serializers.CharField(source="pdf.sha256", allow_null=True, help_text="hex SHA-256 of the PDF; null until it is made")
    log_index = serializers.IntegerField(source="entry_id", allow_null=True)
    created_at = serializers.DateTimeField()

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """The number as people cite it."""
        for row in rows:
            row["reference"] = VendorPack(number=row["number"]).reference


class VendorPackWhole(VendorPackRow):
    """A pack with everything it says: answers with verdicts and digests, scores, exposure, incidents."""

    content = serializers.DictField(help_text="exactly what the PDF is drawn from; texts of answers are as they were written")


class VendorPackBody(Body):
    """Which vendor."""

    vendor = Key()
    example: ClassVar = {"vendor": "0b9d3c52-6e0f-4a4e-9d55-0e6a6f0b8d11"}
