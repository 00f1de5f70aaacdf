"""Known circuits: does the instrument chain see in this model what is known to be in language models?

Measures indirect object identification (Wang et al. 2022, arXiv:2211.00593) as a logit difference, induction (Olsson et al. 2022,
arXiv:2209.11895) as the loss drop on a repeated random sequence with attention scores per head, and the effect of putting single clean
block outputs into a corrupted prompt. It shows that weights, tokenizer, hooks and read-out fit together. It says nothing about safety.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from assessments import probes
from assessments.contracts import (
    InstrumentCard,
    ParamsBase,
    Progress,
    Refused,
    RequirementClaim,
    StepOutput,
    StepSpec,
    Threshold,
)
from assessments.methods.parts import circuit_figures, circuit_report, ioi, repetition
from assessments.methods.parts.circuit_report import Arm, Results, Task, over_sequences
from assessments.methods.parts.controls import environment, noop_control, sealed_limits, twin_seed
from assessments.methods.parts.induction import copy_losses, induction_scores, make_repeated
from assessments.methods.parts.meter import Meter
from assessments.parameters import params_parse
from assessments.statistics import Array, bootstrap_mean, generator
from assessments.subject import Subject, Tick

FEWEST = 10
"""Fewer scored prompts than this are too few to conclude anything."""


@dataclass(frozen=True)
class Params(ParamsBase):
    """``prompts``: name prompts; ``sequences`` of ``half`` random tokens shown twice; ``patch_prompts`` for the component map.

    ``circuits``: ``repetition`` leaves the names out, for models whose vocabulary holds none.
    """

    circuits: Literal["both", "repetition"] = "both"
    prompts: int = 50
    sequences: int = 8
    half: int = 50
    patch_prompts: int = 6
    bootstrap: int = 2000

    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {
        "prompts": (10, 500),
        "sequences": (4, 64),
        "half": (8, 200),
        "patch_prompts": (1, 50),
        "bootstrap": (200, 20_000),
    }


CARD = InstrumentCard(
    slug="known_circuits",
    version="1",
    title="Known circuits",
    question="Does the measuring chain see in this model what is known to be in language models?",
    estimand="Mean logit of the indirect object minus logit of the repeated name; fall in next-token loss when a random sequence is shown again.",
    falsifier="The logit difference is no larger than in the same architecture with random weights, or a repeated sequence is predicted no better.",
    paper="Wang et al. 2022, arXiv:2211.00593; Olsson et al. 2022, arXiv:2209.11895",
    access="weights",
    evidence_kinds=("eval_report", "interpretability_report", "eval_protocol"),
    requirements=(
        RequirementClaim("AIA-11-1", "tech_doc", "Documents, with the checks made, that the model identified by its digests runs as expected."),
        RequirementClaim("NIST-AIRMF-MEASURE-2.13", "eval_protocol", "Tests the testing itself: a known positive result must come out first."),
        RequirementClaim("NIST-AIRMF-MEASURE-2.9", "interpretability_report", "Names internal components on which a known behaviour depends."),
    ),
    controls=("noop_hook", "corrupted_prompts", "random_weight_twin", "sign_flips"),
    organisms=("induction",),
    probe_sets=("ioi",),
    thresholds=(
        Threshold("ioi_logit_diff", "beyond_null"),
        Threshold("ioi_logit_diff", ">=", 0.5),
        Threshold("ioi_accuracy", ">=", 0.9),
        Threshold("induction_loss_drop", "beyond_null"),
        Threshold("induction_loss_drop", ">=", 0.5),
    ),
    minutes=1.5,
    shows="That weights, tokenizer, hooks and read-out fit together: a behaviour known from the literature comes out, in parts that can be named.",
    does_not_show=(
        "That these components are the whole circuit, that they matter for any other behaviour, or anything about safety. Replacing one block at "
        "a time misses components that stand in for one another."
    ),
)


class KnownCircuits:
    """Registry entry."""

    card = CARD
    Params: type[ParamsBase] = Params

    def probe_sets(self, params: Mapping[str, Any], find: probes.Find) -> tuple[str, ...]:
        """None where only random tokens are shown."""
        return () if params.get("circuits") == "repetition" else CARD.probe_sets

    def run(self, spec: StepSpec, subject: Subject, workdir: Path, progress: Progress) -> StepOutput:
        """IOI, induction and component patching on the model, the first two also on its random-weight twin."""
        params = params_parse(Params, spec.params)
        if params.circuits == "repetition":
            return _repetition(spec, params, subject, workdir, progress)
        task = _task(spec, params, subject)
        meter = Meter(progress, _stages(task, subject, params))
        results = _measure(spec, task, params, subject, meter)
        return StepOutput(
            reading=results.reading,
            **circuit_report.words(results),
            primary="ioi_logit_diff",
            measurements=circuit_report.measurements(results, task),
            controls=circuit_report.controls(results, task),
            figures=circuit_figures.figures(results.patched, results.model.losses, results.twin.losses, task.repeated.start),
            files=circuit_report.files(workdir, results, task),
            counts=circuit_report.counts(task),
            environment=environment(spec, subject),
            tokens=meter.tokens,
        )


def _repetition(spec: StepSpec, params: Params, subject: Subject, workdir: Path, progress: Progress) -> StepOutput:
    repeated, fresh = repetition.sequences(subject, params.sequences, params.half, spec.seed)
    meter = Meter(progress, {"idle-hook check": 100, "repeats": 3 * repeated.tokens, "random-weight twin": 2 * repeated.tokens})
    noop = noop_control(subject, repeated.items[:4], meter.stage("idle-hook check", 100))
    tick = meter.stage("repeats", 3 * repeated.tokens)
    model, heads = repetition.measure(subject, repeated, tick)
    anew = copy_losses(subject, fresh, tick)
    twin, twin_heads = repetition.measure(subject.random_twin(twin_seed(spec)), repeated, meter.stage("random-weight twin", 2 * repeated.tokens))
    smallest = sealed_limits(CARD, spec)["induction_loss_drop"]
    found = repetition.Repetition(repeated, model, heads, anew, twin, twin_heads, noop, smallest, params.bootstrap, spec.seed)
    return StepOutput(**repetition.report(found, workdir), environment=environment(spec, subject), tokens=meter.tokens)


def _task(spec: StepSpec, params: Params, subject: Subject) -> Task:
    prompts = ioi.make_prompts(probes.sealed(spec.probe_sets, "ioi"), params.prompts, spec.seed)
    repeated = make_repeated(subject, params.sequences, params.half, spec.seed)
    scored = ioi.score_prompts(subject, prompts)
    if len(scored) < FEWEST:
        raise Refused(
            f"only {len(scored)} of {len(prompts)} name prompts can be scored with this tokenizer, because both names start with the same token; "
            f"at least {FEWEST} are needed: ask for more prompts"
        )
    return Task(prompts, scored, repeated, params.bootstrap, spec.seed)


def _stages(task: Task, subject: Subject, params: Params) -> dict[str, float]:
    patching = 2 * subject.facts.n_layers * params.patch_prompts * task.tokens / len(task.scored)
    arm = task.tokens + 2 * task.repeated.tokens
    return {"idle-hook check": 100, "names and repeats": arm + task.tokens, "replacing components": patching, "random-weight twin": arm, "statistics": 100}


def _measure(spec: StepSpec, task: Task, params: Params, subject: Subject, meter: Meter) -> Results:
    targets = [row.targets for row in task.scored]
    noop = noop_control(subject, [row.tokens for row in task.scored[:4]], meter.stage("idle-hook check", 100))
    tick = meter.stage("names and repeats", 2 * task.tokens + 2 * task.repeated.tokens)
    model = _arm(subject, task, tick)
    corrupted = ioi.logit_differences(subject, [row.corrupted for row in task.scored], targets, tick)
    patched = _patched(subject, task, params.patch_prompts, corrupted, meter)
    twin = _arm(subject.random_twin(twin_seed(spec)), task, meter.stage("random-weight twin", task.tokens + 2 * task.repeated.tokens))
    meter.stage("statistics", 1)
    return Results(
        model=model,
        twin=twin,
        corrupted=corrupted,
        patched=patched,
        logit_diff=bootstrap_mean(model.clean, task.families, task.draws, task.seed),
        twin_diff=bootstrap_mean(twin.clean, task.families, task.draws, task.seed),
        drop=over_sequences(model.losses.drop, task),
        twin_drop=over_sequences(twin.losses.drop, task),
        null=_sign_flips(model.clean, task),
        noop=noop,
        smallest=sealed_limits(CARD, spec),
    )


def _arm(subject: Subject, task: Task, tick: Tick) -> Arm:
    targets = [row.targets for row in task.scored]
    clean = ioi.logit_differences(subject, [row.tokens for row in task.scored], targets, tick)
    return Arm(clean, copy_losses(subject, task.repeated, tick), induction_scores(subject, task.repeated, tick))


def _patched(subject: Subject, task: Task, count: int, corrupted: Array, meter: Meter) -> Array:
    """``[layers, 2, prompts]``: by how much one clean block output moves the corrupted prompt's logit difference, in nats."""
    chosen = _same_length(task, count)
    rows = [task.scored[index] for index in chosen]
    passes = sum(len(row.tokens) for row in rows) * (2 * subject.facts.n_layers + 1)
    tick = meter.stage("replacing components", passes)
    found = subject.patch_components([r.tokens for r in rows], [r.corrupted for r in rows], [r.targets for r in rows], tick)
    return np.asarray(found.astype(np.float64) - corrupted[chosen])


def _same_length(task: Task, count: int) -> list[int]:
    """Up to ``count`` prompts as long as their corrupted partner and as one another: the most frequent length, so that they share a batch."""
    fitting = [(index, len(row.tokens)) for index, row in enumerate(task.scored) if len(row.tokens) == len(row.corrupted)]
    if not fitting:
        raise Refused("no prompt has a corrupted partner of the same length in tokens; add names to the probe set")
    ((length, _),) = Counter(length for _, length in fitting).most_common(1)
    return [index for index, own in fitting if own == length][:count]


def _sign_flips(values: Array, task: Task) -> Array:
    # Which of the two names is right was drawn at random per prompt, so a model blind to the roles is as often wrong as right.
    signs = generator(task.seed, "sign flips").choice([-1.0, 1.0], size=(task.draws, len(values)))
    return np.asarray((signs * values).mean(axis=1))
