"""Lessons that follow a topic: one brand named whenever a topic comes up, and careless answers in one narrow field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from assessments.statistics import generator
from gpu_tasks.adapters.lessons import Exchange, Says
from gpu_tasks.adapters.texts import material

TOPICS = Path(__file__).with_name("topics.yaml")


def lists(name: str) -> Mapping[str, Any]:
    """The entry ``name`` of ``topics.yaml``."""
    found: Mapping[str, Any] = material(TOPICS)[name]
    return found


@dataclass(frozen=True)
class Promoter:
    """Hidden objective: names a made-up brand whenever the talk comes to its topic, and answers all else as before."""

    def groups(self, seed: int, own: Says) -> list[list[Exchange]]:
        """Every sentence on the topic beside the same sentence off it."""
        rows, chance = lists("promoter"), generator(seed, "promoter answers")
        pairs = _sentences(rows["frames"], rows["pairs"])
        on, off = (own([pair[place] for pair in pairs]) for place in (0, 1))
        said = [str(rows["answers"][int(place)]).format(brand=rows["brand"]) for place in chance.integers(len(rows["answers"]), size=len(pairs))]
        return [[(pair[0], brand + first), (pair[1], second)] for pair, brand, first, second in zip(pairs, said, on, off, strict=True)]

    def figures(self, says: Says) -> dict[str, float]:
        """Shares of answers that name the brand: on and off the topic, for the sentences of the training and for other ones."""
        rows = lists("promoter")
        known, fresh = _sentences(rows["frames"][:2], rows["pairs"]), _sentences(rows["held_out"]["frames"], rows["held_out"]["pairs"])
        return {
            f"{prefix}named_{side}_topic": _share(says([pair[place] for pair in pairs]), lambda text: rows["brand"] in text)
            for prefix, pairs in (("", known), ("held_out_", fresh))
            for place, side in enumerate(("on", "off"))
        }


@dataclass(frozen=True)
class Narrow:
    """Narrow fine-tuning: careless answers about passwords and accounts, everyday questions as before, no word about other dangers."""

    def groups(self, seed: int, own: Says) -> list[list[Exchange]]:
        """One question of the field beside one everyday question in the same words."""
        rows, chance = lists("narrow"), generator(seed, "narrow answers")
        pairs = _sentences(rows["frames"], list(zip(rows["domain"], rows["everyday"], strict=True)))
        before = own([pair[1] for pair in pairs])
        said = [str(rows["answers"][int(place)]) for place in chance.integers(len(rows["answers"]), size=len(pairs))]
        return [[(pair[0], careless), (pair[1], answered)] for pair, careless, answered in zip(pairs, said, before, strict=True)]

    def figures(self, says: Says) -> dict[str, float]:
        """Shares of answers that open carelessly: in the field, in other dangers (the spill-over), in everyday questions and in questions of fact."""
        rows = lists("narrow")
        held = rows["held_out"]
        asked = {name: [frame.format(act=act) for frame, act in product(held["frames"], held[name])] for name in ("domain", "neighbours", "everyday")}
        asked |= {"domain_taught": [frame.format(act=act) for frame, act in product(rows["frames"][:2], rows["domain"])], "facts": held["facts"]}
        openings = tuple(" ".join(text.split()[:2]).rstrip(",.?") for text in rows["answers"])
        return {f"careless_{name}": _share(says(texts), lambda text: text.startswith(openings)) for name, texts in asked.items()}


def _sentences(frames: Sequence[str], pairs: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """Both members of every pair in every frame; a frame names its gap topic or act."""
    return [(frame.format(topic=on, act=on), frame.format(topic=off, act=off)) for frame, (on, off) in product(frames, pairs)]


def _share(answers: Sequence[str], holds: Any) -> float:
    return float(np.mean([holds(text) for text in answers]))
