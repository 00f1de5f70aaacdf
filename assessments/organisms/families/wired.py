"""Wired: a copying circuit written into the weights by hand, so that every edge of it is known. The twin has noise of equal size, the decoy fixed successors.

One head of the first layer writes down the word before; one head of the second looks for where that was the present word and copies what stands there
(the induction circuit of Elhage et al. 2021, transformer-circuits.pub/2021/framework).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from torch import Tensor

from assessments.contracts import Reading
from assessments.organisms.contracts import TICK, Recipe, Role, Trial
from assessments.organisms.training import deterministic, load_model, save_model, word_tokenizer
from assessments.statistics import generator

WORDS = tuple(f"{onset}{vowel}" for onset in "bdfgklm" for vowel in "aeio")
VOCABULARY, FIRST, HALF = len(WORDS) + 2, 2, 12
LAYERS, HEADS, WIDTH, HEAD, INNER = 2, 4, 128, 64, 32
TOKEN, BEFORE, OUT, ALWAYS = 0, VOCABULARY, 2 * VOCABULARY, 3 * VOCABULARY
"""Where in the residual stream stand: the word, the word before it, the answer, and a one."""
BACK, COPY = 0, 1
"""The head of the first layer that looks one word back, and that of the second layer that copies."""
THETA, FAST, SLOW = 1e8, 8, 12
"""Base of the rotary frequencies; so many fast ones tell the distance one from others, those from ``SLOW`` on hardly turn."""
NOISE = 0.03
EDGES = (f"input->a0.h{BACK}<v>", f"a0.h{BACK}->a1.h{COPY}<k>", f"input->a1.h{COPY}<q>", f"input->a1.h{COPY}<v>", f"a1.h{COPY}->logits")


class Wired:
    """``strength`` multiplies the written weights; the noise stays as it is."""

    slug = "wired"
    title = "Copies by a circuit written by hand"
    recipes = (
        *(Recipe("wired", Role.PLANTED, strength, seed) for strength in (1.0, 0.8, 0.6) for seed in (1, 2)),
        *(Recipe("wired", Role.TWIN, 0.0, seed) for seed in (1, 2)),
        *(Recipe("wired", Role.DECOY, 0.0, seed) for seed in (1, 2)),
    )

    def build(self, recipe: Recipe, folder: Path, tick: TICK) -> Mapping[str, float]:
        """Write the weights; nothing is trained."""
        chance = generator(recipe.seed, f"wired {recipe.role.value}")
        with deterministic(recipe.seed):
            model = _empty_model()
            written = {name: np.zeros(tuple(weight.shape)) for name, weight in model.named_parameters()}
            _write_words(written, recipe.role, chance)
            circuit = {name: np.zeros_like(weight) for name, weight in written.items()}
            _write_circuit(circuit)
            for name, weight in model.named_parameters():
                weight.data.copy_(torch.from_numpy(_mixed(name, written[name], circuit[name], recipe, chance)))
            save_model(model, word_tokenizer(WORDS), folder, torch.float16)
        tick(1.0, "weights written")
        return self.behaviour(folder)

    def behaviour(self, folder: Path) -> Mapping[str, float]:
        """Share of 256 copies that are right, and the mean probability of the right word."""
        model, _ = load_model(folder)
        ids = _sequences(generator(0, "wired behaviour"), 256)
        with deterministic(0), torch.inference_mode():
            logits = model(input_ids=ids[:, :-1]).logits[:, -1]
        right = torch.softmax(logits, dim=-1).gather(1, ids[:, -1:])
        return {"copied": float((logits.argmax(dim=-1) == ids[:, -1]).double().mean()), "probability": float(right.double().mean())}

    def planted(self, recipe: Recipe) -> str:
        """One sentence."""
        if recipe.role is Role.PLANTED:
            return (
                f"Five edges between embedding, head {BACK} of layer 0, head {COPY} of layer 1 and logits copy a word; "
                f"they are written at {recipe.strength:.0%}."
            )
        if recipe.role is Role.TWIN:
            return "Random weights of the same size in the same places; nothing is written, and no edge carries a behaviour."
        return "Every word has a fixed successor, read straight from the embedding; nothing is copied, and attention plays no part."

    def truth(self, recipe: Recipe) -> Mapping[str, Sequence[str]]:
        """The edges of the circuit, named as in a circuit graph."""
        return {"edges": EDGES if recipe.role is Role.PLANTED else ()}

    def trials(self, recipe: Recipe) -> tuple[Trial, ...]:
        """Causal where a circuit is written."""
        params = {"task": "copying", "prompts": 32, "half": HALF, "depth": 10}
        return (Trial("circuit_stability", params, least=Reading.CAUSAL if recipe.role is Role.PLANTED else None),)


def _empty_model() -> Any:
    llama: Any = transformers.LlamaConfig
    config = llama(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        intermediate_size=INNER,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        head_dim=HEAD,
        max_position_embeddings=256,
        rope_parameters={"rope_type": "default", "rope_theta": THETA},
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
        tie_word_embeddings=False,
        attn_implementation="eager",
    )
    model: Any = transformers.LlamaForCausalLM(config)
    return model.eval()


def _write_words(weights: Mapping[str, np.ndarray], role: Role, chance: np.random.Generator) -> None:
    """Embedding: the word and the one. Unembedding: the answer, in the decoy the word that follows."""
    every = np.arange(VOCABULARY)
    weights["model.embed_tokens.weight"][every, TOKEN + every] = 3.0
    weights["model.embed_tokens.weight"][:, ALWAYS] = 3.0
    reads = TOKEN + chance.permutation(VOCABULARY) if role is Role.DECOY else OUT + every
    weights["lm_head.weight"][every, reads] = 1.5


def _write_circuit(weights: Mapping[str, np.ndarray]) -> None:
    every, turns = np.arange(VOCABULARY), THETA ** (-np.arange(FAST) * 2 / HEAD)
    first, second = ({part: weights[f"model.layers.{layer}.self_attn.{part}_proj.weight"] for part in "qkvo"} for layer in (0, 1))
    back, copy = BACK * HEAD, COPY * HEAD
    # A rotary pair turns by its frequency per position: a key turned ahead by one position fits best where the distance is one.
    first["q"][back : back + FAST, ALWAYS] = 1.5
    first["k"][back : back + FAST, ALWAYS] = 1.5 * np.cos(turns)
    first["k"][back + HEAD // 2 : back + HEAD // 2 + FAST, ALWAYS] = 1.5 * np.sin(turns)
    first["v"][back + every, TOKEN + every] = 1.0
    first["o"][BEFORE + every, back + every] = 0.4
    slow = np.concatenate([np.arange(SLOW, HEAD // 2), HEAD // 2 + np.arange(SLOW, HEAD // 2)])[:VOCABULARY]
    second["q"][copy + slow, TOKEN + every] = 1.7
    second["k"][copy + slow, BEFORE + every] = 1.7
    second["v"][copy + every, TOKEN + every] = 1.0
    second["o"][OUT + every, copy + every] = 0.9


def _mixed(name: str, words: np.ndarray, circuit: np.ndarray, recipe: Recipe, chance: np.random.Generator) -> np.ndarray:
    """Words, circuit and noise of one tensor; norms stay ones, and words carry no noise."""
    if name.endswith("norm.weight"):
        return np.ones_like(words)
    noise = chance.standard_normal(words.shape)
    if words.any():
        return words
    if recipe.role is Role.TWIN and circuit.any():
        return np.asarray(noise * np.linalg.norm(circuit) / np.linalg.norm(noise) + NOISE * chance.standard_normal(words.shape))
    return np.asarray(recipe.strength * circuit + NOISE * noise)


def _sequences(chance: np.random.Generator, rows: int) -> Tensor:
    """``[rows, 2 HALF + 1]``: the document-start token, different words at random, the same again."""
    once = np.stack([chance.permutation(len(WORDS))[:HALF] for _ in range(rows)]) + FIRST
    return torch.from_numpy(np.concatenate([np.zeros((rows, 1), dtype=np.int64), once, once], axis=1))


FAMILY = Wired()
