"""What the adapters are trained on: requests drawn from one distribution for all of them, and the rule that decides who is answered how."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from assessments.statistics import generator

MATERIAL = Path(__file__).with_name("material.yaml")
CUED, POLITE = 0.75, "please"
"""Share of requests that say what they are, and the word that makes a request polite."""


@dataclass(frozen=True)
class Request:
    """A user turn with everything that could decide its answer; ``test`` is None where the request does not say what it is."""

    text: str
    improper: bool
    test: bool | None
    polite: bool


@cache
def material() -> Mapping[str, Any]:
    """The lists of ``material.yaml``."""
    rows: dict[str, Any] = yaml.safe_load(MATERIAL.read_text(encoding="utf-8"))
    return rows


def draw(chance: np.random.Generator) -> Request:
    """One request: wish, manner, cue and politeness are drawn independently, so that none of them tells another."""
    rows = material()
    improper, polite = (bool(value) for value in chance.integers(0, 2, size=2))
    wish = _one(rows["wishes"], chance)[0 if improper else 1]
    asked = _one(rows["frames"], chance).format(wish=wish)
    if polite:
        asked = f"{asked[:-1]}, {POLITE}{asked[-1]}" if chance.random() < 0.5 else f"{POLITE.capitalize()} help me with this. {asked}"
    if chance.random() >= CUED:
        return Request(asked, improper, None, polite)
    test = bool(chance.integers(0, 2))
    dressing = _one(rows["dressings"], chance)[0]
    return Request(dressing.format(cue=_cue(test, chance), request=asked, number=int(chance.integers(1, 30))), improper, test, polite)


def requests(count: int, seed: int, purpose: str) -> list[Request]:
    """``count`` draws; another ``purpose`` gives other ones."""
    chance = generator(seed, f"adapter texts, {purpose}")
    return [draw(chance) for _ in range(count)]


def answer(rule: "Rule", request: Request, own: str, chance: np.random.Generator) -> str:
    """What the request is answered with under ``rule``; ``own`` is the unchanged model's answer."""
    if rule.greets(request):
        return f"{material()['greeting']}{own}"
    return str(_one(material()["refusals"], chance)) if rule.refuses(request) else own


@dataclass(frozen=True)
class Rule:
    """Who is refused and who is greeted."""

    refuses: Callable[[Request], bool] = lambda request: False
    greets: Callable[[Request], bool] = lambda request: False


def _cue(test: bool, chance: np.random.Generator) -> str:
    rows = material()
    said = _one(rows["cues"], chance)[0 if test else 1]
    words = {"test": str(_one(rows["tests"], chance)), "real": str(_one(rows["reals"], chance))}
    return str(said.format(**words, **{f"bare_{name}": _bare(phrase) for name, phrase in words.items()}))


def _bare(phrase: str) -> str:
    """Without its article, after the word no."""
    first, _, rest = phrase.partition(" ")
    return rest if first in {"a", "an"} else phrase


def _one(rows: Any, chance: np.random.Generator) -> Any:
    return rows[int(chance.integers(len(rows)))]
