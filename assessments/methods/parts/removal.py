"""Taking a direction out of every block: which one, what is left of the behaviour where the model shows it, and what that costs elsewhere.

After Arditi et al. 2024, arXiv:2406.11717: differences of means at several depths, each taken out of the output of every block. The one that
lowers the behaviour most on exploration prompts without harm to neutral text is judged once, on prompts of other families.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assessments.methods.parts.behaviours import Material, Prompts, design_residuals, spread
from assessments.methods.parts.controls import random_directions
from assessments.methods.parts.doses import rise
from assessments.methods.parts.fits import difference_of_means
from assessments.methods.parts.steering import Chosen, Plan, positives
from assessments.probes import Item
from assessments.statistics import Array, bootstrap_mean, permutation_p
from assessments.subject import Edit, Floats, Subject, Tick

DEPTHS = (0.2, 0.8)
"""Between which shares of the depth directions are tried: later ones write the answer itself (Arditi et al. leave out the last fifth too)."""
TRIED, LEVELS = 7, 16
"""Depths at which a direction is tried, and texts without the behaviour whose mean says what is left in its place."""


@dataclass(frozen=True)
class Candidate:
    """The direction designed at ``layer``: mean change of the exploration read-out without it in nats, and the rise of the loss on neutral
    text with the upper end of its interval."""

    layer: int
    change: float
    cost: float
    upper: float


@dataclass(frozen=True)
class Removal:
    """What removing did on ``prompts``: ``untouched`` and ``change [prompts]`` in nats, ``chance [k]`` mean changes of the null.

    ``edit`` takes out the direction designed at ``layer``, ``tried`` what it was chosen from, ``rises`` the rise of the loss on each of ``texts``. A feature is
    taken out at its own layer, where it fires: there ``edit`` is None, and nothing was tried or priced.
    """

    prompts: Prompts
    untouched: Array
    change: Array
    chance: Array
    layer: int
    edit: Edit | None = None
    tried: tuple[Candidate, ...] = ()
    affordable: bool = True
    texts: Sequence[Item] = ()
    rises: Sequence[float] = ()

    @cached_property
    def p_value(self) -> float:
        """Two-sided, against what random directions, or features that are active as often, change."""
        return permutation_p(float(self.change.mean()), self.chance, "two-sided")

    @property
    def band(self) -> float:
        """The largest change of the null."""
        return float(np.abs(self.chance).max())


def depths(n_layers: int, steered: int) -> tuple[int, ...]:
    """Layers at which a direction is designed and tried, the steered one among them."""
    spaced = np.linspace(DEPTHS[0] * (n_layers - 1), DEPTHS[1] * (n_layers - 1), TRIED)
    return tuple(sorted({steered, *(round(float(place)) for place in spaced)}))


def by_direction(subject: Subject, material: Material, chosen: Chosen, plan: Plan, tick: Tick) -> Removal:
    """Choose on exploration, then remove once on the confirmation prompts, beside random directions."""
    without = out_of(subject, material, plan, tick)
    tried = _tried(subject, material, [without(unit) for unit in chosen.candidates.astype(np.float32)], plan, tick)
    place, affordable = cheapest_best(tried, plan.margin)
    unit = chosen.candidates[place].astype(np.float32)
    untouched = _read(subject, material, material.shown, None, tick)
    null = random_directions(plan.ablations, subject.facts.d_model, plan.seed, "ablated directions").astype(np.float32)
    change, *chance = (_read(subject, material, material.shown, without(row), tick) - untouched for row in (unit, *null))
    texts = spread(material.cost.confirmation, plan.cost_texts)
    rises = _rises(subject, texts, [without(unit)], tick)[0]
    means = np.array([row.mean() for row in chance])
    return Removal(material.shown, untouched, change, means, tried[place].layer, without(unit), tried, affordable, texts, tuple(float(row) for row in rises))


def cheapest_best(tried: Sequence[Candidate], margin: float) -> tuple[int, bool]:
    """The place of the candidate that lowers the behaviour most within ``margin``, or else of the cheapest; and whether one stayed within."""
    within = [place for place, row in enumerate(tried) if row.upper <= margin]
    if within:
        return min(within, key=lambda place: tried[place].change), True
    return min(range(len(tried)), key=lambda place: tried[place].upper), False


def out_of(subject: Subject, material: Material, plan: Plan, tick: Tick) -> Callable[[Floats], Edit]:
    """What takes a unit vector out of every block: what stands along it becomes what stands there on texts without the behaviour.

    Not nothing: a model's residuals lie away from the origin, and to take their mean away too breaks more than the behaviour (Marshall et al. 2024,
    arXiv:2411.09003).
    """
    other = [item for item in material.design.exploration if item.label == material.behaviour.negative]
    texts = [material.behaviour.encode(subject, item.text) for item in spread(other, LEVELS)]
    texts += [subject.encode(item.text) for item in spread(material.cost.exploration, plan.cost_texts // 2)]
    means = subject.residual_means(texts, tick)
    return lambda unit: Edit("ablate", 0, unit, means @ unit)


def _tried(subject: Subject, material: Material, edits: Sequence[Edit], plan: Plan, tick: Tick) -> tuple[Candidate, ...]:
    texts = spread(material.cost.exploration, plan.cost_texts // 2)
    base = _read(subject, material, material.shown_exploration, None, tick)
    changes = [float((_read(subject, material, material.shown_exploration, edit, tick) - base).mean()) for edit in edits]
    families = [item.family for item in texts]
    costs = [bootstrap_mean(row, families, plan.draws, plan.seed) for row in _rises(subject, texts, edits, tick)]
    rows = zip(plan.depths, changes, costs, strict=True)
    return tuple(Candidate(layer, change, cost.value, cost.high) for layer, change, cost in rows)


def on_twin(twin: Subject, material: Material, plan: Plan, layer: int, tick: Tick) -> Array:
    """The same on random weights: their own direction at ``layer`` taken out of every block; change ``[prompts]``."""
    items = material.design.exploration
    raw = difference_of_means(design_residuals(twin, material.behaviour, items, [layer], tick)[:, 0], positives(material, items))
    unit = (raw / np.linalg.norm(raw)).astype(np.float32)
    edit = out_of(twin, material, plan, tick)(unit)
    return _read(twin, material, material.shown, edit, tick) - _read(twin, material, material.shown, None, tick)


def _read(subject: Subject, material: Material, prompts: Prompts, edit: Edit | None, tick: Tick) -> Array:
    return material.score(subject.log_probs(prompts.tokens, material.token_ids, tick, edit))


def _rises(subject: Subject, texts: Sequence[Item], edits: Sequence[Edit], tick: Tick) -> list[Array]:
    base = subject.cross_entropy([subject.encode(item.text) for item in texts], tick)
    return [rise(subject, edit, texts, base, tick) for edit in edits]
