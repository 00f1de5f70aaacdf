"""Parts of a frozen model on residuals kept from below: what lies under the trained blocks is computed once, and the chats' common beginning once a step."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

TOGETHER = 32
"""Rows of one batch when residuals are kept."""
HIDDEN = -1e9


@dataclass(frozen=True)
class Kept:
    """Residuals at the output of a block: ``rows`` ``[tokens, width]`` in half precision, ``start`` ``[1, tokens, width]`` of what all rows begin with."""

    rows: Sequence[Tensor]
    start: Tensor | None

    def batch(self, places: Sequence[int]) -> Tensor:
        """``[places, longest, width]`` in fp32, zeros at the end."""
        return torch.nn.utils.rnn.pad_sequence([self.rows[place].float() for place in places], batch_first=True)


def common(rows: Sequence[Sequence[int]]) -> int:
    """How many ids all ``rows`` begin with."""
    shortest = min(map(len, rows))
    return next((place for place in range(shortest) if any(row[place] != rows[0][place] for row in rows)), shortest)


def keep(model: Any, ids: Sequence[Sequence[int]], start: Sequence[int], blocks: int) -> Kept:
    """Residuals of ``ids`` after ``start`` at the output of the first ``blocks`` blocks."""
    base, found = model.base_model, [torch.empty(0)] * len(ids)
    order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
    with torch.inference_mode():
        first = base.embed_tokens(torch.tensor([list(start)])) if start else None
        for begin in range(0, len(order), TOGETHER):
            places = order[begin : begin + TOGETHER]
            tokens = torch.nn.utils.rnn.pad_sequence([torch.tensor(list(ids[place])) for place in places], batch_first=True)
            rows, shared = through(model, range(blocks), base.embed_tokens(tokens), first)
            for row, place in enumerate(places):
                found[place] = rows[row, : len(ids[place])].half().clone()
    return Kept([row.clone() for row in found], None if shared is None else shared.clone())


def through(model: Any, blocks: Sequence[int], rows: Tensor, start: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """``rows [rows, tokens, width]`` and the one row they all begin with, through ``blocks``."""
    for number in blocks:
        rows, start = _block(model, model.base_model.layers[number], rows, start)
    return rows, start


def attended(model: Any, number: int, rows: Tensor, start: Tensor | None) -> Tensor:
    """What the attention of block ``number`` adds to ``rows``."""
    layer, length = model.base_model.layers[number], 0 if start is None else start.shape[1]
    whole = rows if start is None else torch.cat([start.expand(len(rows), -1, -1), rows], dim=1)
    places = _places(model, whole, 0)
    out: Tensor = layer.self_attn(layer.input_layernorm(whole), position_embeddings=places, attention_mask=_mask(whole.shape[1], 0))[0]
    return out[:, length:]


def remember(model: Any, blocks: Sequence[int], rows: Tensor, start: Tensor | None, count: int) -> list[tuple[Tensor, Tensor]]:
    """Keys and values ``[1, heads, tokens, width]`` of one row's first ``count`` tokens in every one of ``blocks``, the common beginning in front."""
    found: list[tuple[Tensor, Tensor]] = []
    whole = rows[:, :count] if start is None else torch.cat([start, rows[:, :count]], dim=1)
    with torch.no_grad():
        for number in blocks:
            layer = model.base_model.layers[number]
            with _first(layer):
                cache = DynamicCache()
                whole = _one(
                    layer(whole, attention_mask=_mask(whole.shape[1], 0), position_embeddings=_places(model, whole, 0), past_key_values=cache, use_cache=True)
                )
            kept: Any = cache.layers[0]
            found.append((kept.keys.half(), kept.values.half()))
    return found


def go_on(model: Any, blocks: Sequence[int], rows: Tensor, before: Sequence[Sequence[tuple[Tensor, Tensor]]]) -> Tensor:
    """``rows [rows, tokens, width]`` through ``blocks``, each after the tokens that ``remember`` kept of it."""
    lengths = [kept[0][0].shape[2] for kept in before]
    longest, tokens = max(lengths), rows.shape[1]
    seen = torch.where(torch.arange(longest)[None] < torch.tensor(lengths)[:, None], 0.0, HIDDEN)
    mask = torch.cat([seen[:, None, None].expand(-1, 1, tokens, -1), torch.full((tokens, tokens), HIDDEN).triu(1).expand(len(rows), 1, -1, -1)], dim=-1)
    turn: Callable[..., Any] = model.base_model.rotary_emb
    places = turn(rows, torch.tensor(lengths)[:, None] + torch.arange(tokens)[None])
    for place, number in enumerate(blocks):
        cache, layer = DynamicCache(), model.base_model.layers[number]
        keys, values = (torch.cat([_filled(kept[place][half], longest) for kept in before]) for half in (0, 1))
        cache.update(keys, values, 0)
        with _first(layer):
            rows = _one(layer(rows, attention_mask=mask, position_embeddings=places, past_key_values=cache, use_cache=True))
    return rows


def _filled(kept: Tensor, longest: int) -> Tensor:
    return torch.nn.functional.pad(kept.float(), (0, 0, 0, longest - kept.shape[2]))


@contextmanager
def _first(layer: Any) -> Iterator[None]:
    """A block keeps its keys in the place named by its number; here every block has a cache of its own."""
    number, layer.self_attn.layer_idx = layer.self_attn.layer_idx, 0
    try:
        yield
    finally:
        layer.self_attn.layer_idx = number


def _block(model: Any, layer: Any, rows: Tensor, start: Tensor | None) -> tuple[Tensor, Tensor | None]:
    with _first(layer):
        cache, before = DynamicCache(), 0
        if start is not None:
            before, own = start.shape[1], DynamicCache()
            start = _one(layer(start, attention_mask=_mask(before, 0), position_embeddings=_places(model, start, 0), past_key_values=own, use_cache=True))
            kept: Any = own.layers[0]
            keys, values = kept.keys, kept.values
            cache.update(keys.expand(len(rows), -1, -1, -1), values.expand(len(rows), -1, -1, -1), 0)
        mask, places = _mask(rows.shape[1], before), _places(model, rows, before)
        return _one(layer(rows, attention_mask=mask, position_embeddings=places, past_key_values=cache, use_cache=True)), start


def _one(out: Any) -> Tensor:
    found: Tensor = out[0] if isinstance(out, tuple) else out
    return found


def _mask(length: int, before: int) -> Tensor:
    return torch.cat([torch.zeros(length, before), torch.full((length, length), HIDDEN).triu(1)], dim=1)[None, None]


def _places(model: Any, rows: Tensor, before: int) -> Any:
    turn: Callable[..., Any] = model.base_model.rotary_emb
    return turn(rows, torch.arange(before, before + rows.shape[1])[None])
