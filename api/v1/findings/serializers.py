"""Findings as they are shown: never a reading without its verdict, never a result without what it does not show."""

from collections import defaultdict
from typing import Any, ClassVar

from rest_framework import serializers

from api.v1.base.rows import Row, Values
from api.v1.instruments.serializers import QualificationRow
from assessments.contracts import Reading, Verdict
from assessments.models import Finding, Measurement, Qualification
from reports.qualification import record_read

VERDICTS = [(tier.value, tier.value) for tier in Verdict]
READINGS = [(tier.value, tier.value) for tier in Reading]


class FindingRow(Row):
    """What one step found: the data's own reading, and the verdict after the cap of its instrument's qualification."""

    model = Finding
    id = serializers.UUIDField()
    run = serializers.UUIDField(source="step.run_id")
    run_number = serializers.IntegerField(source="step.run.number")
    version = serializers.UUIDField(source="step.run.plan.version_id")
    key = serializers.CharField(source="step.key")
    instrument = serializers.CharField(source="step.instrument")
    verdict = serializers.ChoiceField(choices=VERDICTS, help_text="the tier it may be cited at")
    reading = serializers.ChoiceField(choices=READINGS, help_text="what the data alone say; not to be cited as the result")
    cap_reasons = serializers.ListField(
        child=serializers.CharField(), help_text="why the instrument's calibration record does not carry the reading, and what to do; empty when it does"
    )
    headline = serializers.CharField()
    does_not_show = serializers.CharField()
    created_at = serializers.DateTimeField()


class MeasurementRow(Row):
    """One number with its 95 % interval and null."""

    model = Measurement
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the field of a row may be called so
    value = serializers.FloatField()
    unit = serializers.CharField()
    n = serializers.IntegerField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    null_low = serializers.FloatField(allow_null=True)
    null_high = serializers.FloatField(allow_null=True)
    p_value = serializers.FloatField(allow_null=True)
    direction = serializers.CharField()
    role = serializers.CharField(help_text="primary, secondary, control or cost")
    formula = serializers.CharField()


class ThresholdRow(serializers.Serializer[Values]):
    """A sealed threshold and whether it was met; null where the measurement is missing."""

    metric = serializers.CharField()
    text = serializers.CharField()
    met = serializers.BooleanField(allow_null=True)


class ControlRow(serializers.Serializer[Values]):
    """A control that was made and whether it behaved."""

    name = serializers.CharField()
    n = serializers.IntegerField()
    passed = serializers.BooleanField(allow_null=True)
    note = serializers.CharField()


class FigureRow(serializers.Serializer[Values]):
    """A figure in words; its Vega-Lite specification and data are among the artifacts of the step."""

    name = serializers.CharField()
    title = serializers.CharField()
    caption = serializers.CharField()
    alt = serializers.CharField()


class FindingWhole(FindingRow):
    """A finding with everything needed to doubt it."""

    computed: ClassVar = frozenset({"measurements", "figures", "qualification"})
    helpers: ClassVar = ("figures", "qualification_id")
    summary = serializers.CharField()
    not_examined = serializers.CharField()
    primary = serializers.CharField(help_text="name of the measurement the claim was about")
    qualification = QualificationRow(allow_null=True, help_text="the calibration record that was asked; null: there was none")
    measurements = MeasurementRow(many=True)
    thresholds = ThresholdRow(many=True)
    controls = ControlRow(many=True)
    figures = FigureRow(many=True)
    counts = serializers.DictField()
    environment = serializers.DictField()
    plan = serializers.UUIDField(source="step.run.plan_id")
    plan_digest = serializers.CharField(source="step.run.plan.sealed_digest")
    result_artifact = serializers.UUIDField(source="result_artifact_id")
    result_sha256 = serializers.CharField(source="result_artifact.sha256")
    log_index = serializers.IntegerField(source="step.attestation.entry.index")

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """The measurements of all rows by one query, their calibration records by another."""
        found, owners = MeasurementRow.read(Measurement.objects.filter(finding__in=[row["id"] for row in rows]).order_by("position"), "finding_id")
        measurements: dict[Any, list[Values]] = defaultdict(list)
        for row, (owner,) in zip(found, owners, strict=True):
            measurements[owner].append(row)
        asked = Qualification.objects.select_related("attestation__entry", "result_artifact").in_bulk([row["_qualification_id"] for row in rows])
        for row in rows:
            record = asked.get(row["_qualification_id"])
            row["qualification"] = record_read(record) if record else None
            row["measurements"] = measurements[row["id"]]
            row["figures"] = [{name: figure[name] for name in ("name", "title", "caption", "alt")} for figure in row["_figures"]]
