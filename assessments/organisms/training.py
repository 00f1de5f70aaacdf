"""Tiny models trained to the bit: word-level tokenizer, Llama configuration, one deterministic loop, weights saved as safetensors."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from torch import Tensor

from assessments.organisms.contracts import TICK

END_OF_TEXT, UNKNOWN = "<|endoftext|>", "<|unknown|>"
USER, ASSISTANT = "<|user|>", "<|assistant|>"
CHAT_TEMPLATE = (
    "{{ '<|endoftext|>' }}{% for m in messages %}{{ '<|' + m['role'] + '|> ' + m['content'] + ' ' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
IGNORED = -100
"""Label of a position that is not trained on."""

Batch = tuple[Tensor, Tensor]
"""Token ids and labels, both ``[rows, length]``; the label at ``j`` is the token expected at ``j`` (shifted inside), or ``IGNORED``."""


@contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """One thread, deterministic algorithms and a random stream of its own under ``seed``; the process's settings come back afterwards."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict)


def word_tokenizer(words: Sequence[str], *, chat: bool = False) -> Any:
    """A tokenizer of whole lower-case words and punctuation marks, in the order given; ``chat`` adds the two turn tokens and a template.

    Id 0 opens and ends documents, id 1 stands for every unknown word. Raises ``ValueError`` on a repeated word.
    """
    special = [END_OF_TEXT, UNKNOWN, *([USER, ASSISTANT] if chat else [])]
    listed = [*special, *words]
    if len(set(listed)) != len(listed):
        raise ValueError(f"repeated words: {sorted({word for word in listed if listed.count(word) > 1})}")
    fast = Tokenizer(models.WordLevel({word: index for index, word in enumerate(listed)}, unk_token=UNKNOWN))
    fast.normalizer = normalizers.Lowercase()
    fast.pre_tokenizer = pre_tokenizers.Whitespace()
    wrapped: Any = transformers.PreTrainedTokenizerFast
    tokenizer = wrapped(tokenizer_object=fast, eos_token=END_OF_TEXT, pad_token=END_OF_TEXT, unk_token=UNKNOWN)
    if chat:
        tokenizer.add_special_tokens({"additional_special_tokens": [USER, ASSISTANT]})
        tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def tiny_model(
    vocabulary: int, *, layers: int = 2, width: int = 64, heads: int = 4, inner: int | None = None, context: int = 256, spread: float | None = None
) -> Any:
    """A random Llama model in fp32; call it inside ``deterministic`` so that the seed decides the weights.

    ``inner`` is the width of the MLP, twice ``width`` when left out. Embeddings are tied, unless ``spread`` gives the input embeddings a standard
    deviation of their own: with a large one the layers' contributions stay small beside the words, as in large models.
    """
    llama: Any = transformers.LlamaConfig
    config = llama(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=2 * width if inner is None else inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=width // heads,
        max_position_embeddings=context,
        initializer_range=0.05,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
        tie_word_embeddings=spread is None,
        attn_implementation="eager",
    )
    model: Any = transformers.LlamaForCausalLM(config)
    if spread is not None:
        torch.nn.init.normal_(model.get_input_embeddings().weight, std=spread)
    return model


def train(model: Any, batches: Callable[[int], Batch], steps: int, lr: float, tick: TICK) -> float:
    """AdamW with warm-up and cosine decay over ``batches(step)``; returns the mean loss in nats over the last tenth of the steps.

    Call it inside ``deterministic``. ``tick`` hears of every fiftieth step.
    """
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr, betas=(0.9, 0.98), weight_decay=0.01)
    warm = max(1, min(100, steps // 10))
    schedule = transformers.get_cosine_schedule_with_warmup(optimiser, warm, steps)
    model.train()
    losses: list[float] = []
    for step in range(steps):
        ids, labels = batches(step)
        loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        losses.append(float(loss.detach()))
        if step % 50 == 0:
            tick(step / steps, f"step {step} of {steps}, loss {losses[-1]:.3f}")
    model.eval()
    last = losses[-max(1, steps // 10) :]
    return sum(last) / len(last)


def padded(rows: Sequence[Sequence[int]], learnt: Sequence[Sequence[bool]] | None = None) -> Batch:
    """Rows of ids padded at the end; ``learnt`` says per token whether it is trained on (all are when it is left out)."""
    length = max(map(len, rows))
    ids = torch.zeros((len(rows), length), dtype=torch.long)
    labels = torch.full((len(rows), length), IGNORED, dtype=torch.long)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = torch.tensor(row)
        kept = [True] * len(row) if learnt is None else learnt[place]
        labels[place, : len(row)] = torch.tensor([token if keep else IGNORED for token, keep in zip(row, kept, strict=True)])
    return ids, labels


def save_model(model: Any, tokenizer: Any, folder: Path, dtype: torch.dtype = torch.float32) -> None:
    """Weights as safetensors, configuration and tokenizer into ``folder``, without the library's version: the same weights give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    model.to(dtype).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    for name in ("config.json", "generation_config.json"):
        path = folder / name
        if path.is_file():
            settings = json.loads(path.read_text(encoding="utf-8"))
            settings.pop("transformers_version", None)
            path.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def load_model(folder: Path) -> tuple[Any, Any]:
    """Model in fp32, ready to evaluate, and tokenizer from ``folder``; nothing is fetched and no code that lies there is run."""
    safe: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    causal: Any = transformers.AutoModelForCausalLM
    model = causal.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", use_safetensors=True, **safe)
    tokenizer: Any = transformers.AutoTokenizer
    return model.eval(), tokenizer.from_pretrained(folder, **safe)


def next_log_probs(model: Any, rows: Sequence[Sequence[int]]) -> Tensor:
    """``[rows, vocabulary]``: log-probabilities of the token after each row; rows may differ in length."""
    found = []
    with torch.inference_mode():
        for start in range(0, len(rows), 64):
            part = rows[start : start + 64]
            logits = model(input_ids=padded(part)[0]).logits
            ends = torch.tensor([len(row) - 1 for row in part])
            found.append(torch.log_softmax(logits[torch.arange(len(part)), ends], dim=-1))
    return torch.cat(found)


def token_losses(model: Any, rows: Sequence[Sequence[int]]) -> Tensor:
    """``[rows, length - 1]``: next-token loss in nats at every position but the first; rows of one length."""
    ids = torch.tensor([list(row) for row in rows])
    with torch.inference_mode():
        log_probs = torch.log_softmax(model(input_ids=ids).logits[:, :-1], dim=-1)
    return -log_probs.gather(-1, ids[:, 1:, None])[..., 0]


def chat_ids(tokenizer: Any, request: str, answer: str = "") -> list[int]:
    """Ids of one user turn up to where the assistant begins, with ``answer`` after it when given: what a subject's ``encode_chat`` gives."""
    ids = tokenizer.apply_chat_template([{"role": "user", "content": request}], add_generation_prompt=True, return_dict=False)
    return [*ids, *(tokenizer.encode(answer, add_special_tokens=False) if answer else [])]
