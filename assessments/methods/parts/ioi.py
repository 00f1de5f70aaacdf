"""Indirect object identification: prompts with one right name, their corrupted partners, and the tokens that answer them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assessments.contracts import Refused
from assessments.methods.parts.answers import first_token
from assessments.probes import ProbeSet
from assessments.statistics import Array, generator
from assessments.subject import Subject, Tick, Tokens


@dataclass(frozen=True)
class Prompt:
    """``text`` ends before the name of the indirect object ``right``; in ``corrupted`` the repeated name ``wrong`` is replaced by a third one."""

    id: str
    family: str
    text: str
    corrupted: str
    right: str
    wrong: str


@dataclass(frozen=True)
class Scored:
    """A prompt whose two answers start with different tokens; ``targets`` are the first tokens of the right and the wrong name."""

    prompt: Prompt
    tokens: Tokens
    corrupted: Tokens
    targets: tuple[int, int]


def make_prompts(probe_set: ProbeSet, count: int, seed: int) -> list[Prompt]:
    """``count`` distinct prompts, templates in turn, names, places and objects drawn under ``seed``."""
    templates = _templates(probe_set)
    chance, seen = generator(seed, "ioi prompts"), set[str]()
    prompts: list[Prompt] = []
    for _ in range(20 * count):
        template, family = templates[len(prompts) % len(templates)]
        names = [str(name) for name in chance.choice(probe_set.words("names"), size=3, replace=False)]
        for slot in ("place", "object"):
            template = template.replace(f"{{{slot}}}", str(chance.choice(probe_set.words(f"{slot}s"))))
        prompt = _prompt(f"ioi-{len(prompts) + 1:03d}", family, template, names)
        if prompt.text not in seen:
            seen.add(prompt.text)
            prompts.append(prompt)
        if len(prompts) == count:
            return prompts
    raise Refused(f"probe set {probe_set.slug} yields only {len(prompts)} distinct prompts; ask for fewer than {count} or add templates and names")


def score_prompts(subject: Subject, prompts: Sequence[Prompt]) -> list[Scored]:
    """The prompts this tokenizer can answer: right and wrong name must differ in their first token. The others stay unscored."""
    scored = []
    for prompt in prompts:
        before = subject.encode(prompt.text)
        right, wrong = (first_token(before, subject.encode(f"{prompt.text} {name}")) for name in (prompt.right, prompt.wrong))
        if right is not None and wrong is not None and right != wrong:
            scored.append(Scored(prompt, before, subject.encode(prompt.corrupted), (right, wrong)))
    return scored


def logit_differences(subject: Subject, items: Sequence[Tokens], targets: Sequence[tuple[int, int]], tick: Tick) -> Array:
    """Logit of the right minus logit of the wrong answer after each item, in nats (equal to the difference of log-probabilities)."""
    ids = sorted({token for pair in targets for token in pair})
    place = {token: column for column, token in enumerate(ids)}
    found = subject.log_probs(items, ids, tick).astype(np.float64)
    return np.array([row[place[right]] - row[place[wrong]] for row, (right, wrong) in zip(found, targets, strict=True)])


def _templates(probe_set: ProbeSet) -> list[tuple[str, str]]:
    """Each template with its family: templates that differ only in which name comes first are one family."""
    families: dict[str, str] = {}
    found = []
    for number, text in enumerate(probe_set.words("templates"), start=1):
        if text.count("{A}") != 1 or text.count("{B}") != 2:
            raise Refused(f"probe set {probe_set.slug}, template {number}: a template names {{A}} once and {{B}} twice")
        wording = text.replace("{A}", "{}").replace("{B}", "{}")
        found.append((text, families.setdefault(wording, f"wording-{len(families) + 1}")))
    return found


def _prompt(identifier: str, family: str, filled: str, names: Sequence[str]) -> Prompt:
    right, wrong, third = names
    head, _, tail = filled.rpartition("{B}")
    text = filled.replace("{A}", right).replace("{B}", wrong)
    corrupted = (head + third + tail).replace("{A}", right).replace("{B}", wrong)
    return Prompt(identifier, family, text, corrupted, right, wrong)
