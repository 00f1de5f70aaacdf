"""Everything the page of a run's release pipeline shows."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse

from accounts.models import User
from accounts.permissions import allowed
from assessments.models import Run, Step
from reports.pipeline import pipeline_read, steps_of, with_designs
from reports.pipeline_figure import effect_figure
from reports.pipeline_view import pipeline_view
from web import figures, words

TERMS = ("Sealed plan", "Threshold", "Interval", "Null", "Capped verdict", "Control", "Digest")


def context(run: Run, actor: User) -> dict[str, Any]:
    """The context of ``web/runs/pipeline.html``; ``pipeline`` is None where the plan has none."""
    steps = steps_of(run)
    found = pipeline_read(run.plan.document["items"], steps)
    shown = pipeline_view(with_designs(found)) if found else None
    figure = effect_figure(found["axes"]) if found else None
    return {
        "run": run,
        "plan": run.plan,
        "version": run.plan.version,
        "pipeline": linked(shown, steps) if shown else None,
        "figure": figures.figure_view(figure) if figure else None,
        "unfinished": sum(step.state != "done" for step in steps),
        "polls": not run.ended and bool(found),
        "may_plan": allowed(actor, "plan.write", run.plan),
        "glossary": words.glossary(*TERMS),
        "nav": "assessments",
    }


def linked(shown: Mapping[str, Any], steps: Sequence[Step]) -> dict[str, Any]:
    """The pipeline with addresses: of each stage's finding and of each file's page with its check."""
    held = {step.key: step for step in steps}
    axes = [{**axis, "stages": [_stage(stage, held) for stage in axis["stages"]], "result": _result(axis, held)} for axis in shown["axes"]]
    return {**shown, "axes": axes, "others": [{**row, "finding": _finding(held[row["step"]])} for row in shown["others"]]}


def _stage(stage: Mapping[str, Any], held: Mapping[str, Step]) -> dict[str, Any]:
    step = held.get(stage["step"])
    return {**stage, "finding": _finding(step) if step else "", "file": _file(stage["file"], step) if step else None}


def _result(axis: Mapping[str, Any], held: Mapping[str, Step]) -> dict[str, str] | None:
    key = next(stage["step"] for stage in reversed(axis["stages"]) if stage["step"])
    return _file(axis["result"], held[key])


def _finding(step: Step) -> str:
    found = getattr(step, "finding", None)
    return reverse("web:finding-detail", args=[found.pk]) if found else ""


def _file(file: Mapping[str, str] | None, step: Step) -> dict[str, str] | None:
    """The file with the page on which it can be verified."""
    if file is None or step.attestation is None:
        return None
    rows = {row.name.replace("/", "."): row for row in step.attestation.artifacts.all()}
    return {**file, "url": reverse("web:artifact-detail", args=[rows[file["name"]].pk])}
