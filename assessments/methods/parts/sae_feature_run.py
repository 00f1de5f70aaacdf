"""Everything a search for features does to a model, in the order in which it is done: quality first, then tracking, then effects."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from assessments.autoencoders import Autoencoder, AutoencoderFit
from assessments.contracts import Control, Refused
from assessments.methods.parts.controls import noop_control
from assessments.methods.parts.sae_axis import AxisTexts
from assessments.methods.parts.sae_effects import Dose, Effects, effects
from assessments.methods.parts.sae_fitting import SPREAD, identity_control
from assessments.methods.parts.sae_quality import MEANINGFUL, Losses, Rendering, render, splice_losses
from assessments.methods.parts.sae_sources import Card, contradictions
from assessments.methods.parts.sae_text import Chunks, chunks, held_out
from assessments.methods.parts.sae_tracking import Codes, Tracking, Where, pooled, track
from assessments.subject import Activations, Subject, Tick, Tokens

Stage = Callable[[str, int], Tick]
Text = Literal["documentation", "axis"]


@dataclass(frozen=True)
class Floors:
    """Sealed limits below which a dictionary is not read: explained variance, and loss recovered against the mean."""

    explained: float
    recovered: float


@dataclass(frozen=True)
class Plan:
    """The settings of one run. ``given`` is the supplied autoencoder, None where one is fitted; ``fit`` holds for that and for random weights."""

    layer: int
    given: Autoencoder | None
    name: str
    card: Card
    fit: AutoencoderFit
    text: Text
    tokens: int
    context: int
    held_out_tokens: int
    loss_texts: int
    where: Where
    features: int
    permutations: int
    dose: Dose
    floors: Floors
    draws: int
    seed: int


@dataclass(frozen=True)
class Quality:
    """How well the dictionary renders held-out text, and the texts of the axis themselves (labels unused)."""

    held: Activations
    families: list[str]
    rendering: Rendering
    axis: Rendering
    losses: Losses

    @property
    def recovered(self) -> float | None:
        """Loss recovered against the mean, None where the mean costs less than ``MEANINGFUL`` per token."""
        return self._recovered(self.losses.mean)

    @property
    def recovered_zero(self) -> float | None:
        """Loss recovered against zero."""
        return self._recovered(self.losses.zero)

    @property
    def dead_share(self) -> float:
        """Share of features that never fire on the held-out text."""
        return float((self.rendering.fired == 0).mean())

    @property
    def active(self) -> float:
        """Mean number of active features (L0)."""
        return float(self.rendering.active.mean())

    def _recovered(self, against: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float | None:
        if float((self.losses.mean - self.losses.clean).mean()) < MEANINGFUL:
            return None
        return float((against - self.losses.spliced).sum() / (against - self.losses.clean).sum())


@dataclass(frozen=True)
class Measured:
    """All of it; ``effects`` is None where the axis has no read-out."""

    axis: AxisTexts
    train: Chunks
    held: Chunks
    checks: tuple[Control, Control]
    autoencoder: Autoencoder
    quality: Quality
    codes: Codes
    tracking: Tracking
    twin_codes: Codes
    twin: Tracking
    effects: Effects | None


def texts(subject: Subject, plan: Plan, axis: AxisTexts) -> tuple[Chunks, Chunks]:
    """Text to fit on and text to judge on: documentation of different packages, or the two sides of the axis without their labels."""
    if plan.text == "axis":
        return axis.explore.chunks(), axis.confirm.chunks()
    fit_on, judge_on = held_out(plan.seed)
    train = chunks(subject, fit_on, plan.tokens, plan.context)
    held = chunks(subject, judge_on, plan.held_out_tokens, plan.context, train.strings, SPREAD)
    if len(train.tokens) < 2 or len(set(held.families)) < 2:
        raise Refused("the fitting text gives too few sequences: use a smaller context or more tokens")
    return train, held


def stages(plan: Plan, axis: AxisTexts, train: Chunks, held: Chunks, subject: Subject) -> dict[str, float]:
    """Shares of the work in passes of one token through the whole model."""
    read, judged = _size(train.tokens), _size(held.tokens)
    depth, own = (plan.layer + 1) / subject.facts.n_layers, float(plan.given is None)
    learn, both = 0.03 * plan.fit.passes * read, axis.explore.size + axis.confirm.size
    prompts = axis.readout.confirm.size if axis.readout else 0
    d = plan.dose
    return {
        "idle hook and splice": 256,
        "the dictionary": own * (0.5 * read * depth + learn) + 1,
        "quality on held-out text": (judged + both) * depth + 4 * _size(_judged(held, plan)[0]),
        "features of the axis": both * depth,
        "random-weight twin": 0.5 * read * depth + learn + both * depth,
        "statistics": both / 10,
        "effects on the read-out": 2 * (plan.features + d.matched + d.random) * prompts * (1 - depth / 2)
        + (plan.features + d.ablated) * prompts
        + plan.features * 2 * 35 * d.cost_texts
        + 1,
    }


def measure(subject: Subject, twin_seed: int, plan: Plan, axis: AxisTexts, train: Chunks, held: Chunks, stage: Stage) -> Measured:
    """Refuse a dictionary that does not render the layer; only then look for features in it."""
    few = [row[:16] for row in axis.explore.tokens[:4]]
    tick = stage("idle hook and splice", 4 * _size(few))
    checks = (noop_control(subject, few, tick), identity_control(subject, few, plan.layer, float("inf"), tick))
    autoencoder = plan.given or _fitted(subject, plan, train, stage("the dictionary", plan.fit.passes * _size(train.tokens)))[0]
    quality = judge(subject, plan, axis, held, autoencoder, stage("quality on held-out text", 5 * _size(held.tokens)))
    refuse_poor(plan, quality)
    tick = stage("features of the axis", axis.explore.size + axis.confirm.size)
    codes = _codes(subject, plan, axis, autoencoder, quality.held.limit, tick)
    tick = stage("random-weight twin", (1 + plan.fit.passes) * _size(train.tokens))
    other = subject.random_twin(twin_seed)
    twin_dictionary, limit = _fitted(other, plan, train, tick)
    twin_codes = _codes(other, plan, axis, twin_dictionary, limit, tick)
    stage("statistics", 1)
    sampling = (plan.features, plan.permutations, plan.seed)
    tracking = track(codes, axis.explore, axis.confirm, *sampling)
    twin = track(twin_codes, axis.explore, axis.confirm, *sampling)
    tick = stage("effects on the read-out", _effect_tokens(plan, axis))
    found = None
    if axis.readout is not None:
        found = effects(subject, autoencoder, tracking, codes.density, axis.readout, plan.layer, quality.held.limit, plan.dose, tick)
    tick(1)
    return Measured(axis, train, held, checks, autoencoder, quality, codes, tracking, twin_codes, twin, found)


def judge(subject: Subject, plan: Plan, axis: AxisTexts, held: Chunks, autoencoder: Autoencoder, tick: Tick) -> Quality:
    """Rendering of held-out text and of the axis's confirmation texts, and the loss with the features in place."""
    rows = subject.activations(held.tokens, plan.layer, tick)
    own = subject.activations(axis.confirm.tokens, plan.layer, tick, limit=rows.limit)
    judged, families = _judged(held, plan)
    # The mean of the judged text itself is the harder one to beat.
    centre = np.asarray(rows.values.mean(axis=0, dtype=np.float64), dtype=np.float32)
    losses = splice_losses(subject, judged, families, plan.layer, autoencoder, centre, rows.limit, tick)
    return Quality(rows, held.families, render(autoencoder, rows.values), render(autoencoder, own.values), losses)


