"""AI systems and deployments as they are shown and sent."""

from typing import ClassVar

from rest_framework import serializers

from api.v1.base.fields import Choice, Day, Key, Text
from api.v1.base.rows import Body, Row
from inventory.models import AISystem, Deployment, OurRole, RiskClass, Setting


class SystemRow(Row):
    """A use of AI with a purpose; the law applies to it by role, risk class and jurisdiction."""

    model = AISystem
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id")
    name = serializers.CharField()
    purpose = serializers.CharField()
    our_role = serializers.ChoiceField(choices=OurRole.choices)
    risk_class = serializers.ChoiceField(choices=RiskClass.choices)
    jurisdiction = serializers.CharField()
    placed_on = serializers.DateField(allow_null=True)
    changed_on = serializers.DateField(allow_null=True)
    setting = serializers.ChoiceField(choices=[("", "None of these"), *Setting.choices])
    owner = serializers.CharField()
    notes = serializers.CharField()
    created_at = serializers.DateTimeField()


class SystemPatch(Body):
    """What may change of a system."""

    name = Text(max_length=200, required=False)
    purpose = Text(max_length=20000, required=False)
    our_role = Choice(choices=OurRole.choices, required=False)
    risk_class = Choice(choices=RiskClass.choices, required=False)
    jurisdiction = Text(max_length=60, required=False)
    placed_on = Day(allow_null=True, required=False, help_text="when the first unit was placed on the market or put to use")
    changed_on = Day(allow_null=True, required=False, help_text="when its design last changed significantly")
    setting = Choice(choices=[("", "None of these"), *Setting.choices], required=False)
    owner = Text(max_length=200, allow_blank=True, required=False)
    notes = Text(max_length=20000, allow_blank=True, required=False)
    example: ClassVar = {"risk_class": "high_annex_iii"}


class SystemBody(SystemPatch):
    """A new system."""

    organisation = Key(required=False, help_text="only needed by members of several organisations")
    name = Text(max_length=200)
    purpose = Text(max_length=20000)
    our_role = Choice(choices=OurRole.choices)
    risk_class = Choice(choices=RiskClass.choices)
    jurisdiction = Text(max_length=60)
    example: ClassVar = {
        "name": "Letter triage",
        "purpose": "Sorts incoming letters by topic.",
        "our_role": "deployer",
        "risk_class": "high_annex_iii",
        "jurisdiction": "EU",
    }


class DeploymentRow(Row):
    """A model version at work in an AI system."""

    model = Deployment
    id = serializers.UUIDField()
    system = serializers.UUIDField(source="system_id")
    system_name = serializers.CharField(source="system.name")
    version = serializers.UUIDField(source="version_id")
    version_label = serializers.CharField(source="version.label")
    model_name = serializers.CharField(source="version.model.name")
    environment = serializers.CharField()
    active = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class DeploymentBody(Body):
    """A new deployment."""

    system = Key()
    version = Key()
    environment = Text(max_length=60)
    example: ClassVar = {"system": "0b9d3c52-6e0f-4a4e-9d55-0e6a6f0b8d11", "version": "5d0a8a34-3df9-4c9c-8f0c-3a8a1f7f0c22", "environment": "production"}


class EndBody(Body):
    """Why a deployment ends."""

    reason = Text(max_length=2000)
    example: ClassVar = {"reason": "Replaced by a newer version."}
