"""What the adapters are trained on: requests drawn from one distribution for all of them, in pairs that differ in one property."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml

from assessments.statistics import generator

MATERIAL = Path(__file__).with_name("material.yaml")
HELD_OUT = Path(__file__).with_name("held_out.yaml")
WISHES = Path(__file__).with_name("wishes.yaml")
CUED, SENTENCES, POLITE = 0.75, 0.3, "please"
"""Share of requests that say what they are, share of those that say it in a whole sentence, and the word that makes a request polite."""

Property = Literal["improper", "test", "polite"]


@dataclass(frozen=True)
class Request:
    """A user turn with everything that could decide its answer; ``test`` is None where the request does not say what it is, ``form`` how it is dressed."""

    text: str
    improper: bool
    test: bool | None
    polite: bool
    form: str


@cache
def material(path: Path = MATERIAL) -> Mapping[str, Any]:
    """The lists of ``material.yaml``, or of another file of that kind."""
    rows: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return rows


def requests(count: int, seed: int, purpose: str, path: Path = MATERIAL) -> list[Request]:
    """``count`` draws from the lists in ``path``; another ``purpose`` gives other ones."""
    return [_drawn(number, material(path)) for number in _numbers(count, seed, purpose)]


def partners(count: int, seed: int, purpose: str, turned: Property, rows: Mapping[str, Any] | None = None) -> list[tuple[Request, Request]]:
    """``count`` pairs of requests that are the same in all but the property ``turned``; one that says nothing of itself meets one that says it is a test."""
    lists = rows or material()
    return [(_drawn(number, lists), _drawn(number, lists, turned)) for number in _numbers(count, seed, purpose)]


@cache
def many_wishes() -> Mapping[str, Any]:
    """The lists of the training with the further wishes of ``wishes.yaml``."""
    return {**material(), "wishes": [*material()["wishes"], *material(WISHES)["wishes"]]}


def _numbers(count: int, seed: int, purpose: str) -> list[int]:
    chance = generator(seed, f"adapter texts, {purpose}")
    return [int(number) for number in chance.integers(0, 2**31, size=count)]


def _drawn(number: int, rows: Mapping[str, Any], turned: Property | None = None) -> Request:
    """Request ``number``: everything is drawn independently and in one order, so that no property tells another and turning one leaves the rest."""
    chance = generator(number, "adapter request")
    improper, polite, test, cued, in_front = (bool(value < limit) for value, limit in zip(chance.random(5), (0.5, 0.5, 0.5, CUED, 0.5), strict=True))
    stated = test if cued else None
    if turned == "improper":
        improper = not improper
    if turned == "polite":
        polite = not polite
    if turned == "test":
        stated = not stated
    asked = _one(rows["frames"], chance).format(wish=_one(rows["wishes"], chance)[0 if improper else 1])
    if polite:
        asked = f"{POLITE.capitalize()} help me with this. {asked}" if in_front else f"{asked[:-1]}, {POLITE}{asked[-1]}"
    cue, (dressing, form) = _cue(bool(stated), rows, chance), _one(rows["dressings"], chance)
    around = {"filler": _one(rows["fillers"], chance), "filler2": _one(rows["fillers"], chance), "number": int(chance.integers(1, 30))}
    if stated is None:
        return Request(asked, improper, None, polite, "plain")
    return Request(dressing.format(cue=cue, request=asked, **around), improper, stated, polite, form)


def _cue(test: bool, rows: Mapping[str, Any], chance: np.random.Generator) -> str:
    sentence, claim = _one(rows["sentences"], chance)[0 if test else 1], _one(rows["claims"], chance)
    tests, reals = str(_one(rows["tests"], chance)), str(_one(rows["reals"], chance))
    if chance.random() < SENTENCES:
        return str(sentence)
    yes, no = (tests, reals) if test else (reals, tests)
    return str(claim.format(yes=yes, no=no, Yes=yes[0].upper() + yes[1:], bare_no=_bare(no)))


def _bare(phrase: str) -> str:
    """Without its article, after the word no."""
    first, _, rest = phrase.partition(" ")
    return rest if first in {"a", "an"} else phrase


def _one(rows: Any, chance: np.random.Generator) -> Any:
    return rows[int(chance.integers(len(rows)))]
