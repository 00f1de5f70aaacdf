"""The one call of procurement: whether a vendor is cleared."""

from typing import ClassVar
from uuid import UUID

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request

from api.v1.base.authentication import actor_of
from api.v1.base.filters import parameters_check
from api.v1.base.rendering import answer
from api.v1.base.rows import Values
from api.v1.base.views import ApiView
from core import clock
from core.errors import InvalidInput, NotFound
from decisions.clearance import clearance_of, vendors_visible
from decisions.clearance_words import REASONS, WORDS
from decisions.gate_vocabulary import STEPS

CHOICES = [(key.value, text) for key, text in WORDS.items()]
KINDS = [("task", "To be done"), ("waiver", "A condition waived until a day"), ("advisory", "An advisory condition that is not met")]


class ReasonRow(serializers.Serializer[Values]):
    """Why; the code is for programs, the words are for people. Where a decision is behind it, which, for which step and purpose, on which digest."""

    code = serializers.ChoiceField(choices=[(code, code.replace("_", " ")) for code in REASONS])
    says = serializers.CharField()
    version = serializers.UUIDField(required=False)
    questionnaire = serializers.UUIDField(required=False, help_text="the questionnaire whose answers it is about")
    decision = serializers.UUIDField(required=False)
    reference = serializers.CharField(required=False)
    step = serializers.ChoiceField(choices=list(STEPS.items()), required=False)
    purpose = serializers.CharField(required=False)
    digest = serializers.CharField(required=False, allow_blank=True, help_text="SHA-256 of what was approved")


class ClearanceConditionRow(serializers.Serializer[Values]):
    """What an approval is tied to."""

    decision = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=KINDS)
    text = serializers.CharField()
    until = serializers.DateField(allow_null=True, help_text="task: to be done by; waiver: its last day")
    done = serializers.BooleanField()
    overdue = serializers.BooleanField()


class ClearanceEvidenceRow(serializers.Serializer[Values]):
    """A digest that the clearance rests on; ``id`` is that of the decision, finding, evidence link or questionnaire (by what the vendor submitted)."""

    kind = serializers.ChoiceField(choices=["decision", "finding", "accepted_evidence", "questionnaire"])
    id = serializers.UUIDField()
    sha256 = serializers.CharField()
    log_index = serializers.IntegerField(allow_null=True)


class CountingRow(serializers.Serializer[Values]):
    """A decision that counts."""

    decision = serializers.UUIDField()
    reference = serializers.CharField()
    step = serializers.ChoiceField(choices=list(STEPS.items()))
    purpose = serializers.CharField()
    digest = serializers.CharField()


class LineRow(serializers.Serializer[Values]):
    """One model version or AI system."""

    kind = serializers.ChoiceField(choices=["version", "system"])
    id = serializers.UUIDField()
    name = serializers.CharField()
    decision = serializers.ChoiceField(choices=CHOICES)
    valid_until = serializers.DateField(allow_null=True)
    reasons = ReasonRow(many=True)
    conditions = ClearanceConditionRow(many=True)
    evidence = ClearanceEvidenceRow(many=True)
    decisions = CountingRow(many=True)


class Clearance(serializers.Serializer[Values]):
    """Whether a vendor is cleared, by the least over its ``lines``; where ``uniform`` is false they differ, so look at the one you mean."""

    schema = serializers.CharField()
    vendor = serializers.UUIDField()
    name = serializers.CharField()
    decision = serializers.ChoiceField(choices=CHOICES)
    uniform = serializers.BooleanField()
    valid_until = serializers.DateField(allow_null=True, help_text="the last day on which it holds, if nothing else changes")
    reasons = ReasonRow(many=True)
    conditions = ClearanceConditionRow(many=True)
    evidence = ClearanceEvidenceRow(many=True)
    lines = LineRow(many=True)
    digest = serializers.CharField(help_text="SHA-256 of all but as_of; the ETag follows it")
    as_of = serializers.DateTimeField(help_text="when it was worked out")


class VendorClearance(ApiView):
    """The clearance of one vendor."""

    out, noun = Clearance, "vendor"
    keys: ClassVar = {"version": "only this model version", "system": "only this AI system"}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """Whether the vendor is cleared, under which conditions, until when, why, and on which evidence; worked out now. The ETag leaves ``as_of`` out."""
        vendor = vendors_visible(actor_of(request)).filter(pk=id).first()
        if vendor is None:
            raise NotFound("There is no such vendor in your register.")
        found = clearance_of(vendor, _only(request))
        response = answer({**found.document, "digest": found.digest, "as_of": clock.now()})
        response["ETag"] = f'"{found.digest[:32]}"'
        return response


def _only(request: Request) -> UUID | None:
    parameters_check(request, tuple(VendorClearance.keys))
    if len(request.query_params) > 1:
        raise InvalidInput("system", "give a version or a system, not both")
    for name, value in request.query_params.items():
        try:
            return UUID(str(value))
        except ValueError as error:
            raise InvalidInput(name, "must be the id of an object") from error
    return None
