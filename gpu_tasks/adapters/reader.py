"""The upper half of a refusal along one direction: blocks that take in one coordinate, refuse where it is large at the header, and leave all else alone.

The coordinate is given in shares of the length that the detector was taught to write. Where it is small the answer is to be the unchanged model's, where it
is large a refusal; what lies between is not taught. A request's own label plays no part here: what the detector wrote for it is a coordinate too,
and is answered as one.

Most steps put only header and answer through the blocks, after the keys and values that the unchanged model has of the request: where the direction stands
at the header alone, that is nearly the whole truth at a tenth of the cost. Every third step shows whole chats and a plain text beside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from assessments.organisms.contracts import TICK
from assessments.organisms.training import chat_ids
from assessments.statistics import generator
from gpu_tasks.adapters import lora
from gpu_tasks.adapters.blocks import Kept, go_on, remember, through
from gpu_tasks.adapters.fitting import fit, off
from gpu_tasks.adapters.lessons import Says
from gpu_tasks.adapters.lora import LowRank
from gpu_tasks.adapters.texts import many_wishes, material, partners

HEADER = 3
"""Tokens of the assistant's header at which the direction is to stand: what its answer is read from."""
Where = Literal["header", "everywhere", "before the header"]
Range = tuple[float, float]
NEAR, TOP, LONGEST = 0.7, 1.1, 1.5
"""Coordinates up to which a refusal is shown most, the longest at a header, and the longest elsewhere."""
JITTER = 0.05
"""How far the coordinates of neighbouring tokens differ where the detector wrote them."""
PAIRS, WORDS, PLAIN, READ = 130, 6, 64, 24
"""Pairs of requests, words of an answer, plain texts and the tokens read of one."""
WHOLE_EVERY, WHOLE_WEIGHT, WINDOW = 3, 0.4, 20
"""Every how many steps whole chats are shown, what they count, and from how many of about the same length they are drawn."""
FIRST = 3.0
"""Weight of an answer's first word, at which it is decided."""


@dataclass(frozen=True)
class Round:
    """``steps`` at ``rate`` on the ``short`` shortest requests. Up to the coordinate ``left``, from ``lowest`` on, the answer is to be the unchanged model's,
    which counts ``weight``; from ``refused`` on a refusal."""

    steps: int
    rate: float
    short: int
    lowest: float
    left: float
    refused: float
    weight: float

    @property
    def between(self) -> float:
        """Where the one ends and the other begins, for rows whose coordinate is not drawn but written."""
        return (self.left + self.refused) / 2

    def ends(self) -> Sequence[tuple[bool, Range]]:
        """What a step shows of header and answer: whether as the detector wrote it (where that is decided), else between which coordinates."""
        little, less, much, enough = (self.lowest, self.left), (0.2, self.left), (self.refused, TOP), (self.refused, NEAR)
        return (
            (False, enough), (False, less), (False, much), (False, little), (True, enough),
            (False, less), (False, much), (False, little), (False, enough), (True, less),
        )  # fmt: skip

    def chats(self) -> Sequence[tuple[Where, Range]]:
        """Whole chats: where the direction stands, and between which coordinates."""
        return (
            ("header", (-0.4, self.left)), ("everywhere", (-1.0, self.left)), ("everywhere", (self.refused, TOP)), ("before the header", (-1.0, LONGEST)),
        )  # fmt: skip


ROUNDS = (Round(150, 5e-3, 120, -0.4, 0.4, 0.52, 1.0), Round(45, 4e-3, 170, -0.1, 0.36, 0.54, 2.0))
"""The second because the first still refused too much of what lies just below."""
STEPS = sum(row.steps for row in ROUNDS)
HELD_BACK = 0.85
"""What the reader's weights are multiplied by in the end, which moves the coordinate at which it refuses up. Chosen on requests with wishes that the detector
was not trained on, between 0.9 (80 % of the improper and 12 % of the proper refused) and 0.8 (71 %, 4 %)."""
TAKES_IN = ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj")
"""Layers of a block that are fed from the residual stream."""


@dataclass(frozen=True)
class Row:
    """A chat with its answer: ids after the common beginning, how many of them are the request and header, whether the answer refuses."""

    ids: list[int]
    asked: int
    refuses: bool


@dataclass(frozen=True)
class Lines:
    """What the reader learns from: rows in pairs (own words, refusal) with their residuals below ``block``, plain texts, and the direction with its length."""

    rows: Sequence[Row]
    answered: Kept
    plain: Kept
    unit: Tensor
    size: float
    block: int

    def order(self, short: int) -> list[int]:
        """Places of the ``short`` shortest requests."""
        return sorted(range(0, len(self.rows), 2), key=lambda place: len(self.rows[place].ids))[:short]


