"""Everything a fitting run does to a model, in the order in which it is done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assessments import probes
from assessments.autoencoders import Autoencoder, AutoencoderFit
from assessments.contracts import Control, Refused
from assessments.methods.parts.controls import noop_control, random_directions
from assessments.methods.parts.sae_quality import Losses, Rendering, principal_components, random_features, render, shuffled, splice_losses
from assessments.methods.parts.sae_synthetic import Recovery, recovery
from assessments.methods.parts.sae_text import Chunks, chunks, held_out
from assessments.statistics import generator
from assessments.subject import Activations, Floats, Subject, Tick, Tokens

Stage = Callable[[str, int], Tick]
SPREAD = 0.08
"""Largest share of the held-out sequences that one module may give, so that intervals rest on a dozen packages or more."""
SOURCE = "documentation strings of the Python standard library"


@dataclass(frozen=True)
class Plan:
    """The settings of one run; ``small`` is the share of tokens and of features in the fits that are compared with their nulls."""

    layer: int
    fit: AutoencoderFit
    tokens: int
    context: int
    held_out_tokens: int
    loss_texts: int
    small: float
    synthetic_rows: int
    fast: bool
    draws: int
    seed: int

    @property
    def small_fit(self) -> AutoencoderFit:
        """The fit at reduced size."""
        f = self.fit
        return AutoencoderFit(max(f.k + 1, round(self.small * f.width)), f.k, f.passes, f.seed, f.batch, f.rate)

    @property
    def small_tokens(self) -> int:
        """Tokens of the fit at reduced size."""
        return max(2 * self.context, round(self.small * self.tokens))


@dataclass(frozen=True)
class Material:
    """Texts to fit on, texts of other packages to judge on, and neutral paragraphs cut to one length."""

    train: Chunks
    held: Chunks
    neutral: list[Tokens]
    neutral_families: list[str]


@dataclass(frozen=True)
class Small:
    """Explained variance at reduced size: of the model, of its activations shuffled per dimension, and of random weights."""

    own: float
    shuffled: float
    twin: float
    twin_losses: Losses


@dataclass(frozen=True)
class Nulls:
    """Explained variance without fitting: random features, and principal components as many as features may be active."""

    random: float
    components: float


@dataclass(frozen=True)
class Measured:
    """All of it."""

    material: Material
    checks: tuple[Control, Control]
    train: Activations
    held: Activations
    autoencoder: Autoencoder
    rendering: Rendering
    small: Small
    nulls: Nulls
    synthetic: Recovery
    losses: Losses
    neutral: Losses


def prepare(subject: Subject, plan: Plan, digests: Mapping[str, str]) -> Material:
    """Read the texts; ``Refused`` where the held-out packages give sequences of one package only."""
    fit_on, judge_on = held_out(plan.seed)
    train = chunks(subject, fit_on, plan.tokens, plan.context)
    held = chunks(subject, judge_on, plan.held_out_tokens, plan.context, train.strings, SPREAD)
    if len(train.tokens) < 2 or len(set(held.families)) < 2:
        raise Refused("the fitting text gives too few sequences: use a smaller context or more tokens")
    items = probes.sealed(digests, "neutral_text").items
    encoded = [subject.encode(item.text) for item in items]
    length = min(plan.context, *map(len, encoded))
    return Material(train, held, [tokens[:length] for tokens in encoded], [item.family for item in items])


def measure(subject: Subject, twin_seed: int, plan: Plan, material: Material, stage: Stage) -> Measured:
    """Fit, judge on held-out packages, fit the nulls alike, splice the features in, repeat on random weights."""
    train, held = harvest(subject, plan, material, stage)
    few = [row[:16] for row in material.held.tokens[:4]]
    checks = (noop_control(subject, few, stage("idle-hook check", 100)), identity_control(subject, few, plan.layer, held.limit, stage("idle splice", 100)))
    autoencoder = subject.fit_autoencoder(train.values, plan.fit, stage("fitting the features", plan.fit.passes * len(train.values)))
    nulls = Nulls(
        random_features(held.values, _mean(train), random_directions(plan.fit.width, subject.facts.d_model, plan.seed).astype(np.float32), plan.fit.k),
        principal_components(train.values, held.values, min(plan.fit.k, subject.facts.d_model - 1)),
    )
    own, mixed = small_fits(subject, plan, train, held, stage)
    synthetic = recovery(subject, plan.synthetic_rows, plan.seed, stage("planted features", 12 * plan.synthetic_rows))
    texts, families = _judged(material, plan)
    tick = stage("loss with features in place", 4 * sum(map(len, [*texts, *material.neutral])))
    losses = splice_losses(subject, texts, families, plan.layer, autoencoder, _mean(train), held.limit, tick)
    neutral = splice_losses(subject, material.neutral, material.neutral_families, plan.layer, autoencoder, _mean(train), held.limit, tick)
    twin, twin_losses = twin_fit(subject.random_twin(twin_seed), plan, material, stage)
    small = Small(own, mixed, twin, twin_losses)
    return Measured(material, checks, train, held, autoencoder, render(autoencoder, held.values), small, nulls, synthetic, losses, neutral)


def harvest(subject: Subject, plan: Plan, material: Material, stage: Stage) -> tuple[Activations, Activations]:
    """Activations to fit on and, in fp32 and by the same limit on their length, activations to judge on."""
    tick = stage("reading activations", sum(map(len, [*material.train.tokens, *material.held.tokens])))
    train = subject.activations(material.train.tokens, plan.layer, tick, fast=plan.fast)
    return train, subject.activations(material.held.tokens, plan.layer, tick, limit=train.limit)


def identity_control(subject: Subject, items: Sequence[Tokens], layer: int, limit: float, tick: Tick) -> Control:
    """Taking the activations out and putting the same ones back: equal bit for bit."""
    plain, same = subject.cross_entropy(items, tick), subject.spliced_cross_entropy(items, layer, lambda rows: rows, limit, tick)
    passed = all(np.array_equal(one, other) for one, other in zip(plain, same, strict=True))
    good = "Activations taken out and put back unchanged leave every loss bit-identical."
    bad = "Putting unchanged activations back changes the loss: nothing here can be trusted."
    return Control("identity_splice", len(items), passed, good if passed else bad)


def small_fits(subject: Subject, plan: Plan, train: Activations, held: Activations, stage: Stage) -> tuple[float, float]:
    """Explained variance at reduced size, of the activations and of the same shuffled per dimension."""
    rows = train.values[: plan.small_tokens]
    tick = stage("fitting the nulls", 2 * plan.fit.passes * len(rows))
    own = render(subject.fit_autoencoder(rows, plan.small_fit, tick), held.values).explained
    chance = generator(plan.seed, "shuffled activations")
    mixed, judged = shuffled(rows, chance), shuffled(held.values, chance)
    return own, render(subject.fit_autoencoder(mixed, plan.small_fit, tick), judged).explained


def twin_fit(twin: Subject, plan: Plan, material: Material, stage: Stage) -> tuple[float, Losses]:
    """The reduced fit on random weights, and what its features restore there."""
    few = material.train.tokens[: -(-plan.small_tokens // plan.context)]
    texts, families = _judged(material, plan)
    size = sum(map(len, [*few, *material.held.tokens])) + plan.fit.passes * plan.small_tokens + 4 * sum(map(len, texts))
    tick = stage("random-weight twin", size)
    train = twin.activations(few, plan.layer, tick, fast=plan.fast)
    held = twin.activations(material.held.tokens, plan.layer, tick, limit=train.limit)
    fitted = twin.fit_autoencoder(train.values[: plan.small_tokens], plan.small_fit, tick)
    return render(fitted, held.values).explained, splice_losses(twin, texts, families, plan.layer, fitted, _mean(train), held.limit, tick)


def stages(plan: Plan, material: Material, subject: Subject) -> dict[str, float]:
    """Shares of the work in passes of one token through the whole model."""
    read, judged = (sum(map(len, rows)) for rows in (material.train.tokens, material.held.tokens))
    depth = (plan.layer + 1) / subject.facts.n_layers
    texts = sum(map(len, [*_judged(material, plan)[0], *material.neutral]))
    learn = 0.03 * plan.fit.passes
    return {
        "reading activations": (0.5 * read + judged) * depth,
        "idle-hook check": 128,
        "idle splice": 128,
        "fitting the features": learn * read,
        "fitting the nulls": 2 * learn * plan.small_tokens * plan.small,
        "planted features": 0.1 * plan.synthetic_rows,
        "loss with features in place": 4 * texts,
        "random-weight twin": (0.5 * plan.small_tokens + judged) * depth + 4 * texts,
    }


def fitting_text(m: Material) -> Mapping[str, Any]:
    """What was read, for the attestation."""
    return {
        "source": SOURCE,
        "documents": m.train.documents,
        "digest": m.train.digest,
        "held_out_documents": m.held.documents,
        "held_out_digest": m.held.digest,
        "held_out_packages": sorted(set(m.held.families)),
    }


def _judged(material: Material, plan: Plan) -> tuple[list[Tokens], list[str]]:
    """Sequences whose loss is measured, taken evenly from the held-out ones so that many packages are among them."""
    count = min(plan.loss_texts, len(material.held.tokens))
    places = np.linspace(0, len(material.held.tokens) - 1, count).round().astype(int)
    return [material.held.tokens[place] for place in places], [material.held.families[place] for place in places]


def _mean(found: Activations) -> Floats:
    return np.asarray(found.values.mean(axis=0, dtype=np.float64), dtype=np.float32)
