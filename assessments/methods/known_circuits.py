"""Known circuits: does the instrument chain see in this model what is known to be in language models?

Measures indirect object identification (Wang et al. 2022, arXiv:2211.00593) as a logit difference, induction (Olsson et al. 2022,
arXiv:2209.11895) as the loss drop on a repeated random sequence with attention scores per head, and the effect of putting single clean
block outputs into a corrupted prompt. It shows that weights, tokenizer, hooks and read-out fit together. It says nothing about safety.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from assessments import probes
from assessments.contracts import (
    Control,
    InstrumentCard,
    Measurement,
    OutputFile,
    ParamsBase,
    Progress,
    Reading,
    Refused,
    RequirementClaim,
    StepOutput,
    StepSpec,
    Threshold,
)
from assessments.methods.parts import circuit_figures, ioi
from assessments.methods.parts.controls import environment, noop_control, twin_seed
from assessments.methods.parts.induction import Losses, Repeated, copy_losses, induction_scores, make_repeated, top_head
from assessments.methods.parts.meter import Meter
from assessments.methods.parts.outputs import finite, measurement, write_table
from assessments.parameters import params_parse
from assessments.statistics import Array, Interval, bootstrap_mean, generator, permutation_p, wilson
from assessments.subject import Subject, Tick

COMPONENTS = ("attention", "MLP")
FEWEST = 10
"""Fewer scored prompts than this are too few to conclude anything."""


@dataclass(frozen=True)
class Params(ParamsBase):
    """``prompts``: name prompts; ``sequences`` of ``half`` random tokens shown twice; ``patch_prompts`` for the component map."""

    prompts: int = 50
    sequences: int = 8
    half: int = 50
    patch_prompts: int = 6
    bootstrap: int = 2000

    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {
        "prompts": (10, 500),
        "sequences": (2, 64),
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
    thresholds=(Threshold("ioi_logit_diff", "beyond_null"), Threshold("ioi_accuracy", ">=", 0.9), Threshold("induction_loss_drop", "beyond_null")),
    minutes=1.5,
)


@dataclass(frozen=True)
class Arm:
    """What one set of weights gives: per-prompt logit differences, losses of both copies, score per head."""

    clean: Array
    losses: Losses
    heads: Array


@dataclass(frozen=True)
class Task:
    """Everything shown to the model and to its random twin."""

    prompts: Sequence[ioi.Prompt]
    scored: Sequence[ioi.Scored]
    repeated: Repeated
    draws: int
    seed: int

    @property
    def families(self) -> list[str]:
        """Template family of each scored prompt: the clusters of the intervals."""
        return [row.prompt.family for row in self.scored]

    @property
    def tokens(self) -> int:
        """Tokens of one pass over all scored prompts."""
        return sum(len(row.tokens) for row in self.scored)


@dataclass(frozen=True)
class Results:
    """All that was measured, before it is put into words."""

    model: Arm
    twin: Arm
    corrupted: Array
    patched: Array
    logit_diff: Interval
    twin_diff: Interval
    drop: Interval
    twin_drop: Interval
    null: Array
    noop: Control

    @property
    def reading(self) -> Reading:
        """Observed when both known behaviours are there and beyond the twin, null when neither is, inconclusive otherwise."""
        if not self.noop.passed:
            return Reading.INCONCLUSIVE
        names = self.logit_diff.low > max(0.0, self.twin_diff.high)
        copying = self.drop.low > max(0.0, self.twin_drop.high)
        if names and copying:
            return Reading.OBSERVED
        return Reading.INCONCLUSIVE if names or copying else Reading.NULL


class KnownCircuits:
    """Registry entry."""

    card = CARD
    Params: type[ParamsBase] = Params

    def run(self, spec: StepSpec, subject: Subject, workdir: Path, progress: Progress) -> StepOutput:
        """IOI, induction and component patching on the model, the first two also on its random-weight twin."""
        params = params_parse(Params, spec.params)
        task = _task(spec, params, subject)
        meter = Meter(progress, _stages(task, subject, params))
        results = _measure(spec, task, params, subject, meter)
        return StepOutput(
            reading=results.reading,
            **_words(results),
            primary="ioi_logit_diff",
            measurements=_measurements(results, task),
            controls=_controls(results, task),
            figures=circuit_figures.figures(results.patched, results.model.losses, results.twin.losses, task.repeated.start),
            files=_files(workdir, results, task),
            counts=_counts(task, params),
            environment=environment(spec, subject),
            tokens=meter.tokens,
        )


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
        drop=_over_sequences(model.losses.drop, task),
        twin_drop=_over_sequences(twin.losses.drop, task),
        null=_sign_flips(model.clean, task),
        noop=noop,
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


def _over_sequences(values: Array, task: Task) -> Interval:
    return bootstrap_mean(values, [str(index) for index in range(len(values))], task.draws, task.seed)


def _sign_flips(values: Array, task: Task) -> Array:
    # Which of the two names is right was drawn at random per prompt, so a model blind to the roles is as often wrong as right.
    signs = generator(task.seed, "sign flips").choice([-1.0, 1.0], size=(task.draws, len(values)))
    return np.asarray((signs * values).mean(axis=1))


def _measurements(r: Results, task: Task) -> tuple[Measurement, ...]:
    count, sequences = len(task.scored), len(task.repeated.items)
    hits = int((r.model.clean > 0).sum())
    layer, head = top_head(r.model.heads)
    effects = r.patched.mean(axis=2)
    block, part = np.unravel_index(int(np.abs(effects).argmax()), effects.shape)
    low, high = np.quantile(r.null, [0.025, 0.975])
    corrupted = bootstrap_mean(r.corrupted, task.families, task.draws, task.seed)
    nats = {"unit": "nats"}
    return (
        measurement(
            "ioi_logit_diff",
            "Right name over repeated name",
            r.logit_diff,
            count,
            "ioi-logit-difference/1",
            role="primary",
            null_low=low,
            null_high=high,
            p_value=permutation_p(r.logit_diff.value, r.null),
            **nats,
        ),
        measurement("ioi_accuracy", "Prompts where the right name wins", wilson(hits, count), count, "share-wilson/1", unit="share"),
        measurement("ioi_corrupted", "The same with the repeated name removed", corrupted, count, "ioi-logit-difference/1", role="control", **nats),
        measurement("ioi_twin", "Right name over repeated name, random weights", r.twin_diff, count, "ioi-logit-difference/1", role="control", **nats),
        measurement("loss_first", "Loss on random tokens, first time", _over_sequences(r.model.losses.first, task), sequences, "cross-entropy/1", **nats),
        measurement("loss_second", "Loss on the same tokens, second time", _over_sequences(r.model.losses.second, task), sequences, "cross-entropy/1", **nats),
        measurement(
            "induction_loss_drop",
            "Fall in loss on repetition",
            r.drop,
            sequences,
            "induction-loss-drop/1",
            null_low=r.twin_drop.low,
            null_high=r.twin_drop.high,
            **nats,
        ),
        measurement(
            "induction_top_head", f"Strongest induction head (L{layer}H{head})", r.model.heads.max(), sequences, "induction-attention/1", unit="attention"
        ),
        measurement(
            "induction_top_twin", "Strongest head, random weights", r.twin.heads.max(), sequences, "induction-attention/1", unit="attention", role="control"
        ),
        measurement(
            "patching_largest",
            f"Largest single component (L{block} {COMPONENTS[part]})",
            effects[block, part],
            r.patched.shape[2],
            "activation-patching/1",
            **nats,
        ),
    )


def _controls(r: Results, task: Task) -> tuple[Control, ...]:
    corrupted, clean, twin = float(r.corrupted.mean()), r.logit_diff.value, r.twin_diff
    quiet = abs(corrupted) <= 0.25 * abs(clean)
    apart = r.logit_diff.low > twin.high and r.drop.low > r.twin_drop.high
    return (
        r.noop,
        Control("corrupted_prompts", len(r.corrupted), quiet, f"With a third name in place of the repeated one: {corrupted:+.2f} nats against {clean:+.2f}."),
        Control(
            "random_weight_twin",
            len(task.scored),
            apart,
            f"Same architecture, random weights: {twin.value:+.2f} nats, loss drop {r.twin_drop.value:+.2f} nats.",
        ),
        Control("sign_flips", len(r.null), None, "Null of the logit difference: right and wrong name exchanged at random in each prompt."),
    )


def _files(workdir: Path, r: Results, task: Task) -> tuple[OutputFile, ...]:
    place = {row.prompt.id: index for index, row in enumerate(task.scored)}
    items = [_item(prompt, place.get(prompt.id), r) for prompt in task.prompts]
    heads = [
        {"layer": layer, "head": head, "induction": finite("induction score", score), "induction_twin": finite("induction score", r.twin.heads[layer, head])}
        for (layer, head), score in np.ndenumerate(r.model.heads)
    ]
    effects = [
        {"layer": layer, "component": COMPONENTS[part], "prompt": index, "effect_nats": finite("patching effect", value)}
        for (layer, part, index), value in np.ndenumerate(r.patched)
    ]
    return (
        write_table(workdir, "items", items, "Every name prompt with its logit differences"),
        write_table(workdir, "heads", heads, "Induction score of every attention head", kind="table"),
        write_table(workdir, "patching", effects, "Effect of every replaced block output on every prompt", kind="table"),
    )


def _item(prompt: ioi.Prompt, place: int | None, r: Results) -> dict[str, Any]:
    values = {"logit_diff": r.model.clean, "logit_diff_corrupted": r.corrupted, "logit_diff_twin": r.twin.clean}
    scores = {name: None if place is None else float(column[place]) for name, column in values.items()}
    text = {"text": prompt.text, "corrupted": prompt.corrupted, "right": prompt.right, "wrong": prompt.wrong}
    return {"id": prompt.id, "family": prompt.family, **text, "scored": place is not None, **scores}


def _counts(task: Task, params: Params) -> dict[str, int]:
    scored = len(task.scored)
    return {"items": len(task.prompts), "scored": scored, "unscored": len(task.prompts) - scored, "errored": 0, "sequences": params.sequences}


def _words(r: Results) -> dict[str, str]:
    head = {
        Reading.OBSERVED: "The known circuits are there",
        Reading.NULL: "No known circuit was found",
        Reading.INCONCLUSIVE: "The known circuits were found only in part",
        Reading.NOT_APPLICABLE: "",
        Reading.CAUSAL: "",
    }[r.reading]
    layer, head_index = top_head(r.model.heads)
    summary = (
        f"The right name is ahead of the repeated name by {r.logit_diff.value:.2f} nats ({r.logit_diff.low:.2f} to {r.logit_diff.high:.2f}); "
        f"with random weights by {r.twin_diff.value:+.2f}. Shown a random sequence again, the model predicts it {r.drop.value:.2f} nats per token better "
        f"(random weights {r.twin_drop.value:+.2f}). The head that attends most like a copying head is L{layer}H{head_index} ({r.model.heads.max():.2f})."
    )
    return {"headline": head, "summary": summary, "does_not_show": DOES_NOT_SHOW, "not_examined": NOT_EXAMINED}


DOES_NOT_SHOW = (
    "that these components are the whole circuit, that they matter for any other behaviour, or anything about the safety of the model. "
    "A component map from replacing one block at a time misses components that stand in for one another."
)
NOT_EXAMINED = "Single heads and edges between components, other languages, prompts longer than one sentence, sequences of ordinary text."
