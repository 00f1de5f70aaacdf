"""A finding and its measurements, from what an instrument gave back."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from assessments.contracts import StepOutput, Verdict
from assessments.judgement import ThresholdResult
from assessments.models import Finding, Measurement, Step
from evidence.models import Artifact


def finding_insert(
    step: Step, output: StepOutput, verdict: Verdict, results: Sequence[ThresholdResult], reasons: Sequence[str], artifact: Artifact, **more: Any
) -> Finding:
    """The rows of a finding whose ``verdict`` was judged and whose result is attested as ``artifact``; ``more``: figures and record, where there are any."""
    finding = Finding.objects.create(
        step=step,
        reading=output.reading.value,
        verdict=verdict.value,
        headline=output.headline,
        summary=output.summary,
        does_not_show=output.does_not_show,
        not_examined=output.not_examined,
        primary=output.primary,
        thresholds=[asdict(result) for result in results],
        controls=[asdict(control) for control in output.controls],
        counts=dict(output.counts),
        environment=dict(output.environment),
        result_artifact=artifact,
        cap_reasons=list(reasons),
        **{"figures": [], **more},
    )
    Measurement.objects.bulk_create(Measurement(finding=finding, position=place, **asdict(row)) for place, row in enumerate(output.measurements))
    return finding
