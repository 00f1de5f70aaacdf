"""A feature of a sparse autoencoder as what is steered: dictionary judged first, feature chosen on exploration, set against features that fire as often."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import rankdata

from assessments.autoencoders import Autoencoder, AutoencoderFit
from assessments.contracts import Refused
from assessments.methods.parts.behaviours import Material
from assessments.methods.parts.doses import Design, respond
from assessments.methods.parts.fits import swapped_labels
from assessments.methods.parts.removal import Removal
from assessments.methods.parts.sae_axis import AxisTexts, Part
from assessments.methods.parts.sae_effects import Dose, matched_features, unit_rows, without
from assessments.methods.parts.sae_feature_run import Floors, Quality, Text, judge, refuse_poor, texts
from assessments.methods.parts.sae_feature_run import Plan as Dictionary
from assessments.methods.parts.sae_sources import Card, card_of
from assessments.methods.parts.sae_text import Chunks
from assessments.methods.parts.sae_tracking import LEAST, Codes, Tracking, auroc_of_ranks, pooled
from assessments.methods.parts.steering import Chosen, Plan, Stage, designed, residual_scale
from assessments.statistics import Array
from assessments.subject import Floats, Subject, Tick

FLOORS = Floors(0.5, 0.5)
"""Explained variance and loss recovered below which no feature of a dictionary is steered: those of ``sae_features``."""
CONTEXT, HELD_OUT_TOKENS, LOSS_TEXTS, FEW_ROWS = 128, 6000, 16, 20_000
"""Tokens of a sequence, tokens judged on, texts whose loss is measured, rows below which a fit takes small batches: as ``sae_features`` presets them."""
ALIKE = 0.5
"""Features that tell the labels apart at least half as well as the chosen one on exploration are no null for it: they are features of the axis too."""
FEWEST = 19
"""Matched features below which no effect could be told at the level of 5 %."""


@dataclass(frozen=True)
class Wish:
    """What the plan asks for: a dictionary, a feature of it (None takes the one that tells the labels apart best on exploration), how many for the null."""

    dictionary: Dictionary
    feature: int | None
    matched: int


@dataclass(frozen=True)
class Feature:
    """The feature that is steered. ``sign`` is −1 where it fires on texts that do not carry the label; ``found`` its AUROC on exploration, so turned."""

    wish: Wish
    autoencoder: Autoencoder
    quality: Quality
    train: Chunks
    index: int
    sign: float
    found: float
    density: float
    matched: tuple[int, ...]

    @property
    def name(self) -> str:
        """As it stands in sentences."""
        return f"feature {self.index}"


def dictionary(plan: Plan, given: Autoencoder | None, name: str, fit: AutoencoderFit, text: Text, tokens: int) -> Dictionary:
    """The settings under which a dictionary is found, judged and read; nothing in it is steered here but by ``plan``."""
    return Dictionary(
        layer=plan.layer,
        given=given,
        name=name,
        card=card_of(given.about, name) if given else Card(None, None, None),
        fit=fit,
        text=text,
        tokens=tokens,
        context=CONTEXT,
        held_out_tokens=HELD_OUT_TOKENS,
        loss_texts=LOSS_TEXTS,
        where="last",
        features=1,
        permutations=plan.permuted,
        dose=Dose(plan.grid[0], 0, plan.ablations, plan.random, plan.cost_texts, plan.draws, plan.seed),
        floors=FLOORS,
        draws=plan.draws,
        seed=plan.seed,
    )


def batch(text: Text, tokens: int) -> int:
    """Rows of a step of the fit: fewer where there are few, so that it has enough steps."""
    return 128 if text == "axis" or tokens < FEW_ROWS else 512


Prepared = tuple[AxisTexts, Chunks, Chunks]
"""Texts of the axis, and those that a dictionary is fitted to and judged on."""


def prepared(subject: Subject, wish: Wish, axis: AxisTexts) -> Prepared:
    """The texts a run needs; ``Refused`` where there are too few."""
    return (axis, *texts(subject, wish.dictionary, axis))


def by_feature(subject: Subject, material: Material, plan: Plan, wish: Wish, given: Prepared, stage: Stage) -> tuple[Chosen, Feature]:
    """Judge the dictionary, choose the feature, give it a strength; matched features, and what the same choice takes under exchanged labels."""
    axis, train, held = given
    d = wish.dictionary
    autoencoder = d.given or fitted(subject, d, train, stage("the dictionary", (1 + d.fit.passes) * _size(train)))
    quality = judge(subject, d, axis, held, autoencoder, stage("quality of the dictionary", 5 * _size(held)))
    refuse_poor(d, quality)
    tick = stage("designing the direction", axis.explore.size + axis.confirm.size)
    codes = read(subject, d, axis, autoencoder, quality.held.limit, tick)
    tracking = choose(codes, axis.explore, axis.confirm, wish.feature)
    index, sign = int(tracking.features[0]), float(tracking.signs[0])
    matched = matched_features(codes.density, others(tracking), wish.matched, plan.seed)
    if len(matched) < FEWEST:
        raise Refused(f"only {len(matched)} other features are active on {LEAST} or more exploration texts; with fewer than {FEWEST} no effect could be told")
    unit = sign * unit_rows(autoencoder, [index])[0]
    gap = _gap(codes.explore[:, index], axis.explore) * float(np.linalg.norm(autoencoder.decoder[index]))
    feature = Feature(wish, autoencoder, quality, train, index, sign, _found(tracking), float(codes.density[index]), tuple(matched.tolist()))
    chosen = Chosen(
        design=designed(subject, material, plan, unit, gap, stage),
        permuted=permuted_units(codes, axis.explore, autoencoder, tracking, plan),
        matched=unit_rows(autoencoder, matched),
        held_out=sign * codes.confirm[:, index].astype(np.float64),
        candidates=np.empty((0, len(unit))),
    )
    return chosen, feature


def fitted(subject: Subject, dictionary: Dictionary, train: Chunks, tick: Tick) -> Autoencoder:
    """A dictionary fitted to the layer on this subject."""
    rows = subject.activations(train.tokens, dictionary.layer, tick)
    return subject.fit_autoencoder(rows.values, dictionary.fit, tick)


def read(subject: Subject, dictionary: Dictionary, axis: AxisTexts, autoencoder: Autoencoder, limit: float, tick: Tick) -> Codes:
    """Activation of every feature at the last token of every text of the axis."""
    explore, confirm = (pooled(subject, autoencoder, part, dictionary.layer, limit, dictionary.where, tick) for part in (axis.explore, axis.confirm))
    return Codes(explore, confirm)


def choose(codes: Codes, explore: Part, confirm: Part, wanted: int | None) -> Tracking:
    """The feature whose exploration AUROC lies farthest from one half, or the one that was asked for; nothing of the confirmation side decides."""
    candidates = np.flatnonzero((codes.explore > 0).sum(axis=0) >= LEAST)
    if wanted is not None and wanted not in candidates:
        raise Refused(f"parameter feature is {wanted}; it is active on fewer than {LEAST} exploration texts or not in the dictionary: ask for another")
    if not len(candidates):
        raise Refused(f"no feature is active on {LEAST} or more of the exploration texts: supply another dictionary, or fit a larger one")
    found, held = (_areas(rows[:, candidates], part.labels) for rows, part in ((codes.explore, explore), (codes.confirm, confirm)))
    place = int(np.argmax(np.abs(found - 0.5))) if wanted is None else int(np.flatnonzero(candidates == wanted)[0])
    signs = np.array([1.0 if found[place] >= 0.5 else -1.0])
    return Tracking(candidates, found, held, np.array([place]), signs, np.empty((0, 1)), np.ones(1), 0.5)


def others(tracking: Tracking) -> Tracking:
    """The chosen feature and those candidates that lie less than ``ALIKE`` as far from an exploration AUROC of one half as it does.

    A dictionary has several features for one concept; each may move what the chosen one moves, and says nothing of what chance does.
    """
    apart = np.abs(tracking.found - 0.5)
    kept = np.flatnonzero((apart < ALIKE * apart[tracking.chosen[0]]) | (np.arange(len(apart)) == tracking.chosen[0]))
    return replace(
        tracking, candidates=tracking.candidates[kept], found=tracking.found[kept], held=tracking.held[kept], chosen=np.flatnonzero(kept == tracking.chosen[0])
    )


def permuted_units(codes: Codes, explore: Part, autoencoder: Autoencoder, tracking: Tracking, plan: Plan) -> Array:
    """``[permuted, d]``: the decoder row, turned, of the feature that the same choice takes when labels are exchanged within pairs."""
    labels = swapped_labels(explore.labels, [item.pair for item in explore.items], plan.permuted, plan.seed)
    found = auroc_of_ranks(_ranks(codes.explore[:, tracking.candidates]), labels)
    places = np.abs(found - 0.5).argmax(axis=1)
    signs = np.where(np.take_along_axis(found, places[:, None], axis=1) >= 0.5, 1.0, -1.0)
    return np.asarray(signs * unit_rows(autoencoder, tracking.candidates[places]))


def removed(subject: Subject, material: Material, feature: Feature, plan: Plan, tick: Tick) -> Removal:
    """What the feature writes taken out where it fires, beside the same with matched features."""
    shown = material.shown
    untouched = material.score(subject.log_probs(shown.tokens, material.token_ids, tick))

    def change(index: int) -> Array:
        splice = without(feature.autoencoder, index)
        found = subject.spliced_log_probs(shown.tokens, plan.layer, splice, feature.quality.held.limit, material.token_ids, tick)
        return material.score(found) - untouched

    chance = np.array([change(index).mean() for index in feature.matched[: plan.ablations]])
    return Removal(shown, untouched, change(feature.index), chance, plan.layer)


def twin_feature(twin: Subject, material: Material, feature: Feature, coefficient: float, plan: Plan, given: Prepared, tick: Tick) -> Array:
    """The whole procedure on random weights: a dictionary of their own, its best feature, own norm, same strength; ``[prompts]`` from minus to plus."""
    axis, train, _ = given
    d = replace(feature.wish.dictionary, given=None)
    autoencoder = fitted(twin, d, train, tick)
    codes = read(twin, d, axis, autoencoder, float("inf"), tick)
    tracking = choose(codes, axis.explore, axis.confirm, None)
    unit = tracking.signs[0] * unit_rows(autoencoder, tracking.features)[0]
    own = Design(plan.layer, unit.astype(np.float32), residual_scale(twin, material, plan), 1.0, coefficient, (), True)
    ends = respond(twin, material, material.confirm, own, unit[None], (-coefficient, coefficient), tick)[0]
    return np.asarray(ends[1] - ends[0])


def shares(wish: Wish, given: Prepared, depth: float) -> dict[str, float]:
    """Stages before and after the steering itself, in passes of one token through the whole model."""
    axis, train, held = given
    own = float(wish.dictionary.given is None)
    learn = (0.5 * depth + 0.03 * wish.dictionary.fit.passes) * _size(train)
    both = (axis.explore.size + axis.confirm.size) * depth
    return {"the dictionary": own * learn + 1, "quality of the dictionary": (_size(held) + both) * depth + 64, "features": both, "twin": learn + both}


def _areas(rows: Floats, labels: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Array:
    return np.asarray(auroc_of_ranks(_ranks(rows), labels[None])[0])


def _ranks(rows: Floats) -> Array:
    return np.asarray(rankdata(rows, axis=0), dtype=np.float64)


def _found(tracking: Tracking) -> float:
    place = int(tracking.chosen[0])
    return float(0.5 + tracking.signs[0] * (tracking.found[place] - 0.5))


def _gap(activity: Floats, part: Part) -> float:
    """How much more the feature is active on the one kind of text than on the other."""
    return abs(float(activity[part.labels].mean()) - float(activity[~part.labels].mean()))


def _size(rows: Chunks) -> int:
    return sum(map(len, rows.tokens))
