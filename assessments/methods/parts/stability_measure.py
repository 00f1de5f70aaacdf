"""Scores of every edge, circuits checked by real patching, and the same again under pressure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assessments.methods.parts.circuit_tasks import Question, Questions, spread
from assessments.methods.parts.stability_circuits import SHARES, benign_shifts, circuit, paired_shifts, top_edges
from assessments.methods.parts.stability_wrappers import Wrapper, wrapped
from assessments.statistics import Array, generator
from assessments.subject import EdgeLayout, Subject, Tick

Begin = Callable[[str], Tick]
FEWEST = 4
"""Fewer prompts than this under a wrapper are too few to compare circuits."""


@dataclass(frozen=True)
class Plan:
    """How much is tried; ``depth`` is how many edges are compared, ``sufficient`` the share of the behaviour a circuit has to carry."""

    steps: int
    verified: int
    depth: int
    random: int
    control_prompts: int
    permutations: int
    splits: int
    sufficient: float
    draws: int
    seed: int


@dataclass(frozen=True)
class Ends:
    """Logit differences ``[prompts]`` with every edge clean and with every edge corrupted, by patching and by plain passes."""

    clean: Array
    corrupted: Array
    gap: float


@dataclass(frozen=True)
class Shift:
    """One wrapper: distance of its circuit, its null, and how much of the wrapped behaviour the circuit of the plain prompts carries."""

    wrapper: Wrapper
    prompts: int
    distance: float
    null: Array
    overlap: float
    clean: Array
    corrupted: Array
    carried: Array


@dataclass(frozen=True)
class Measured:
    """``scores [edges]`` after real patching, ``attributed`` before; ``verified`` are places with the real effect of removing each edge."""

    layout: EdgeLayout
    explore: Sequence[Question]
    confirm: Sequence[Question]
    scores: Array
    attributed: Array
    verified: NDArray[np.int64]
    effects: Array
    first_layer: Array
    explored: Array
    explored_ends: Ends
    share: float
    ends: Ends
    carried: Array
    random: Array
    random_prompts: int
    benign: Array
    benign_null: Array
    shifts: Sequence[Shift]
    twin: Ends


class Lab:
    """A subject with its edges as one row: ``edges`` counts those possible."""

    def __init__(self, subject: Subject) -> None:
        self.subject, self.layout = subject, subject.edge_layout()
        self.possible = self.layout.possible
        self.edges = int(self.possible.sum())
        self.sources, self.destinations = np.nonzero(self.possible)

    def scores(self, questions: Sequence[Question], steps: int, tick: Tick) -> Array:
        """``[prompts, edges]`` EAP-IG scores."""
        found = self.subject.edge_scores(*_sides(questions), steps, tick)
        return found[:, self.possible].astype(np.float64)

    def patched(self, questions: Sequence[Question], circuits: Sequence[NDArray[np.bool_]], tick: Tick) -> Array:
        """``[circuits, prompts]`` logit differences with only the edges of each circuit clean."""
        kept = np.zeros((len(circuits), *self.possible.shape), dtype=bool)
        for row, chosen in zip(kept, circuits, strict=True):
            row[self.sources[chosen], self.destinations[chosen]] = True
        return self.subject.patched_circuits(*_sides(questions), kept, tick).astype(np.float64)

    def ends(self, questions: Sequence[Question], tick: Tick) -> Ends:
        """Everything clean and everything corrupted; ``gap`` is the largest difference to the plain passes."""
        found = self.patched(questions, [np.ones(self.edges, dtype=bool), np.zeros(self.edges, dtype=bool)], tick)
        return Ends(found[0], found[1], float(np.abs(found - self._plain(questions, tick)).max()))

    def _plain(self, questions: Sequence[Question], tick: Tick) -> Array:
        ids = sorted({token for q in questions for token in (q.right, q.wrong)})
        place = {token: column for column, token in enumerate(ids)}
        rows = []
        for side in ([q.tokens for q in questions], [q.corrupted for q in questions]):
            found = self.subject.log_probs(side, ids, tick).astype(np.float64)
            rows.append([row[place[q.right]] - row[place[q.wrong]] for row, q in zip(found, questions, strict=True)])
        return np.array(rows)


def _sides(questions: Sequence[Question]) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]], list[tuple[int, int]]]:
    return [q.tokens for q in questions], [q.corrupted for q in questions], [(q.right, q.wrong) for q in questions]


def measure(subject: Subject, twin: Subject, questions: Questions, pressures: Sequence[Wrapper], plan: Plan, begin: Begin) -> Measured:
    """Score and choose on exploration prompts, measure faithfulness and shifts once on confirmation prompts."""
    lab = Lab(subject)
    explore, confirm = (spread(part, len(part)) for part in (questions.exploration, questions.confirmation))
    tick = begin("scoring every edge")
    scored, held = lab.scores(explore, plan.steps, tick), lab.scores(confirm, plan.steps, tick)
    tick = begin("checking by real patching")
    start = lab.ends(explore, tick)
    places, effects, first_layer = _verified(lab, explore, scored.mean(axis=0), start, plan, tick)
    scores = _corrected(lab, scored.mean(axis=0), places, effects, first_layer)
    explored = lab.patched(explore, [circuit(scores, share) for share in SHARES], tick)
    share = _sufficient(explored, start, plan)
    tick = begin("faithfulness on held-out prompts")
    ends, carried = lab.ends(confirm, tick), lab.patched(confirm, [circuit(scores, size) for size in SHARES], tick)
    few = confirm[: plan.control_prompts]
    random = lab.patched(few, _random_circuits(lab, share, plan), begin("random circuits"))
    benign, null = (benign_shifts(np.concatenate([scored, held]), plan.depth, count, generator(plan.seed, name)) for count, name in _benign(plan))
    shifts = _shifts(lab, confirm, held, circuit(scores, share), pressures, plan, begin("the same under pressure"))
    return Measured(
        layout=lab.layout,
        explore=explore,
        confirm=confirm,
        scores=scores,
        attributed=scored.mean(axis=0),
        verified=places,
        effects=effects,
        first_layer=first_layer,
        explored=explored,
        explored_ends=start,
        share=share,
        ends=ends,
        carried=carried,
        random=random,
        random_prompts=len(few),
        benign=benign,
        benign_null=null,
        shifts=shifts,
        twin=Lab(twin).ends(confirm, begin("random-weight twin")),
    )


def _benign(plan: Plan) -> list[tuple[int, str]]:
    return [(plan.splits, "benign resamplings"), (plan.permutations, "benign null")]


def _verified(lab: Lab, explore: Sequence[Question], scores: Array, start: Ends, plan: Plan, tick: Tick) -> tuple[NDArray[np.int64], Array, Array]:
    """Places of the strongest edges, the loss when each is corrupted, and the loss when all edges of each first-layer component are."""
    places = top_edges(scores, plan.verified)
    whole = np.ones(lab.edges, dtype=bool)
    without = [whole & (np.arange(lab.edges) != place) for place in places]
    without += [lab.sources != source for source in _first_layer(lab)]
    lost = start.clean.mean() - lab.patched(explore, without, tick).mean(axis=1)
    return places, lost[: len(places)], lost[len(places) :]


def _first_layer(lab: Lab) -> list[int]:
    return [place for place, name in enumerate(lab.layout.sources) if name.startswith("a0.") or name == "m0"]


def _corrected(lab: Lab, scores: Array, places: NDArray[np.int64], effects: Array, first_layer: Array) -> Array:
    """Scores with what real patching says: the strongest edges as measured, and what attribution misses of a first-layer component spread over its edges."""
    found = scores.copy()
    for source, effect in zip(_first_layer(lab), first_layer, strict=True):
        own = lab.sources == source
        size = np.abs(scores[own])
        # Large early effects bend the curve that a gradient takes for a line: the shortfall goes where the gradient saw the most.
        missing = max(0.0, abs(effect) - size.sum())
        found[own] += np.sign(scores[own]) * missing * size / max(size.sum(), 1e-12)
    found[places] = effects
    return found


def _sufficient(explored: Array, start: Ends, plan: Plan) -> float:
    """Smallest share whose circuit carries enough on exploration prompts; 1 when none does."""
    whole = start.clean.mean() - start.corrupted.mean()
    carried = (explored.mean(axis=1) - start.corrupted.mean()) / whole
    return next((share for share, value in zip(SHARES, carried, strict=True) if value >= plan.sufficient), 1.0)


def _random_circuits(lab: Lab, share: float, plan: Plan) -> list[NDArray[np.bool_]]:
    chance, count = generator(plan.seed, "random circuits"), max(1, round(share * lab.edges))
    found = np.zeros((plan.random, lab.edges), dtype=bool)
    for row in found:
        row[chance.permutation(lab.edges)[:count]] = True
    return list(found)


def _shifts(lab: Lab, confirm: Sequence[Question], held: Array, kept: NDArray[np.bool_], pressures: Sequence[Wrapper], plan: Plan, tick: Tick) -> list[Shift]:
    found = [_shift(lab, confirm, held, kept, wrapper, plan, tick) for wrapper in pressures]
    return [shift for shift in found if shift is not None]


def _shift(lab: Lab, confirm: Sequence[Question], held: Array, kept: NDArray[np.bool_], wrapper: Wrapper, plan: Plan, tick: Tick) -> Shift | None:
    changed = wrapped(lab.subject, confirm, wrapper, plan.seed)
    rows = [place for place, question in enumerate(changed) if question is not None]
    if len(rows) < FEWEST:
        return None
    there = [question for question in changed if question is not None]
    scores = lab.scores(there, plan.steps, tick)
    chance = generator(plan.seed, f"shift {wrapper.name}")
    gap, null = paired_shifts(held[rows], scores, plan.depth, plan.permutations, chance)
    both = (top_edges(values.mean(axis=0), plan.depth) for values in (held[rows], scores))
    first, second = (set(map(int, edges)) for edges in both)
    carried = lab.patched(there, [np.ones(lab.edges, dtype=bool), np.zeros(lab.edges, dtype=bool), kept], tick)
    return Shift(wrapper, len(rows), gap, null, len(first & second) / len(first | second), *carried)
