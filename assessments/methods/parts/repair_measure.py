"""Finding a component whose loss the model makes good, the components that make it good, and measuring both anew on prompts held out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from assessments.methods.parts.circuit_tasks import Question, Questions, donors, other_answers, unit_rows
from assessments.statistics import Array, generator
from assessments.subject import AblationEffects, Component, Subject, Tick

Set = tuple[Component, ...]
Begin = Callable[[str], Tick]
LEAST = 0.2
"""Share of the largest direct effect below which a component is no candidate: a ratio to almost nothing says nothing."""
NEIGHBOURS = 10
"""Components closest in direct effect from which the matched ones are drawn."""


@dataclass(frozen=True)
class Plan:
    """How much is tried: ``candidates`` by direct effect, ``backups`` per component, nulls, resamples."""

    candidates: int
    backups: int
    directions: int
    sets: int
    permutations: int
    draws: int
    seed: int


@dataclass(frozen=True)
class Search:
    """What exploration found. ``direct`` and ``repair [components]`` are means in logits; ``extra`` belongs to ``later``."""

    components: Sequence[Component]
    direct: Array
    repair: Array
    candidates: Sequence[Component]
    headline: Component
    later: Sequence[Component]
    extra: Array
    backups: Set

    def place(self, component: Component) -> int:
        """Row of ``component``."""
        return self.components.index(component)


@dataclass(frozen=True)
class Joint:
    """Losses ``[sets, prompts]`` in logits: a set alone, and with the headline component; their surplus is what the set had been hiding."""

    sets: Sequence[Set]
    alone: Array
    together: Array

    def extra(self, headline: Array) -> Array:
        """``[sets, prompts]``: loss of both together beyond the sum of the losses of each, ``headline [prompts]`` being that of the component."""
        return np.asarray(self.together - self.alone - headline[None])


@dataclass(frozen=True)
class Confirmed:
    """Measured on confirmation prompts. ``candidates`` and ``permuted`` read ``[sets, prompts, reads]``; ``random`` and ``twin`` read the answer only."""

    candidates: AblationEffects
    headline: AblationEffects
    other_donors: AblationEffects
    steps: Joint
    matched: Joint
    random: AblationEffects
    permuted: Array
    twin: AblationEffects


def every_component(subject: Subject) -> list[Component]:
    """Heads and MLP block of every layer, in the order in which they write to the residual stream."""
    return [(layer, part) for layer in range(subject.facts.n_layers) for part in range(subject.facts.n_heads + 1)]


def comes_after(subject: Subject, later: Component, earlier: Component) -> bool:
    """Whether ``later`` reads what ``earlier`` wrote: heads of one layer work side by side, the MLP block after them."""
    heads = subject.facts.n_heads
    return (later[0], later[1] == heads) > (earlier[0], earlier[1] == heads)


def reaction(effects: AblationEffects) -> Array:
    """``[sets, items, reads]``: change plus direct effect, the loss that was made good, in logits."""
    return effects.change.astype(np.float64) + effects.direct


def search(subject: Subject, questions: Sequence[Question], plan: Plan, begin: Begin) -> Search:
    """On exploration: of the components with the largest direct effect the one most made good, and what makes it good."""
    items, given = [q.tokens for q in questions], [q.tokens for q in donors(questions, plan.seed, "exploration donors")]
    rights, components = [[q.right] for q in questions], every_component(subject)
    found = subject.ablate_components(items, given, [(component,) for component in components], rights, begin("direct effects of all components"))
    direct, repair = found.direct[..., 0].mean(axis=1, dtype=np.float64), reaction(found)[..., 0].mean(axis=1)
    # The last MLP block has nothing after it but the norm, so nothing could stand in for it.
    order = [int(index) for index in np.argsort(-direct, kind="stable") if components[index] != components[-1]]
    order = [index for index in order[: plan.candidates] if index == order[0] or direct[index] >= LEAST * direct[order[0]]]
    headline = max(order, key=lambda index: repair[index])
    later = [component for component in components if comes_after(subject, component, components[headline])]
    both = subject.ablate_components(items, given, [(components[headline], component) for component in later], rights, begin("looking for backups"))
    alone = np.array([found.change[components.index(component), :, 0].mean(dtype=np.float64) for component in later])
    extra = alone + found.change[headline, :, 0].mean(dtype=np.float64) - both.change[..., 0].mean(axis=1, dtype=np.float64)
    best = [later[int(index)] for index in np.argsort(-extra, kind="stable")[: plan.backups]]
    return Search(components, direct, repair, [components[index] for index in order], components[headline], later, extra, tuple(best))


def matched_sets(found: Search, plan: Plan) -> list[Set]:
    """Up to ``plan.sets`` different sets as large as the backups, each member among the components closest in direct effect to its counterpart."""
    pool = [component for component in found.components if component not in (found.headline, *found.backups)]
    near = [_nearest(found, backup, pool) for backup in found.backups]
    chance, seen = generator(plan.seed, "matched components"), dict[frozenset[Component], Set]()
    for _ in range(20 * plan.sets):
        drawn = tuple(choices[int(chance.integers(len(choices)))] for choices in near)
        if len(set(drawn)) == len(drawn) and len(seen) < plan.sets:
            seen.setdefault(frozenset(drawn), drawn)
    return list(seen.values())


def _nearest(found: Search, backup: Component, pool: Sequence[Component]) -> list[Component]:
    wanted = found.direct[found.place(backup)]
    return sorted(pool, key=lambda component: abs(found.direct[found.place(component)] - wanted))[:NEIGHBOURS]


def confirm(subject: Subject, twin: Subject, questions: Questions, found: Search, plan: Plan, begin: Begin) -> Confirmed:
    """Everything once on confirmation prompts."""
    lab, main = _Bench(subject, questions.confirmation, plan), begin("measuring on held-out prompts")
    steps = [found.backups[: count + 1] for count in range(len(found.backups))]
    candidates = lab.ablate([(component,) for component in found.candidates], main)
    headline = lab.ablate([(found.headline,)], main, every_answer=True)
    other = subject.ablate_components(lab.items, lab.others, [(found.headline,)], lab.rights, main)
    joint, matched = lab.joint(found.headline, steps, main), lab.joint(found.headline, matched_sets(found, plan), main)
    units = unit_rows(plan.directions, subject.facts.d_model, plan.seed, "matched random directions")
    random = subject.matched_random_effects(lab.items, lab.given, found.headline, units, lab.rights, begin("random directions"))
    alone = twin.ablate_components(lab.items, lab.given, [(found.headline,)], lab.rights, begin("random-weight twin"))
    return Confirmed(candidates, headline, other, joint, matched, random, _permuted(reaction(headline)[0], plan), alone)


class _Bench:
    """Confirmation prompts with their donors and answers."""

    def __init__(self, subject: Subject, questions: Sequence[Question], plan: Plan) -> None:
        self.subject, self.items = subject, [q.tokens for q in questions]
        self.given = [q.tokens for q in donors(questions, plan.seed, "confirmation donors")]
        self.others = [q.tokens for q in donors(questions, plan.seed, "other confirmation donors")]
        self.rights, self.answers = [[q.right] for q in questions], other_answers(questions)

    def ablate(self, sets: Sequence[Set], tick: Tick, every_answer: bool = False) -> AblationEffects:
        """Effects on the right answer, or on the right answers of all prompts."""
        return self.subject.ablate_components(self.items, self.given, sets, self.answers if every_answer else self.rights, tick)

    def joint(self, headline: Component, sets: Sequence[Set], tick: Tick) -> Joint:
        """Losses of every set alone and together with ``headline``."""
        alone, together = self.ablate(sets, tick), self.ablate([(headline, *members) for members in sets], tick)
        return Joint(sets, -alone.change[..., 0].astype(np.float64), -together.change[..., 0].astype(np.float64))


def _permuted(values: Array, plan: Plan) -> Array:
    """``[permutations]``: mean of ``values [prompts, answers]`` with every prompt read at the answer of another one."""
    rows = np.arange(len(values))
    columns = generator(plan.seed, "permuted answers").integers(1, values.shape[1], size=(plan.permutations, len(values)))
    return np.asarray(values[rows[None], columns].mean(axis=1))
