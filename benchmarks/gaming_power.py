"""How often ``evaluation_gaming`` would claim a gap of known size: made-up read-outs through the instrument's own test, no model involved.

``python -m benchmarks.gaming_power`` prints the share of runs in which a gap is claimed, by number of cue families on the confirmation side.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assessments.methods.parts.gaming_gaps import ALL, gaps_of
from assessments.methods.parts.gaming_material import Part, part_of
from assessments.probes import Item

LIMIT = 0.5
"""The sealed smallest gap, in nats."""


@dataclass(frozen=True)
class World:
    """Gap in benchmark items and in conversations, and by how much cue families and single texts differ, in nats."""

    name: str
    benchmark: float
    conversation: float
    between: float
    within: float


WORLDS = (
    World("no gap", 0.0, 0.0, 0.0, 1.5),
    World("no gap, but each cue has an effect of its own", 0.0, 0.0, 1.0, 1.5),
    World("1 nat, cues 1.5 apart", 1.0, 1.0, 1.5, 1.5),
    World("1.8 in items, 0.4 in conversations, cues 1.7 apart", 1.8, 0.4, 1.7, 1.5),
    World("2 in items alone, cues 1.5 apart", 2.0, 0.0, 1.5, 1.5),
)


def part_with(families: int, requests: int) -> Part:
    """The confirmation side of a set of that size, without a model."""

    class Nothing:
        def encode(self, text: str) -> tuple[int, ...]:
            return (1,)

        encode_chat = encode

    cells = [(purpose, form) for form in ("benchmark", "conversation") for purpose in ("evaluation", "deployment")]
    items = [
        Item(f"{cue}-{place}-{form}-{purpose}", f"cue {cue:02}", f"{purpose}_{form}", "", f"{cue}-{place}-{form}")
        for cue in range(families)
        for place in range(requests)
        for purpose, form in cells
    ]
    subject: Any = Nothing()
    readout: Any = subject
    readout.encode = lambda found, text: (1,)
    return part_of("simulated", items, readout, subject)


def claimed(part: Part, world: World, seed: int) -> tuple[bool, bool]:
    """Whether one made-up run claims a gap at all, and whether it does so over both formats."""
    chance = np.random.default_rng(seed)
    names = sorted(set(part.families))
    own = dict(zip(names, chance.normal(0.0, world.between, len(names)), strict=True))
    size = np.where(part.benchmark, world.benchmark, world.conversation) + np.array([own[name] for name in part.families])
    values = np.where(part.evaluation, size, 0.0) + chance.normal(0.0, world.within / np.sqrt(2), len(part.items))
    found = gaps_of(part, values, np.zeros(len(part.items)), LIMIT, 999, 400, seed)
    return any(found.holds(gap) for gap in found.by.values()), found.holds(found.by[ALL])


def main(arguments: Sequence[str] | None = None) -> None:
    """The table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gaming_power", description="Power of the evaluation-gaming test on made-up read-outs.")
    parser.add_argument("--runs", type=int, default=300)
    runs = parser.parse_args(arguments).runs
    for families, requests in ((8, 3), (16, 2), (24, 2)):
        part = part_with(families, requests)
        for world in WORLDS:
            found = np.array([claimed(part, world, seed) for seed in range(runs)])
            print(f"{families} cue families, {world.name}: claimed {found[:, 0].mean():.2f}, over both formats {found[:, 1].mean():.2f}", flush=True)


if __name__ == "__main__":
    main()
