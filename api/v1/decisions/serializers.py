"""Gate policies and decisions as they are shown and sent."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from rest_framework import serializers

from api.v1.base.fields import Day, Key, Text
from api.v1.base.rows import Body, Row, Values
from decisions.basis import Basis, bases_of, stands
from decisions.conditions import parse, words
from decisions.gate_models import Decision, DecisionState, GatePolicy, Vote
from decisions.gate_vocabulary import KINDS, OUTCOMES, STANDINGS, STEPS
from decisions.ties import ties_attach, with_ties

RESULTS = [(key.value, text) for key, text in OUTCOMES.items()]


class Asked(serializers.Serializer[Values]):
    """One condition of a policy; a required one decides between go and no go."""

    key = serializers.CharField()
    kind = serializers.ChoiceField(choices=list(KINDS.items()))
    required = serializers.BooleanField()  # type: ignore[assignment]  # a field of this name is fine at run time
    words = serializers.CharField()


class PolicyRow(Row):
    """What must hold before a step of the lifecycle, and who must approve, by the newest version."""

    model = GatePolicy
    computed: ClassVar = frozenset({"version", "digest", "quorum", "roles", "conditions"})
    id = serializers.UUIDField()
    organisation = serializers.UUIDField(source="organisation_id")
    name = serializers.CharField()
    step = serializers.ChoiceField(choices=list(STEPS.items()))
    version = serializers.IntegerField()
    digest = serializers.CharField(help_text="SHA-256 of all that this version asks for")
    quorum = serializers.IntegerField(help_text="how many different people must approve")
    roles = serializers.ListField(child=serializers.CharField(), help_text="whose approval counts")
    conditions = Asked(many=True)
    created_at = serializers.DateTimeField()

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """The newest version of each, for all at once."""
        found = GatePolicy.objects.prefetch_related("versions__policy").in_bulk([row["id"] for row in rows])
        for row in rows:
            current = found[row["id"]].current
            row |= {"version": current.number, "digest": current.digest, "quorum": current.quorum, "roles": current.roles}
            conditions = parse(current.conditions)
            row["conditions"] = [{"key": found.key, "kind": found.kind, "required": found.required, "words": words(found)} for found in conditions]


class DecisionRow(Row):
    """A step asked for one model version or AI system under one version of a policy; ``stands`` says whether it is approved and nothing changed since."""

    model = Decision
    computed: ClassVar = frozenset({"reference", "stands"})
    id = serializers.UUIDField()
    reference = serializers.CharField()
    number = serializers.IntegerField()
    organisation = serializers.UUIDField(source="organisation_id")
    policy = serializers.UUIDField(source="policy.policy_id")
    policy_version = serializers.IntegerField(source="policy.number")
    step = serializers.ChoiceField(choices=list(STEPS.items()), source="policy.policy.step")
    version = serializers.UUIDField(source="version_id", allow_null=True)
    system = serializers.UUIDField(source="system_id", allow_null=True)
    purpose = serializers.CharField()
    state = serializers.ChoiceField(choices=DecisionState.choices)
    stands = serializers.BooleanField()
    requested_by = serializers.UUIDField(source="requested_by_id")
    decided_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """The number as people cite it, and whether what was approved is what the record says now."""
        whole = decisions_read([row["id"] for row in rows if row["state"] == DecisionState.APPROVED])
        for row in rows:
            row["reference"] = Decision(number=row["number"]).reference
            row["stands"] = row["id"] in whole and stands(*whole[row["id"]])


class ConditionRow(serializers.Serializer[Values]):
    """What one condition came to, why, and the evidence it rests on."""

    key = serializers.CharField()
    words = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]  # a field of this name is fine at run time
    standing = serializers.ChoiceField(choices=[(key.value, text) for key, text in STANDINGS.items()])
    waived = serializers.BooleanField()
    reason = serializers.CharField()
    evidence = serializers.ListField(child=serializers.DictField())


class ApprovalRow(serializers.Serializer[Values]):
    """One person's word; it counts while its digest is the decision's."""

    approver = serializers.UUIDField()
    vote = serializers.ChoiceField(choices=Vote.choices)
    digest = serializers.CharField()
    counts = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True)
    log_index = serializers.IntegerField()


class DecisionWhole(DecisionRow):
    """A decision with its basis as the record stands now; ``digest`` is what an approval must name."""

    computed: ClassVar = DecisionRow.computed | {"outcome", "digest", "approved_digest", "conditions", "basis", "approvals"}
    outcome = serializers.ChoiceField(choices=RESULTS, help_text="by rule, as the record stands now")
    digest = serializers.CharField(help_text="SHA-256 of the basis as it stands now, in canonical JSON")
    approved_digest = serializers.CharField(allow_blank=True, help_text="of what reached the quorum; empty before")
    conditions = ConditionRow(many=True)
    basis = serializers.DictField(help_text="everything that is approved; the digest is of this")
    approvals = ApprovalRow(many=True)

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """Evaluated anew."""
        found = decisions_read([row["id"] for row in rows], "approvals")
        for row in rows:
            decision, basis = found[row["id"]]
            row |= {"reference": decision.reference, "stands": stands(decision, basis), "approved_digest": decision.digest}
            row |= {"outcome": basis.outcome.value, "digest": basis.digest, "basis": basis.document}
            row["conditions"] = [{name: item[name] for name in ConditionRow._declared_fields} for item in basis.document["conditions"]]
            row["approvals"] = [
                {"approver": word.approver_id, "counts": word.digest == basis.digest, "log_index": word.entry_id}
                | {name: getattr(word, name) for name in ("vote", "digest", "reason")}
                for word in decision.approvals.all()
            ]


def decisions_read(keys: Sequence[UUID], *more: str) -> dict[UUID, tuple[Decision, Basis]]:
    """Each decision with its basis as it stands now, in a number of queries that does not grow with the keys; ``more`` is prefetched."""
    if not keys:
        return {}
    rows = Decision.objects.select_related("policy__policy", "version__model", "system").defer("basis", "version__weights_manifest")
    found = list(with_ties(rows.prefetch_related(*more).filter(pk__in=keys)))
    ties_attach(found)
    bases = bases_of(found)
    return {row.pk: (row, bases[row.pk]) for row in found}


class RequestBody(Body):
    """What is asked for, under which policy: one model version or one AI system."""

    policy = Key(help_text="id of a gate policy; its newest version counts, for good")
    version = Key(required=False, allow_null=True, help_text="id of a model version")
    system = Key(required=False, allow_null=True, help_text="id of an AI system")
    purpose = Text(max_length=5000, help_text="what it is for; exactly this purpose is approved")
    example: ClassVar = {
        "policy": "0b9d3c52-6e0f-4a4e-9d55-0e6a6f0b8d11",
        "version": "5d1f7a40-2a6e-4e0b-8f0e-6f1f3a6f2c77",
        "purpose": "To sort incoming letters by topic before a person reads them.",
    }


class ApproveBody(Body):
    """A word on exactly the basis with this digest."""

    digest = Text(max_length=64, help_text="of the decision as you read it")
    reason = Text(max_length=1000, required=False, allow_blank=True, help_text="kept in the log for good, so name no person")
    example: ClassVar = {"digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "reason": "Only for letters."}


class RejectBody(Body):
    """A rejection of exactly the basis with this digest; one ends the decision."""

    digest = Text(max_length=64, help_text="of the decision as you read it")
    reason = Text(max_length=1000, help_text="kept in the log for good, so name no person")
    example: ClassVar = {"digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "reason": "The purpose is too wide."}


class WaiverBody(Body):
    """Leave to go on although a condition is not met, until the end of a day."""

    condition = Text(max_length=20, help_text="key of the condition, such as c1")
    owner = Key(help_text="id of the person who answers for it")
    reason = Text(max_length=1000, help_text="kept in the log for good, so name no person")
    expires_on = Day(help_text="at most a year ahead")
    example: ClassVar = {
        "condition": "c2",
        "owner": "7f0a3b1e-54a6-4d2f-9b0d-1a2b3c4d5e6f",
        "reason": "The cause is known and switched off.",
        "expires_on": "2027-03-31",
    }
