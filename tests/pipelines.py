"""A release pipeline whose steps the real instruments made, on planted subjects: real numbers, real files, no model to load."""

import functools
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from accounts.models import User
from assessments import probes
from assessments.contracts import StepOutput
from assessments.methods.parts.behaviours import BEHAVIOURS
from assessments.models import Plan, Run, Step
from assessments.registry import instrument
from assessments.services.pipeline import pipeline_claim, pipeline_items
from assessments.services.plans import plan_create, plan_seal
from assessments.services.runs import run_create
from assessments.services.steps import step_spec
from core.canonical import canonical_digest
from gpu_tasks.here import environment_here
from tests import factories
from tests.assessments.methods.conftest import SMALL, Listener
from tests.assessments.methods.planted import Plant, PlantedSubject, concepts

LIMITS = {"auroc": 0.75, "steering_effect": 0.5, "wrong_way_share": 0.1, "cost_ce": 0.1}
AXES = ("refusal", "axis_goal_misgeneralisation", "sentiment")
PLANTS = {
    "refusal": Plant(concepts("harmful_harmless", "harmful"), strength=2.0, gain=4.0, damage=0.1),
    "sentiment": Plant(concepts("sentiment", "positive"), strength=2.0, gain=0.0, damage=0.1),
    "harm": Plant(concepts("harmful_harmless", "harmful"), strength=2.0, first_layer=1),
    "axis_goal_misgeneralisation": Plant(concepts("axis_goal_misgeneralisation", "proxy"), strength=2.0),
}
"""Refusal can be moved, sentiment cannot; harm and misgeneralised goals can be read."""
Made = tuple[StepOutput, Path]


def sealed(actor: User, axes: tuple[str, ...] = AXES, limits: Mapping[str, float] = LIMITS) -> Plan:
    """A sealed pipeline over ``axes`` with the instruments' small settings, without the check of known circuits."""
    items = [replace(item, params={**SMALL[item.instrument], **item.params}) for item in pipeline_items(axes, limits)[1:]]
    version = factories.version(actor)
    plan = plan_create(actor=actor, version=version, title="Release pipeline", claim=pipeline_claim(axes, limits), items=items, seed=7)
    return plan_seal(actor=actor, plan=plan)


def started(actor: User, **options: Any) -> Run:
    """Its run, nothing done yet."""
    return run_create(actor=actor, plan=sealed(actor, **options))


def finished(actor: User, **options: Any) -> Run:
    """Its run with every step done."""
    run = started(actor, **options)
    for step in run.steps.all():
        finish(actor, step)
    run.refresh_from_db()
    return run


def finish(actor: User, step: Step) -> None:
    """Carry out one step and attest it, as a worker does."""
    output, folder = _made(canonical_digest([step.key, step.item, step.run.plan.document["seed"]]), step)
    factories.finish(factories.worker(factories.home(actor)), step, output, folder)


def _made(key: str, step: Step) -> Made:
    if key not in _CACHE:
        folder = Path(tempfile.mkdtemp(dir=_root().name))
        spec = step_spec(step)
        output = instrument(spec.instrument).run(spec, subject_for(str(spec.params.get("behaviour") or spec.params["concept"])), folder, Listener())
        _CACHE[key] = replace(output, environment={**output.environment, **environment_here(), "device": "cpu", "dtype": "float32"}), folder
    return _CACHE[key]


_CACHE: dict[str, Made] = {}


@functools.cache
def _root() -> "tempfile.TemporaryDirectory[str]":
    """Lives as long as the process: the same step is made once for all tests."""
    return tempfile.TemporaryDirectory(prefix="assay-pipelines-")


def subject_for(choice: str) -> PlantedSubject:
    """The planted subject for a behaviour or a concept; a behaviour's answers stand for their first words."""
    if choice not in BEHAVIOURS:
        return PlantedSubject(PLANTS[choice])
    behaviour = BEHAVIOURS[choice]
    answers = probes.probe_set(behaviour.answer_set)
    up, down = ([f" {text.split()[0]}" for text in answers.words(*path)] for path in (behaviour.up_words, behaviour.down_words))
    return PlantedSubject(PLANTS[choice], sorted(set(up)), sorted(set(down)))
