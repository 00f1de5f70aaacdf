"""What features do to the read-out of an axis: added along their decoder row, taken out where they fire, against features that fire as often."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from assessments.autoencoders import Autoencoder
from assessments.methods.parts.behaviours import Material, spread
from assessments.methods.parts.controls import random_directions
from assessments.methods.parts.doses import Design, cost, respond, worst_cost
from assessments.methods.parts.sae_tracking import Indices, Tracking
from assessments.statistics import Array, Interval, generator, holm, permutation_p
from assessments.subject import Floats, Replace, Subject, Tick


@dataclass(frozen=True)
class Dose:
    """``strength`` in median residual norms; how many features and directions make the nulls, how many neutral texts price it."""

    strength: float
    matched: int
    ablated: int
    random: int
    cost_texts: int
    draws: int
    seed: int


@dataclass(frozen=True)
class Effects:
    """Changes of the read-out in nats. ``steered``, ``removed [m, prompts]`` are turned so that a rise is what the label would have it.

    ``steered`` goes from the feature subtracted to the feature added. ``matched [r, prompts]``, ``random [k, prompts]`` are raw changes of the nulls,
    ``removed_null [a]`` mean changes when matched features are taken out; ``costs`` per feature, the dearer sign.
    """

    steered: Array
    removed: Array
    matched_features: Indices
    matched: Array
    random: Array
    removed_null: Array
    costs: list[Interval]
    norm: float
    families: Sequence[str]

    @property
    def mean(self) -> Array:
        """``[m]``: mean change of each chosen feature."""
        return np.asarray(self.steered.mean(axis=1))

    @property
    def adjusted(self) -> Array:
        """``[m]``: Holm-adjusted p of each chosen feature, the larger of that against matched features and that against random directions."""
        nulls = [rows.mean(axis=1) for rows in (self.matched, self.random)]
        found = [holm([permutation_p(value, null, "two-sided") for value in self.mean]) for null in nulls]
        return np.maximum(*found)


def matched_features(density: Array, tracking: Tracking, count: int, seed: int) -> Indices:
    """Up to ``count`` candidates that were not chosen, drawn among those whose density is nearest to that of each chosen feature in turn."""
    left = [int(place) for place in tracking.candidates if place not in set(tracking.features.tolist())]
    chance, drawn = generator(seed, "matched features"), list[int]()
    for index, feature in enumerate(tracking.features):
        wanted = min(len(left), (count - len(drawn)) // (len(tracking.features) - index))
        nearest = sorted(left, key=lambda place: abs(np.log(density[place] / density[feature])))[: 2 * wanted]
        taken = [nearest[place] for place in chance.permutation(len(nearest))[:wanted]]
        drawn += taken
        left = [place for place in left if place not in set(taken)]
    return np.array(sorted(drawn), dtype=np.int64)


def without(autoencoder: Autoencoder, feature: int) -> Replace:
    """Activations less what ``feature`` writes where it fires; the error of the reconstruction stays."""
    row = autoencoder.decoder[feature]

    def replace(rows: Floats) -> Floats:
        return np.asarray(rows - autoencoder.encode(rows)[:, [feature]] * row, dtype=np.float32)

    return replace


def effects(
    subject: Subject, autoencoder: Autoencoder, tracking: Tracking, density: Array, material: Material, layer: int, limit: float, dose: Dose, tick: Tick
) -> Effects:
    """Steer and remove the chosen features and their nulls on the confirmation prompts; price the chosen ones on neutral text."""
    matched = matched_features(density, tracking, dose.matched, dose.seed)
    chance = random_directions(dose.random, subject.facts.d_model, dose.seed)
    units = np.concatenate([unit_rows(autoencoder, [*tracking.features, *matched]), chance])
    norm = subject.residual_norm(material.explore.tokens, layer, lambda tokens: None)
    design = Design(layer, units[0].astype(np.float32), norm, 1.0, dose.strength, (), True)
    ends = respond(subject, material, material.confirm, design, units, (-dose.strength, dose.strength), tick)
    change, chosen = ends[:, 1] - ends[:, 0], len(tracking.features)
    base = material.score(subject.log_probs(material.confirm.tokens, material.token_ids, tick))
    removed = _removals(subject, material, layer, limit, base, [without(autoencoder, int(f)) for f in tracking.features], tick)
    null = _removals(subject, material, layer, limit, base, [without(autoencoder, int(f)) for f in matched[: dose.ablated]], tick)
    return Effects(
        steered=tracking.signs[:, None] * change[:chosen],
        removed=-tracking.signs[:, None] * removed,
        matched_features=matched,
        matched=change[chosen : chosen + len(matched)],
        random=change[chosen + len(matched) :],
        removed_null=null.mean(axis=1),
        costs=_costs(subject, material, design, units[:chosen], dose, tick),
        norm=norm,
        families=material.confirm.families,
    )


def unit_rows(autoencoder: Autoencoder, features: Sequence[int] | Indices) -> Array:
    """``[m, d]``: decoder rows of ``features`` scaled to length 1."""
    rows = autoencoder.decoder[np.asarray(features, dtype=np.int64)].astype(np.float64)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))


def _removals(subject: Subject, material: Material, layer: int, limit: float, base: Array, replacements: Sequence[Replace], tick: Tick) -> Array:
    def change(replace: Callable[[Floats], Floats]) -> Array:
        return material.score(subject.spliced_log_probs(material.confirm.tokens, layer, replace, limit, material.token_ids, tick)) - base

    return np.array([change(replace) for replace in replacements])


def _costs(subject: Subject, material: Material, design: Design, units: Array, dose: Dose, tick: Tick) -> list[Interval]:
    texts = spread(material.cost.confirmation, dose.cost_texts)
    base = subject.cross_entropy([subject.encode(item.text) for item in texts], tick)
    found = []
    for vector in design.vectors(units, [dose.strength]):
        up, down = (cost(subject, sign * vector, design.layer, texts, base, tick) for sign in (1, -1))
        found.append(worst_cost(up, down, texts, dose.draws, dose.seed))
    return found
