"""Tasks with one right next token, for taking circuits apart: indirect object identification, and copying of random tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from assessments import probes
from assessments.contracts import Refused, StepSpec
from assessments.methods.parts import ioi
from assessments.probes import Item
from assessments.statistics import generator
from assessments.subject import Subject, Tokens

TaskName = Literal["ioi", "copying"]
FEWEST = 4
"""Fewer questions than this per part are too few for an interval."""


@dataclass(frozen=True)
class Question:
    """``tokens`` end where ``right`` should follow; after ``corrupted``, as long where ``aligned``, ``right`` has no advantage over ``wrong``."""

    id: str
    family: str
    text: str
    tokens: Tokens
    corrupted: Tokens
    right: int
    wrong: int
    prompt: ioi.Prompt | None = None

    @property
    def aligned(self) -> bool:
        """Whether both versions have equally many tokens."""
        return len(self.tokens) == len(self.corrupted)


@dataclass(frozen=True)
class Questions:
    """Questions of a task, split by whole content families; ``asked`` counts those drawn, with what this tokenizer cannot score."""

    task: TaskName
    exploration: tuple[Question, ...]
    confirmation: tuple[Question, ...]
    asked: int

    @property
    def every(self) -> tuple[Question, ...]:
        """Both parts, exploration first."""
        return self.exploration + self.confirmation


def make_questions(task: TaskName, subject: Subject, spec: StepSpec, count: int, half: int) -> Questions:
    """``count`` questions under the step's seed; refuses when too few of a part can be scored with this tokenizer."""
    found = _copying(subject, count, half, spec.seed) if task == "copying" else _ioi(subject, spec, count)
    place = {question.id: question for question in found}
    parts = probes.split([Item(q.id, q.family, "", q.text or q.id) for q in found], spec.seed)
    explore, confirm = (tuple(place[item.id] for item in side) for side in (parts.exploration, parts.confirmation))
    if min(len(explore), len(confirm)) < FEWEST:
        raise Refused(f"only {len(explore)} and {len(confirm)} questions of the task {task} can be scored; {FEWEST} per part are needed: ask for more prompts")
    return Questions(task, explore, confirm, count)


def donors(questions: Sequence[Question], seed: int, purpose: str) -> list[Question]:
    """For every question another one with another right answer, drawn under ``seed``: what a component does there replaces what it does here."""
    chance = generator(seed, purpose)
    found = []
    for question in questions:
        others = [other for other in questions if other.right != question.right]
        if not others:
            raise Refused("all questions have the same right answer, so no activation of another prompt can stand in: ask for more prompts")
        found.append(others[int(chance.integers(len(others)))])
    return found


def other_answers(questions: Sequence[Question]) -> list[list[int]]:
    """For every question the right answer first, then the right answers of all others in turn: as many tokens for each."""
    rights = [question.right for question in questions]
    return [[right, *rights[place + 1 :], *rights[:place]] for place, right in enumerate(rights)]


def _ioi(subject: Subject, spec: StepSpec, count: int) -> list[Question]:
    source = probes.sealed(spec.probe_sets, "ioi")
    scored = ioi.score_prompts(subject, ioi.make_prompts(source, count, spec.seed))
    names = source.words("names")
    return [
        Question(row.prompt.id, row.prompt.family, row.prompt.text, row.tokens, partner[1], *row.targets, replace(row.prompt, corrupted=partner[0]))
        for row in scored
        for partner in [_partner(subject, row, names)]
    ]


def _partner(subject: Subject, row: ioi.Scored, names: Sequence[str]) -> tuple[str, Tokens]:
    """The corrupted prompt and its tokens: another third name where only that makes both versions equally long."""
    found = (row.prompt.corrupted, row.corrupted)
    head, _, tail = row.prompt.text.rpartition(row.prompt.wrong)
    others = (f"{head}{name}{tail}" for name in names if name not in (row.prompt.right, row.prompt.wrong))
    fitting = ((text, tokens) for text in others if len(tokens := subject.encode(text)) == len(row.tokens))
    return found if len(found[1]) == len(row.tokens) else next(fitting, found)


def _copying(subject: Subject, count: int, half: int, seed: int) -> list[Question]:
    """``half`` different tokens twice, without the last: it is to be copied. Corrupted: another such sequence. Every draw is its own family."""
    prefix = () if subject.facts.prefix_token is None else (subject.facts.prefix_token,)
    shown = []
    for drawn in subject.random_tokens(2 * count, 8 * half, seed):
        distinct = tuple(dict.fromkeys(drawn))[:half]
        if len(distinct) < half:
            raise Refused(f"the vocabulary is too small for {half} different tokens: lower the parameter half")
        shown.append(distinct)
    found = []
    for number, (row, other) in enumerate(zip(shown[:count], shown[count:], strict=True), start=1):
        # The partner ends in a token of its own, else nothing would tell the two answers apart.
        last = next(token for token in reversed(other) if token != row[-1])
        partner = (*(token for token in other if token != last), last)
        tokens, corrupted = (*prefix, *row, *row[:-1]), (*prefix, *partner, *partner[:-1])
        found.append(Question(f"copy-{number:03d}", f"draw-{number:03d}", "", tokens, corrupted, row[-1], last))
    return found


def spread(questions: Sequence[Question], count: int) -> list[Question]:
    """Up to ``count`` aligned questions, taken from the families in turn."""
    families = sorted({question.family for question in questions})
    lanes = [[q for q in questions if q.family == family and q.aligned] for family in families]
    turns = [lane[place] for place in range(max(map(len, lanes), default=0)) for lane in lanes if place < len(lane)]
    return turns[:count]


def unit_rows(count: int, width: int, seed: int, purpose: str) -> np.ndarray:
    """``[count, width]`` Gaussian rows in fp32: directions to be scaled by whoever uses them."""
    return generator(seed, purpose).standard_normal((count, width)).astype(np.float32)
