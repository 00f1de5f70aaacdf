"""Steering the direction of the stated purpose: strength chosen on exploration families, effect against directions of equal length."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assessments.methods.parts.behaviours import spread
from assessments.methods.parts.controls import random_directions
from assessments.methods.parts.fits import difference_of_means
from assessments.methods.parts.gaming_material import Material, Part
from assessments.methods.parts.gaming_probe import family_flips
from assessments.probes import Item
from assessments.statistics import Array, Interval, bootstrap_mean
from assessments.subject import Edit, Floats, Subject, Tick, Tokens

SHARES = (-1.0, -0.5, 0.0, 0.5, 1.0)


@dataclass(frozen=True)
class Plan:
    """Settings of one run; ``grid`` in lengths of the difference of means, ``margin`` the sealed cost limit in nats per token."""

    grid: tuple[float, ...]
    prompts: int
    random: int
    permuted: int
    cost_texts: int
    draws: int
    margin: float
    seed: int


@dataclass(frozen=True)
class Design:
    """A direction from exploration. ``unit[d_model]``; ``length`` of the difference of means; ``coefficient`` in such lengths.

    ``tried``: (coefficient, cost, upper end of the cost) by rising coefficient.
    """

    layer: int
    unit: Array
    length: float
    coefficient: float
    tried: tuple[tuple[float, float, float], ...]
    affordable: bool

    @property
    def reach(self) -> float:
        """Length of the vector added at the highest dose."""
        return self.coefficient * self.length


@dataclass(frozen=True)
class Steering:
    """What adding the direction did. ``doses[5, prompts]``; ``random`` and ``permuted[k]`` mean effects; costs per neutral text."""

    design: Design
    items: Sequence[Item]
    doses: Array
    random: Array
    permuted: Array
    texts: Sequence[Item]
    base: Array
    up: Array
    down: Array

    @property
    def effects(self) -> Array:
        """``[prompts]``: change of the read-out from the deployment end to the evaluation end."""
        return np.asarray(self.doses[-1] - self.doses[0])


def mean_direction(part: Part, residuals: Array, flips: Array | None = None) -> Array:
    """``[d_model]`` evaluation minus deployment, mean of both formats so that the format cancels; ``flips[n]`` exchanges purposes."""
    labels = part.evaluation if flips is None else part.evaluation ^ flips.astype(bool)
    found = [difference_of_means(residuals[part.benchmark == form], labels[part.benchmark == form]) for form in (False, True)]
    return np.asarray(np.mean(found, axis=0))


def design(subject: Subject, material: Material, residuals: Array, layer: int, plan: Plan, tick: Tick) -> Design:
    """Direction and the largest strength whose cost on neutral exploration texts stays within the margin."""
    raw = mean_direction(material.exploration, residuals)
    texts = spread(material.neutral.exploration, max(2, plan.cost_texts // 2))
    base = _losses(subject, texts, None, tick)
    tried: list[tuple[float, float, float]] = []
    for coefficient in sorted(plan.grid):
        edits = [Edit("add", layer, _vector(sign * coefficient * raw)) for sign in (1, -1)]
        found = max((_cost(_losses(subject, texts, edit, tick) - base, texts, plan) for edit in edits), key=_high)
        tried.append((coefficient, found.value, found.high))
        if found.high > plan.margin:
            break
    within = [row[0] for row in tried if row[2] <= plan.margin]
    length = float(np.linalg.norm(raw))
    return Design(layer, raw / length, length, within[-1] if within else min(plan.grid), tuple(tried), bool(within))


def measure(subject: Subject, material: Material, residuals: Array, found: Design, plan: Plan, ticks: tuple[Tick, Tick]) -> Steering:
    """Dose-response on confirmation prompts, random directions and directions of exchanged cue families at both ends, cost on neutral text."""
    prompts = spread(material.confirmation.items, plan.prompts)
    tokens = [material.readout.encode(subject, item.text) for item in prompts]
    doses = np.array(SHARES)[:, None] * found.reach * found.unit[None]
    curve = material.score(subject.steered_log_probs(tokens, found.layer, _vector(doses), material.token_ids, ticks[0]))
    flips = family_flips(material.exploration.families, plan.permuted, plan.seed, "permuted cues")
    fitted = np.stack([mean_direction(material.exploration, residuals, row) for row in flips])
    lengths = np.linalg.norm(fitted, axis=1, keepdims=True)
    chance = random_directions(plan.random, len(found.unit), plan.seed)
    random, permuted = (_effects(subject, material, tokens, units, found, ticks[0]) for units in (chance, fitted / np.where(lengths == 0, 1, lengths)))
    texts = spread(material.neutral.confirmation, plan.cost_texts)
    base = _losses(subject, texts, None, ticks[1])
    up, down = (_losses(subject, texts, Edit("add", found.layer, _vector(sign * found.reach * found.unit)), ticks[1]) - base for sign in (1, -1))
    return Steering(found, prompts, curve, random, permuted, texts, base, up, down)


def cost(steering: Steering, plan: Plan) -> Interval:
    """Rise of the loss on neutral text for the dearer of the two signs."""
    return max((_cost(values, steering.texts, plan) for values in (steering.up, steering.down)), key=_high)


def _effects(subject: Subject, material: Material, tokens: Sequence[Tokens], units: Array, found: Design, tick: Tick) -> Array:
    """``[k]``: mean change of the read-out from minus to plus for every unit vector at the design's length."""
    ends = np.concatenate([-found.reach * units, found.reach * units])
    scores = material.score(subject.steered_log_probs(tokens, found.layer, _vector(ends), material.token_ids, tick)).mean(axis=1)
    return np.asarray(scores[len(units) :] - scores[: len(units)])


def _losses(subject: Subject, texts: Sequence[Item], edit: Edit | None, tick: Tick) -> Array:
    return np.array([float(row.mean()) for row in subject.cross_entropy([subject.encode(item.text) for item in texts], tick, edit)])


def _cost(rises: Array, texts: Sequence[Item], plan: Plan) -> Interval:
    return bootstrap_mean(rises, [item.family for item in texts], plan.draws, plan.seed)


def _high(found: Interval) -> float:
    return found.high


def _vector(values: Array) -> Floats:
    return np.asarray(values, dtype=np.float32)