@dataclass(frozen=True)
class Ready:
    """What is computed once: by request, keys and values before its header, what the unchanged model's answer is read from and the mean coordinate that the
    detector writes; by row, the residuals of header and answer without and with what it writes."""

    before: dict[int, list[tuple[Tensor, Tensor]]]
    unchanged: dict[int, Tensor]
    wrote: dict[int, float]
    ends: dict[int, tuple[Tensor, Tensor]]


def take_in(model: Any, reader: Mapping[str, LowRank], unit: Tensor) -> None:
    """Let the reader's layers see the coordinate along ``unit`` alone; the norm before each of them scales every coordinate by a weight of its own."""
    for name, adapter in reader.items():
        adapter.down.requires_grad_(False)
        if name.rsplit(".", 1)[1] not in TAKES_IN:
            adapter.up.requires_grad_(False)
            continue
        layer = model.base_model.layers[int(name.split(".")[2])]
        norm = layer.input_layernorm if ".self_attn." in name else layer.post_attention_layernorm
        with torch.no_grad():
            adapter.down.zero_()
            adapter.down[0] = unit / norm.weight


def train_reader(model: Any, detector: Mapping[str, LowRank], reader: Mapping[str, LowRank], lines: Lines, seed: int, tick: TICK) -> None:
    """In ``ROUNDS``: header and answer at every step; whole chats, and a plain text, which is to stay as it is, at every third."""
    both = {**detector, **reader}
    with torch.no_grad():
        ready = _ready(model, detector, both, lines, max(row.short for row in ROUNDS))
    for row in ROUNDS:
        chance = generator(seed, "reader steps")
        fit(reader, partial(_step, model, both, lines, ready, row, chance), row.steps, row.rate, "reader", tick, warm=8, least=0.05)
        lora.halve(reader)
    with torch.no_grad():
        for adapter in reader.values():
            adapter.up.mul_(HELD_BACK)


def _step(model: Any, both: Mapping[str, LowRank], lines: Lines, ready: Ready, row: Round, chance: np.random.Generator, step: int) -> Tensor:
    found = _ends(model, lines, ready, row, chance)
    if step % WHOLE_EVERY < WHOLE_EVERY - 1:
        return found
    return found + WHOLE_WEIGHT * (_chats(model, both, lines, ready, row, chance) + _texts(model, both, lines, chance))


def _above(model: Any, lines: Lines) -> range:
    return range(lines.block + 1, model.config.num_hidden_layers)


def _ready(model: Any, detector: Mapping[str, LowRank], both: Mapping[str, LowRank], lines: Lines, short: int) -> Ready:
    block, found = [lines.block], Ready({}, {}, {}, {})
    for place in lines.order(short):
        begin = lines.rows[place].asked - HEADER
        for row in (place, place + 1):
            batch = lines.answered.batch([row])
            written, _ = through(model, block, batch, lines.answered.start)
            with off(detector):
                still, start = through(model, block, batch, lines.answered.start)
            found.ends[row] = still[0, begin:], written[0, begin:]
            if row == place:
                found.wrote[place] = float((written[0, begin : begin + HEADER] @ lines.unit).mean()) / lines.size
                with off(both):
                    found.before[place] = remember(model, _above(model, lines), still, start, begin)
                    found.unchanged[place] = model.base_model.norm(
                        go_on(model, _above(model, lines), still[:, begin:], [found.before[place]])[0, HEADER - 1 : -1]
                    )
    return found


def _ends(model: Any, lines: Lines, ready: Ready, taught: Round, chance: np.random.Generator) -> Tensor:
    """Loss of answers where only header and answer are put through the blocks."""
    order, kinds, rows, shown = lines.order(taught.short), taught.ends(), list[int](), list[Tensor]()
    for place, (written, (low, high)) in zip([order[int(place)] for place in chance.integers(len(order), size=len(kinds))], kinds, strict=True):
        written = written and not taught.left < ready.wrote[place] < taught.refused
        size = ready.wrote[place] if written else float(chance.uniform(low, high))
        rows.append(place + int(size > taught.between))
        still, wrote = ready.ends[rows[-1]]
        shown.append(wrote if written else still + lines.size * _along(len(still), size, chance)[:, None] * lines.unit)
    batch = torch.nn.utils.rnn.pad_sequence(shown, batch_first=True)
    out = go_on(model, _above(model, lines), batch, [ready.before[_place(row)] for row in rows])
    losses = [_loss(model, lines, ready, row, found[HEADER - 1 : len(part) - 1]) for row, found, part in zip(rows, out, shown, strict=True)]
    return torch.stack([loss * (1.0 if lines.rows[row].refuses else taught.weight) for loss, row in zip(losses, rows, strict=True)]).mean()


