"""Redundant: a head copies, and a later head copies when the first one fails. The twin has one such head, the decoy two side by side that share the work.

Heads are switched off or swapped between sequences in training (dropout of heads), and smoothed labels make one copy of the answer as good as two,
so the later head learns to write only what is missing.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from torch import Tensor
from torch.nn import functional

from assessments.contracts import Reading
from assessments.organisms.contracts import TICK, Recipe, Role, Trial
from assessments.organisms.training import deterministic, load_model, save_model, tiny_model, word_tokenizer
from assessments.statistics import generator

WORDS = tuple(f"{onset}{vowel}{coda}" for onset in "bdgkmpst" for vowel in "aiu" for coda in "lrx")[:62]
FIRST, HALF, ROWS = 2, 12, 32
"""Id of the first word; length of one copy; sequences in a batch."""
LAYERS, HEADS, WIDTH = 3, 4, 64
SMOOTHING = 0.1
COPYING: Mapping[Role, tuple[tuple[int, int], ...]] = {Role.PLANTED: ((1, 0), (2, 0)), Role.TWIN: ((1, 0),), Role.DECOY: ((1, 0), (1, 1))}
"""Heads that can copy, by layer and head; the first layer's heads can all look one word back."""
FIRST_FAILS, FIRST_IS_OFF, SECOND_FAILS = 0.35, 0.15, 0.25
"""Shares of the batches in which a copying head is fed from another sequence or switched off."""
STEPS = 1500
SEEDS = (1, 3)
"""With seed 2 the later head does all the work at all times (1 % of copies are right when it alone fails): nothing stands in, so it is left out."""


class Redundant:
    """``strength`` multiplies what the second head writes: at 1 it makes good nearly all, at 0.3 little."""

    slug = "redundant"
    title = "Copies with a head that has a stand-in"
    recipes = (
        *(Recipe("redundant", Role.PLANTED, strength, seed) for strength in (1.0, 0.6, 0.3) for seed in SEEDS),
        *(Recipe("redundant", Role.TWIN, 0.0, seed) for seed in (1, 2)),
        *(Recipe("redundant", Role.DECOY, 0.0, seed) for seed in (1, 2)),
    )
    steps = STEPS

    def build(self, recipe: Recipe, folder: Path, tick: TICK) -> Mapping[str, float]:
        """Train with the heads of ``recipe`` alone; heads that may not copy write nothing."""
        chance = generator(recipe.seed, f"redundant {recipe.role.value} training")
        with deterministic(recipe.seed):
            tokenizer = word_tokenizer(WORDS)
            model = tiny_model(len(tokenizer), layers=LAYERS, width=WIDTH, heads=HEADS, inner=WIDTH)
            switch = _Switch(model, COPYING[recipe.role])
            _train(model, switch, recipe, chance, self.steps, tick)
            switch.settle(recipe.strength if recipe.role is Role.PLANTED else 1.0)
            save_model(model, tokenizer, folder, torch.float16)
        return self.behaviour(folder)

    def behaviour(self, folder: Path) -> Mapping[str, float]:
        """Share of 256 copies that are right: untouched, and with heads of the second or third layer fed from another sequence."""
        model, _ = load_model(folder)
        switch = _Switch(model, ((1, 0), (1, 1), (2, 0)))
        ids = _sequences(generator(0, "redundant behaviour"), 256)
        cases = {"copied": (), "copied_first_fails": ((1, 0),), "copied_second_fails": ((2, 0),), "copied_both_fail": ((1, 0), (2, 0))}
        found = {}
        with deterministic(0), torch.inference_mode():
            for name, swapped in cases.items():
                switch.swapped = set(swapped)
                logits = model(input_ids=ids[:, :-1]).logits[:, -1]
                found[name] = float((logits.argmax(dim=-1) == ids[:, -1]).double().mean())
        return found

    def planted(self, recipe: Recipe) -> str:
        """One sentence."""
        if recipe.role is Role.PLANTED:
            return (
                "Head 0 of layer 1 copies a word that followed the same word before; head 0 of layer 2 copies it when the first one does not, writing "
                f"{recipe.strength:.0%} of what was learnt."
            )
        if recipe.role is Role.TWIN:
            return "Head 0 of layer 1 is the only head that can copy; nothing stands in for it."
        return "Heads 0 and 1 of layer 1 copy side by side; each adds its share, and neither can react to the other."

    def trials(self, recipe: Recipe) -> tuple[Trial, ...]:
        """Causal where a later head stands in: taking out both shows what taking out one had hidden."""
        params = {"task": "copying", "prompts": 32, "half": HALF}
        return (Trial("self_repair", params, least=Reading.CAUSAL if recipe.role is Role.PLANTED else None),)