def refuse_poor(plan: Plan, quality: Quality) -> None:
    """``Refused`` where the reconstruction contradicts the card or lies below the sealed floors: what features of such a dictionary do says nothing."""
    found = contradictions(plan.card, quality.rendering.explained, quality.active)
    if found:
        raise Refused(
            f"the autoencoder {plan.name} does not do here what its card says: {'; '.join(found)}. It belongs to another layer, model or scale of "
            "activations; supply the one for this model and layer, with any normalisation folded into its weights"
        )
    if quality.rendering.explained < plan.floors.explained:
        raise Refused(
            f"the features explain {quality.rendering.explained:.2f} of the variance of layer {plan.layer}; at least {plan.floors.explained:g} is asked "
            "for before anything is read from them. Supply a better autoencoder, or fit with more tokens, passes or features"
        )
    if quality.recovered is not None and quality.recovered < plan.floors.recovered:
        raise Refused(
            f"with the features in place of layer {plan.layer} only {quality.recovered:.2f} of the loss is recovered; at least {plan.floors.recovered:g} "
            "is asked for before anything is read from them. Supply a better autoencoder, or fit with more tokens, passes or features"
        )


def _fitted(subject: Subject, plan: Plan, train: Chunks, tick: Tick) -> tuple[Autoencoder, float]:
    rows = subject.activations(train.tokens, plan.layer, tick)
    return subject.fit_autoencoder(rows.values, plan.fit, tick), rows.limit


def _codes(subject: Subject, plan: Plan, axis: AxisTexts, autoencoder: Autoencoder, limit: float, tick: Tick) -> Codes:
    sides = (pooled(subject, autoencoder, part, plan.layer, limit, plan.where, tick) for part in (axis.explore, axis.confirm))
    return Codes(*sides)


def _judged(held: Chunks, plan: Plan) -> tuple[list[Tokens], list[str]]:
    """Sequences whose loss is measured, spread evenly over the held-out ones."""
    places = np.linspace(0, len(held.tokens) - 1, min(plan.loss_texts, len(held.tokens))).round().astype(int)
    return [held.tokens[place] for place in places], [held.families[place] for place in places]


def _effect_tokens(plan: Plan, axis: AxisTexts) -> int:
    if axis.readout is None:
        return 1
    d, prompts = plan.dose, axis.readout.confirm.size
    return (2 * (plan.features + d.matched + d.random) + plan.features + d.ablated) * prompts + plan.features * 70 * d.cost_texts


def _size(rows: list[Tokens]) -> int:
    return sum(map(len, rows))
