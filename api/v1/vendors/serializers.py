"""Vendors as they are shown and sent."""

from typing import ClassVar

from rest_framework import serializers

from api.v1.base.fields import Choice, Day, Key, Text, Whole
from api.v1.base.rows import Body, Row
from inventory.models import Access, Tier, Vendor


class VendorRow(Row):
    """A company that sells, hosts or publishes models; ``access`` is what its contract grants."""

    model = Vendor
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id")
    name = serializers.CharField()
    country = serializers.CharField(help_text="ISO 3166 two letters, or empty")
    access = serializers.ChoiceField(choices=Access.choices)
    website = serializers.CharField()
    contact = serializers.CharField()
    tier = serializers.ChoiceField(choices=Tier.choices)
    owner = serializers.CharField()
    review_cycle_months = serializers.IntegerField(help_text="how long a closed review of its answers holds")
    contract_reference = serializers.CharField()
    contract_ends_on = serializers.DateField(allow_null=True)
    notes = serializers.CharField()
    created_at = serializers.DateTimeField()


class VendorPatch(Body):
    """What may change of a vendor."""

    name = Text(max_length=200, required=False)
    country = Text(max_length=2, allow_blank=True, required=False, help_text="ISO 3166 two letters")
    access = Choice(choices=Access.choices, required=False)
    website = Text(max_length=300, allow_blank=True, required=False, help_text="a whole address, beginning with https://")
    contact = Text(max_length=300, allow_blank=True, required=False)
    tier = Choice(choices=Tier.choices, required=False, help_text="how much you depend on it")
    owner = Text(max_length=200, allow_blank=True, required=False)
    review_cycle_months = Whole(min_value=1, max_value=60, required=False)
    contract_reference = Text(max_length=200, allow_blank=True, required=False)
    contract_ends_on = Day(required=False, allow_null=True)
    notes = Text(max_length=20000, allow_blank=True, required=False)
    example: ClassVar = {"access": "logits"}


class VendorBody(VendorPatch):
    """A new vendor."""

    organisation = Key(required=False, help_text="only needed by members of several organisations")
    name = Text(max_length=200)
    country = Text(max_length=2, allow_blank=True, default="", help_text="ISO 3166 two letters")
    access = Choice(choices=Access.choices)
    example: ClassVar = {"name": "Example Models", "country": "NL", "access": "weights"}