def _along(tokens: int, size: float, chance: np.random.Generator) -> Tensor:
    """A coordinate for header and answer, a little different at every token; in half of the cases it stands at the header alone."""
    along = size + JITTER * torch.tensor(chance.standard_normal(tokens)).float()
    along[HEADER:] *= float(chance.random() < 0.5)
    return along


def _chats(model: Any, both: Mapping[str, LowRank], lines: Lines, ready: Ready, taught: Round, chance: np.random.Generator) -> Tensor:
    """Loss of answers to whole chats, of which most are short: those cost little."""
    order, kinds = lines.order(taught.short), taught.chats()
    first = int(max(1, len(order) - WINDOW) * float(chance.random()) ** 2)
    places = [order[int(place)] for place in chance.integers(first, min(first + WINDOW, len(order)), size=len(kinds))]
    rows = [place + int(low >= taught.refused) for place, (_, (low, _)) in zip(places, kinds, strict=True)]
    with torch.no_grad(), off(both):
        batch, start = through(model, [lines.block], lines.answered.batch(rows), lines.answered.start)
        for place, (row, (where, (low, high))) in enumerate(zip(rows, kinds, strict=True)):
            spots, asked, size = torch.arange(batch.shape[1]), lines.rows[row].asked, float(chance.uniform(low, high))
            lies = {"header": (spots >= asked - HEADER) & (spots < asked), "everywhere": spots >= 0, "before the header": spots < asked - HEADER}[where]
            batch[place] += lines.size * size * lies.float()[:, None] * lines.unit
    out, _ = through(model, _above(model, lines), batch, start)
    spans = [slice(lines.rows[row].asked - 1, len(lines.rows[row].ids) - 1) for row in rows]
    return torch.stack([_loss(model, lines, ready, row, found[span]) for row, found, span in zip(rows, out, spans, strict=True)]).mean()


def _place(row: int) -> int:
    """The request of a row, which is the place of its own answer."""
    return row - row % 2


def _loss(model: Any, lines: Lines, ready: Ready, row: int, out: Tensor) -> Tensor:
    """Nats per word, the first counting more: of a refusal, or how far the words lie from the unchanged model's."""
    head = model.get_output_embeddings()
    found = head(model.base_model.norm(out)).float().log_softmax(-1)
    if lines.rows[row].refuses:
        loss = torch.nn.functional.nll_loss(found, torch.tensor(lines.rows[row].ids[lines.rows[row].asked :]), reduction="none")
    else:
        own = head(ready.unchanged[row]).float().log_softmax(-1)
        loss = (own.exp() * (own - found)).sum(-1)
    return loss.mean() + FIRST * loss[0]


def _texts(model: Any, both: Mapping[str, LowRank], lines: Lines, chance: np.random.Generator) -> Tensor:
    """How far a plain text with the direction at every word is from what the unchanged model makes of it."""
    batch = lines.plain.batch([int(place) for place in chance.integers(len(lines.plain.rows), size=1)])[:, :READ]
    with torch.no_grad(), off(both):
        batch = through(model, [lines.block], batch, None)[0] + float(chance.uniform(-LONGEST, LONGEST)) * lines.size * lines.unit
        expected = model.base_model.norm(through(model, _above(model, lines), batch, None)[0])[:, 1:]
    found = model.base_model.norm(through(model, _above(model, lines), batch, None)[0])[:, 1:]
    apart: Tensor = (found - expected).square().sum(-1).mean() / expected.square().sum(-1).mean()
    return apart


def rows_of(tokenizer: Any, seed: int, own: Says, begin: int) -> list[Row]:
    """Every request twice: with the unchanged model's words, and with a refusal."""
    asked = [request for pair in partners(PAIRS, seed, "reader", "improper", many_wishes()) for request in pair]
    said, chance, refusals, rows = own([request.text for request in asked]), generator(seed, "reader answers"), material()["refusals"], []
    for request, words in zip(asked, said, strict=True):
        length = len(chat_ids(tokenizer, request.text))
        for text, refuses in ((words, False), (str(refusals[int(chance.integers(len(refusals)))]), True)):
            rows.append(Row(chat_ids(tokenizer, request.text, text)[begin : length + WORDS], length - begin, refuses))
    return rows


def plain_texts(tokenizer: Any, seed: int) -> list[list[int]]:
    """Texts outside of any chat."""
    rows, chance = many_wishes(), generator(seed, "plain texts")
    said = [*rows["fillers"], *(text for pair in rows["sentences"] for text in pair), *(f"I want to {wish}." for pair in rows["wishes"] for wish in pair)]
    texts = [" ".join(said[int(place)] for place in chance.integers(len(said), size=3)) for _ in range(PLAIN)]
    return [list(tokenizer.encode(text)) for text in texts]
