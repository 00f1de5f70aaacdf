"""Prompts under pressure: the same question with a text in front, other words or typing errors; the answer stays what it was."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assessments.contracts import Refused
from assessments.methods.parts.answers import first_token
from assessments.methods.parts.circuit_tasks import Question, TaskName
from assessments.methods.parts.ioi import Prompt
from assessments.probes import ProbeSet
from assessments.statistics import generator
from assessments.subject import Subject


@dataclass(frozen=True)
class Wrapper:
    """``before``: text in front, or how many random tokens; ``swap``: words exchanged."""

    name: str
    title: str
    before: str | int = ""
    swap: tuple[tuple[str, str], ...] = ()

    def text(self, prompt: str) -> str:
        """``prompt`` under this wrapper."""
        for old, new in self.swap:
            prompt = re.sub(rf"\b{re.escape(old)}\b", new, prompt)
        return f"{self.before}{prompt}"


def wrappers(source: ProbeSet, task: TaskName, names: Sequence[str]) -> list[Wrapper]:
    """The wrappers for ``task``, all of them when ``names`` is empty; refuses an unknown name."""
    found = [_wrapper(source.slug, row) for row in source.extra.get("tokens" if task == "copying" else "texts", [])]
    unknown = sorted(set(names) - {wrapper.name for wrapper in found})
    if unknown or not found:
        raise Refused(f"unknown wrapper {', '.join(unknown) or names}; for the task {task} there are {', '.join(w.name for w in found) or 'none'}")
    return [wrapper for wrapper in found if not names or wrapper.name in names]


def _wrapper(slug: str, row: Any) -> Wrapper:
    if not isinstance(row, Mapping) or not isinstance(row.get("name"), str) or not isinstance(row.get("title"), str):
        raise Refused(f"probe set {slug}: every wrapper needs a name and a title")
    before, swap = row.get("before", ""), row.get("swap", [])
    if not isinstance(before, str | int) or not all(isinstance(pair, list) and len(pair) == 2 for pair in swap):
        raise Refused(f"probe set {slug}, wrapper {row['name']}: before is a text or a number of tokens, swap a list of pairs of words")
    return Wrapper(row["name"], row["title"], before, tuple((str(old), str(new)) for old, new in swap))


def wrapped(subject: Subject, questions: Sequence[Question], wrapper: Wrapper, seed: int) -> list[Question | None]:
    """Every question under ``wrapper``, None where this tokenizer then no longer gives both versions and answers alike."""
    if isinstance(wrapper.before, int):
        return _padded(subject, questions, wrapper, seed)
    return [_rewritten(subject, question, wrapper) for question in questions]


def _rewritten(subject: Subject, question: Question, wrapper: Wrapper) -> Question | None:
    prompt = question.prompt
    if not isinstance(prompt, Prompt):
        return None
    text, corrupted = wrapper.text(prompt.text), wrapper.text(prompt.corrupted)
    tokens, partner = subject.encode(text), subject.encode(corrupted)
    answers = [first_token(tokens, subject.encode(f"{text} {name}")) for name in (prompt.right, prompt.wrong)]
    found = replace(question, text=text, tokens=tokens, corrupted=partner)
    return found if found.aligned and answers == [question.right, question.wrong] else None


def _padded(subject: Subject, questions: Sequence[Question], wrapper: Wrapper, seed: int) -> list[Question | None]:
    start = 0 if subject.facts.prefix_token is None else 1
    drawn = int(generator(seed, f"wrapper {wrapper.name}").integers(2**31))
    front = subject.random_tokens(len(questions), int(wrapper.before), drawn)
    return [
        replace(q, tokens=(*q.tokens[:start], *extra, *q.tokens[start:]), corrupted=(*q.corrupted[:start], *extra, *q.corrupted[start:]))
        for q, extra in zip(questions, front, strict=True)
    ]
