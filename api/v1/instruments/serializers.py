"""Instruments as they are shown: what each asks, needs, shows and cannot show."""

from collections.abc import Sequence
from dataclasses import MISSING, Field, asdict, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from rest_framework import serializers

from api.v1.base.rows import Values
from assessments import probes
from assessments.contracts import Instrument, ParamsBase
from assessments.registry import source_digest
from assessments.standing import Standing
from gpu_tasks.here import standings_here
from inventory.models import Access
from reports.qualification import record_read


class ParameterRow(serializers.Serializer[Values]):
    """One parameter: its usual value, the values it may take, and its bounds."""

    name = serializers.CharField()
    default = serializers.JSONField(help_text="null where there is none")
    choices = serializers.ListField(child=serializers.JSONField(), allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class UsualThreshold(serializers.Serializer[Values]):
    """A threshold the instrument brings along."""

    metric = serializers.CharField()
    op = serializers.CharField()
    value = serializers.FloatField(allow_null=True)


class ClaimRow(serializers.Serializer[Values]):
    """A requirement its results may count towards once a person accepts the link."""

    requirement = serializers.CharField()
    evidence_kind = serializers.CharField()
    rationale = serializers.CharField()


class ShareRow(serializers.Serializer[Values]):
    """A share of trials with its 95 % interval, which counts test models, not trials."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    hits = serializers.IntegerField()
    n = serializers.IntegerField(help_text="trials, those that ended in an error included")
    organisms = serializers.IntegerField(help_text="test models")
    errored = serializers.IntegerField()


class LimitRow(serializers.Serializer[Values]):
    """The weakest planting that is found in at least 80 % of the trials, as is every stronger one."""

    strength = serializers.FloatField()
    share = ShareRow()


class QualificationRow(serializers.Serializer[Values]):
    """A calibration record: how far an instrument can be believed, and what that does not cover."""

    instrument = serializers.CharField()
    version = serializers.CharField()
    made_at = serializers.DateTimeField()
    valid_until = serializers.DateTimeField()
    device = serializers.CharField()
    dtype = serializers.CharField()
    sha256 = serializers.CharField(help_text="of the attested document")
    entry = serializers.IntegerField(help_text="place of the record in the log")
    qualifies = serializers.BooleanField(help_text="whether the figures are good enough; whether the record still holds is said beside it")
    shortfalls = serializers.ListField(child=serializers.CharField())
    not_covered = serializers.CharField()
    sensitivity = ShareRow(allow_null=True, help_text="found where planted at full strength")
    false_positives = ShareRow(allow_null=True, help_text="claimed where nothing was there")
    causal_false_positives = ShareRow(allow_null=True, help_text="claimed as a cause where there was none")
    limit = LimitRow(allow_null=True)
    families = serializers.ListField(child=serializers.CharField())
    organisms = serializers.IntegerField()
    own = serializers.IntegerField(help_text="how many of them were registered here and did not come with the program")
    trials = serializers.IntegerField()
    errored = serializers.IntegerField()


class InstrumentRow(serializers.Serializer[Values]):
    """A way of looking into a model. Without a current and sufficient calibration record its verdicts are capped at ``not_qualified``."""

    slug = serializers.CharField()
    version = serializers.CharField()
    title = serializers.CharField()
    question = serializers.CharField()
    shows = serializers.CharField()
    does_not_show = serializers.CharField()
    access = serializers.ChoiceField(choices=Access.choices, help_text="the least access it needs")
    minutes = serializers.FloatField(help_text="usual duration on two processor cores")
    qualified = serializers.BooleanField(help_text="whether its record holds here today and is good enough")
    qualification = QualificationRow(allow_null=True, help_text="the calibration record that counts; null: none yet")
    cap_reasons = serializers.ListField(child=serializers.CharField(), help_text="why its verdicts are capped, and what to do; empty when they are not")


class InstrumentWhole(InstrumentRow):
    """An instrument with everything a plan may set."""

    estimand = serializers.CharField()
    falsifier = serializers.CharField()
    paper = serializers.CharField()
    controls = serializers.ListField(child=serializers.CharField())
    organisms = serializers.ListField(child=serializers.CharField())
    evidence_kinds = serializers.ListField(child=serializers.CharField())
    probe_sets = serializers.DictField(child=serializers.CharField(), help_text="SHA-256 by slug")
    parameters = ParameterRow(many=True)
    thresholds = UsualThreshold(many=True)
    requirements = ClaimRow(many=True)
    tolerance = serializers.CharField()
    source_digest = serializers.CharField(help_text="SHA-256 over its source")


class InstrumentList(serializers.Serializer[Values]):
    """All instruments; they are few, so there is one page."""

    items = InstrumentRow(many=True)


SHORT = ("slug", "version", "title", "question", "shows", "does_not_show", "access", "minutes")
LONG = (*SHORT, "estimand", "falsifier", "paper", "controls", "organisms", "evidence_kinds", "tolerance")


def instrument_rows(methods: Sequence[Instrument]) -> list[Values]:
    """The catalogue."""
    found = standings_here(method.card.slug for method in methods)
    return [{**{name: getattr(method.card, name) for name in SHORT}, **_standing(found[method.card.slug])} for method in methods]


def _standing(found: Standing) -> Values:
    """The record that counts here today, and what it lacks."""
    record = record_read(found.record) if found.record else None
    return {"qualified": found.qualified, "qualification": record, "cap_reasons": list(found.reasons)}


def instrument_whole(method: Instrument) -> Values:
    """The whole card, with digests."""
    card = method.card
    return {
        **{name: getattr(card, name) for name in LONG},
        **_standing(standings_here([card.slug])[card.slug]),
        "probe_sets": {slug: probes.probe_set(slug).digest for slug in card.probe_sets},
        "parameters": [_parameter(row, method.Params) for row in fields(method.Params)],
        "thresholds": [asdict(row) for row in card.thresholds],
        "requirements": [asdict(row) for row in card.requirements],
        "source_digest": source_digest(card.slug),
    }


def _parameter(row: "Field[Any]", kind: type[ParamsBase]) -> Values:
    hint = get_type_hints(kind)[row.name]
    low, high = kind.bounds.get(row.name, (None, None))
    choices = list(get_args(hint)) if get_origin(hint) is Literal else list(kind.offered().get(row.name, ())) or None
    return {"name": row.name, "default": None if row.default is MISSING else row.default, "choices": choices, "low": low, "high": high}
