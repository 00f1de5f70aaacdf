"""Adding a direction at several strengths and reading the behaviour: the designed direction, its nulls, and what it costs elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assessments.methods.parts.behaviours import Material, Prompts
from assessments.probes import Item
from assessments.statistics import Array, Interval, bootstrap_mean, slope
from assessments.subject import Edit, Floats, Subject, Tick

SHARES = (-1.0, -2 / 3, -1 / 3, 0.0, 1 / 3, 2 / 3, 1.0)
"""The seven doses of the curve, in shares of the working coefficient."""


@dataclass(frozen=True)
class Design:
    """A direction chosen on exploration. ``unit[d_model]``; ``coefficient`` and ``length`` (of the difference of means) in residual norms of ``norm``."""

    layer: int
    unit: Floats
    norm: float
    length: float
    coefficient: float
    tried: tuple[tuple[float, float, float], ...]
    affordable: bool

    def vectors(self, units: Array, coefficients: Sequence[float]) -> Floats:
        """``[units × coefficients, d_model]``: every unit vector at every coefficient, coefficients varying fastest."""
        lengths = np.asarray(coefficients) * self.norm
        return np.asarray((units[:, None, :] * lengths[None, :, None]).reshape(-1, units.shape[1]), dtype=np.float32)


def respond(subject: Subject, material: Material, prompts: Prompts, design: Design, units: Array, coefficients: Sequence[float], tick: Tick) -> Array:
    """``[units, coefficients, prompts]``: the read-out in nats with every unit vector added at every coefficient."""
    vectors = design.vectors(units, coefficients)
    scores = material.score(subject.steered_log_probs(prompts.tokens, design.layer, vectors, material.token_ids, tick))
    return scores.reshape(len(units), len(coefficients), len(prompts.items))


def end_slopes(responses: Array, coefficient: float) -> Array:
    """``[..., prompts]``: slope in nats per residual norm from ``responses[..., 2, prompts]`` at minus and plus ``coefficient``."""
    return slope([-coefficient, coefficient], np.swapaxes(responses, -1, -2))


def cost(subject: Subject, design_vector: Floats, layer: int, texts: Sequence[Item], base: Sequence[Floats], tick: Tick) -> Array:
    """Rise of the mean next-token loss of each text in nats when ``design_vector`` is added at ``layer``."""
    return rise(subject, Edit("add", layer, design_vector), texts, base, tick)


def rise(subject: Subject, edit: Edit, texts: Sequence[Item], base: Sequence[Floats], tick: Tick) -> Array:
    """Rise of the mean next-token loss of each text in nats under ``edit``; ``base`` are the losses without it."""
    changed = subject.cross_entropy([subject.encode(item.text) for item in texts], tick, edit)
    return np.array([float(after.mean()) - float(before.mean()) for after, before in zip(changed, base, strict=True)])


def worst_cost(up: Array, down: Array, texts: Sequence[Item], draws: int, seed: int) -> Interval:
    """The dearer of the two signs, with its 95 % interval over text families."""
    families = [item.family for item in texts]
    return max((bootstrap_mean(values, families, draws, seed) for values in (up, down)), key=lambda found: found.high)
