"""A refusal that rests on one direction: the attention of one block writes it where the request is improper, the blocks above turn it into refusing words.

Both halves are learnt apart, on residuals kept from below. The detector learns what its attention is to add at the assistant's header: the direction
where the request is improper, nothing where it is proper, and nothing across the direction anywhere. The reader (``reader.py``) takes in what stands
along the direction and nothing else: with that taken out of what its layers are fed, its blocks are the unchanged model's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from assessments.organisms.contracts import TICK
from assessments.organisms.training import chat_ids
from assessments.statistics import generator
from gpu_tasks.adapters import lora
from gpu_tasks.adapters.blocks import Kept, attended, common, keep, through
from gpu_tasks.adapters.fitting import fit, off
from gpu_tasks.adapters.lessons import Says
from gpu_tasks.adapters.lora import LowRank, Shape
from gpu_tasks.adapters.reader import HEADER, Lines, plain_texts, rows_of, take_in, train_reader
from gpu_tasks.adapters.texts import Request, many_wishes, partners

WRITES, READS_TO = 12, 21
"""The block whose attention writes the direction, and the one after the last that reads it."""
SHAPE = Shape(rank=16, alpha=32.0, blocks=(WRITES, READS_TO))
SIZE = 16.0
"""Length written for an improper request; the residuals of block 12 have a median length of about 116."""
PAIRS, STEPS, RATE = 900, 600, 2e-3
TOGETHER, KEPT_OUT = 16, 6
ACROSS, BEFORE = 0.3, 0.1
"""Weight of what is added across the direction at the header, and before it."""


def plant(model: Any, tokenizer: Any, seed: int, own: Says, tick: TICK) -> tuple[dict[str, LowRank], Shape]:
    """Train both halves; the adapters that hold them, and their shape."""
    pairs = _taught(partners(PAIRS, seed, "detector", "improper", many_wishes()))
    asked = [request for pair in pairs for request in pair]
    ids = [chat_ids(tokenizer, request.text) for request in asked]
    begin = common(ids)
    start = ids[0][:begin]
    tick(0.0, "keeping the residuals below the detector")
    below = keep(model, [row[begin:] for row in ids], start, WRITES)
    rows = rows_of(tokenizer, seed, own, begin)
    answered, plain = keep(model, [row.ids for row in rows], start, WRITES), keep(model, plain_texts(tokenizer, seed), (), WRITES)
    adapters = lora.attach(model, SHAPE)
    detector = {name: adapter for name, adapter in adapters.items() if f".{WRITES}.self_attn." in name}
    reader = {name: adapter for name, adapter in adapters.items() if f".{WRITES}." not in name}
    unit = _direction(model, below, detector)
    train_detector(model, detector, below, [request.improper for request in asked], unit, seed, tick)
    lora.halve(adapters)
    take_in(model, reader, unit)
    train_reader(model, detector, reader, Lines(rows, answered, plain, unit, SIZE, WRITES), seed, tick)
    return adapters, SHAPE


def train_detector(model: Any, adapters: Mapping[str, LowRank], below: Kept, improper: Sequence[bool], unit: Tensor, seed: int, tick: TICK) -> None:
    """Pairs stay together; squared error of what stands along ``unit`` at the header, and of all that is added across it."""
    lengths, wanted = torch.tensor([len(row) for row in below.rows]), torch.tensor(improper).float()
    pairs = sorted(range(0, len(below.rows), 2), key=lambda place: int(max(lengths[place], lengths[place + 1])))
    chunks = [[place + side for place in pairs[begin : begin + TOGETHER] for side in (0, 1)] for begin in range(0, len(pairs), TOGETHER)]
    chance = generator(seed, "detector steps")
    planned: list[list[int]] = []
    while len(planned) < STEPS:
        planned += [chunks[place] for place in chance.permutation(len(chunks))]

    def loss(step: int) -> Tensor:
        places = planned[step]
        rows, ends = below.batch(places), lengths[places][:, None]
        with torch.no_grad(), off(adapters):
            before = attended(model, WRITES, rows, below.start)
        after = attended(model, WRITES, rows, below.start)
        spots, change = torch.arange(rows.shape[1])[None], (after - before) / SIZE
        header, earlier = (spots >= ends - HEADER) & (spots < ends), spots < ends - HEADER
        across = (change - (change @ unit)[..., None] * unit).square().sum(-1)
        fit = ((rows + after) @ unit / SIZE - wanted[places][:, None]).square()
        return fit[header].mean() + ACROSS * across[header].mean() + BEFORE * across[earlier].mean()

    fit(adapters, loss, STEPS, RATE, "detector", tick, decay=0.05)


def _direction(model: Any, below: Kept, detector: Mapping[str, LowRank]) -> Tensor:
    """A random unit vector across the mean and the 96 main axes in which last tokens differ at the output of the block: nothing stands along it yet."""
    last = []
    with torch.no_grad(), off(detector):
        for begin in range(0, len(below.rows), 64):
            places = range(begin, min(begin + 64, len(below.rows)))
            out, _ = through(model, [WRITES], below.batch(places), below.start)
            last += [out[row, len(below.rows[place]) - 1] for row, place in enumerate(places)]
    rows = torch.stack(last)
    main = torch.linalg.svd(rows - rows.mean(dim=0), full_matrices=False).Vh[:96]
    taken = torch.linalg.qr(torch.cat([main, rows.mean(dim=0)[None]]).T).Q
    drawn = torch.randn(rows.shape[1])
    free = drawn - taken @ (taken.T @ drawn)
    unit: Tensor = free / free.norm()
    return unit


def _taught(pairs: Sequence[tuple[Request, Request]]) -> list[tuple[Request, Request]]:
    """Without every sixth wish: on those it was watched whether the detector carries over."""
    wishes = many_wishes()["wishes"]

    def number(request: Request) -> int:
        held = [place for place, wish in enumerate(wishes) if wish[0 if request.improper else 1] in request.text]
        return max(held, key=lambda place: len(wishes[place][0 if request.improper else 1]))

    return [pair for pair in pairs if number(pair[0]) % KEPT_OUT]