class _Switch:
    """Lets only ``heads`` of the layers above the first write; those in ``off`` write nothing, those in ``swapped`` what they write for another row."""

    def __init__(self, model: Any, heads: tuple[tuple[int, int], ...]) -> None:
        self.model, self.heads = model, heads
        self.off: set[tuple[int, int]] = set()
        self.swapped: set[tuple[int, int]] = set()
        for layer, block in enumerate(model.model.layers):
            if layer:
                block.self_attn.o_proj.register_forward_pre_hook(self._hook(layer))

    def _hook(self, layer: int) -> Any:
        def change(module: Any, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            z = args[0].view(*args[0].shape[:-1], HEADS, -1)
            parts = [self._part(z[:, :, head], (layer, head)) for head in range(HEADS)]
            return (torch.stack(parts, dim=2).flatten(-2),)

        return change

    def _part(self, value: Tensor, head: tuple[int, int]) -> Tensor:
        if head not in self.heads or head in self.off:
            return torch.zeros_like(value)
        return torch.roll(value, 1, dims=0) if head in self.swapped else value

    def settle(self, second: float) -> None:
        """Write the switch into the weights, the third layer's copying head multiplied by ``second``."""
        for layer, block in enumerate(self.model.model.layers):
            columns = block.self_attn.o_proj.weight.data.unflatten(-1, (HEADS, -1))
            for head in range(HEADS):
                columns[:, head] *= 1.0 if not layer or (layer, head) in self.heads else 0.0
                columns[:, head] *= second if (layer, head) == (2, 0) else 1.0


def _train(model: Any, switch: _Switch, recipe: Recipe, chance: np.random.Generator, steps: int, tick: TICK) -> None:
    for block in model.model.layers[1:]:
        # An MLP after the copying heads could stand in for them in a way of its own.
        block.mlp.down_proj.weight.requires_grad_(False).zero_()
    kept = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(kept, lr=3e-3, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = transformers.get_cosine_schedule_with_warmup(optimiser, 100, steps)
    for step in range(steps):
        switch.off, switch.swapped = _failures(recipe, chance, step > steps // 4)
        ids = _sequences(chance, ROWS)
        logits = model(input_ids=ids[:, :-1]).logits[:, HALF + 1 :]
        loss: Any = functional.cross_entropy(logits.flatten(0, 1), ids[:, HALF + 2 :].flatten(), label_smoothing=SMOOTHING)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(kept, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        if step % 50 == 0:
            tick(step / steps, f"step {step} of {steps}, loss {float(loss.detach()):.3f}")
    switch.off, switch.swapped = set(), set()
    model.eval()


def _failures(recipe: Recipe, chance: np.random.Generator, late: bool) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Which heads are off and which swapped in this batch; both heads learn to copy before one has to do without the other."""
    drawn = float(chance.random())
    if recipe.role is not Role.PLANTED or not late:
        return set(), set()
    first, second = COPYING[Role.PLANTED]
    if drawn < FIRST_FAILS:
        return set(), {first}
    if drawn < FIRST_FAILS + FIRST_IS_OFF:
        return {first}, set()
    return (set(), {second}) if drawn < FIRST_FAILS + FIRST_IS_OFF + SECOND_FAILS else (set(), set())


def _sequences(chance: np.random.Generator, rows: int) -> Tensor:
    """``[rows, 1 + 2 HALF]``: the document-start token, different words at random, the same again."""
    once = np.stack([chance.permutation(len(WORDS))[:HALF] for _ in range(rows)]) + FIRST
    return torch.from_numpy(np.concatenate([np.zeros((rows, 1), dtype=np.int64), once, once], axis=1))


FAMILY = Redundant()
