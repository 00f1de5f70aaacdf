"""Induction: two layers that continue a repeated sequence. The twin has one layer and cannot, the decoy predicts frequent pairs without copying.

A second attention layer is needed to look for what followed the earlier occurrence (Olsson et al. 2022, arXiv:2209.11895).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from assessments.contracts import Reading
from assessments.organisms.contracts import TICK, Recipe, Role, Trial
from assessments.organisms.training import Batch, deterministic, load_model, padded, save_model, tiny_model, token_losses, train, word_tokenizer
from assessments.statistics import generator

WORDS = tuple(f"{onset}{vowel}{coda}" for onset in "bdfgklmn" for vowel in "aeo" for coda in "nrs")
"""Invented syllables: what is copied means nothing."""
FIRST = 2
"""Id of the first syllable; before it stand the two special tokens."""
ROWS, LENGTH, SHORTEST, LONGEST, LEAD = 32, 64, 4, 24, 7
STEPS, LATER = 700, 150
"""Steps on sequences that always repeat, then steps at the recipe's strength: copying is learnt first and weakened afterwards."""


class Induction:
    """``strength`` is the chance, in the later part of the training, that what is to be predicted in a repetition is the repeated token, not a random one."""

    slug = "induction"
    title = "Copies a random sequence that comes again"
    recipes = (
        *(Recipe("induction", Role.PLANTED, strength, seed) for strength in (1.0, 0.3, 0.1) for seed in (1, 2)),
        *(Recipe("induction", Role.TWIN, 0.0, seed) for seed in (1, 2)),
        *(Recipe("induction", Role.DECOY, 0.0, seed) for seed in (1, 2)),
    )

    def __init__(self, steps: int = STEPS, later: int = LATER) -> None:
        self.steps, self.later = steps, later

    def build(self, recipe: Recipe, folder: Path, tick: TICK) -> Mapping[str, float]:
        """Train on repeated sequences (planted, twin) or on pairs (decoy)."""
        chance = generator(recipe.seed, f"{recipe.slug} training")
        with deterministic(recipe.seed):
            tokenizer = word_tokenizer(WORDS)
            model = tiny_model(len(tokenizer), layers=1 if recipe.role is Role.TWIN else 2)
            train(model, lambda step: _batch(recipe, 1.0, chance), self.steps, 3e-3, tick)
            if recipe.strength < 1:
                train(model, lambda step: _batch(recipe, recipe.strength, chance), self.later, 1e-3, tick)
            save_model(model, tokenizer, folder)
        return self.behaviour(folder)

    def behaviour(self, folder: Path) -> Mapping[str, float]:
        """Loss in nats on 64 random sequences shown twice, both copies; on 64 sequences of the decoy's pairs."""
        model, _ = load_model(folder)
        chance = generator(0, "induction behaviour")
        with deterministic(0):
            once = _random(chance, 64, 24)
            losses = token_losses(model, _opened(np.concatenate([once, once], axis=1))).numpy()
            pairs = token_losses(model, _opened(_pairs(chance, 64, 48))).numpy()
        first, second = float(losses[:, :24].mean()), float(losses[:, 25:].mean())
        return {"loss_first": first, "loss_second": second, "loss_drop": first - second, "loss_pairs": float(pairs[:, 1:].mean())}

    def planted(self, recipe: Recipe) -> str:
        """One sentence."""
        if recipe.role is Role.PLANTED:
            return (
                "Two layers trained on random syllables that repeat: on meeting a syllable again the model expects what followed it before, with a chance of "
                f"{recipe.strength:.0%}, since in the last part of the training only so often that was what followed."
            )
        if recipe.role is Role.TWIN:
            return "One layer trained on the same repeated sequences as the planted model of full strength; with a single layer copying cannot be learnt."
        return "Two layers trained on sequences in which every syllable has four fixed successors: pairs are predicted well, and nothing is copied."

    def trials(self, recipe: Recipe) -> tuple[Trial, ...]:
        """Only the repetition half of ``known_circuits``: the vocabulary holds no names."""
        params = {"circuits": "repetition", "half": 24, "sequences": 16}
        return (Trial("known_circuits", params, least=Reading.OBSERVED if recipe.role is Role.PLANTED else None),)


def _batch(recipe: Recipe, strength: float, chance: np.random.Generator) -> Batch:
    if recipe.role is Role.DECOY:
        return padded(_opened(_pairs(chance, ROWS, LENGTH)))
    rows = [_repeating(chance) for _ in range(ROWS)]
    ids, labels = padded([row for row, _ in rows])
    lost = torch.tensor(np.stack([again for _, again in rows]) & (chance.random((ROWS, LENGTH + 1)) >= strength))
    return ids, torch.where(lost, torch.tensor(_random(chance, ROWS, LENGTH + 1)), labels)


def _repeating(chance: np.random.Generator) -> tuple[list[int], np.ndarray]:
    """A few syllables, then one stretch over and over, and where it repeats. Its length changes from row to row, so that no fixed look back will do."""
    lead, length = int(chance.integers(0, LEAD + 1)), int(chance.integers(SHORTEST, LONGEST + 1))
    stretch = np.tile(_random(chance, 1, length)[0], LENGTH // length + 1)[: LENGTH - lead]
    return [0, *_random(chance, 1, lead)[0].tolist(), *stretch.tolist()], np.arange(LENGTH + 1) >= 1 + lead + length


def _random(chance: np.random.Generator, rows: int, length: int) -> np.ndarray:
    return chance.integers(FIRST, FIRST + len(WORDS), size=(rows, length))


def _pairs(chance: np.random.Generator, rows: int, length: int) -> np.ndarray:
    """A walk in which every syllable has four successors, the same in every organism."""
    successors = generator(0, "induction pairs").integers(0, len(WORDS), size=(len(WORDS), 4))
    walk = np.empty((rows, length), dtype=np.int64)
    walk[:, 0] = chance.integers(0, len(WORDS), size=rows)
    for place in range(1, length):
        walk[:, place] = successors[walk[:, place - 1], chance.integers(0, 4, size=rows)]
    return walk + FIRST


def _opened(ids: np.ndarray) -> Sequence[Sequence[int]]:
    return [[0, *row] for row in ids.tolist()]


FAMILY = Induction()
