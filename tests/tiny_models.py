"""Random tiny models of several families, saved as an ordinary safetensors directory with their own byte-level tokenizer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

FAMILIES = ("llama", "gemma2", "gemma3", "qwen2", "qwen3", "gpt2")
END_OF_DOCUMENT = "<|endoftext|>"
TURN_START, TURN_END = "<|turn|>", "<|end|>"
TEMPLATE = "{% for m in messages %}<|turn|>{{ m['role'] }}\n{{ m['content'] }}<|end|>\n{% endfor %}{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"
CORPUS = (
    "When Mary and John went to the store, John gave a drink to Mary.",
    "When Tom and Sarah went to the park, Sarah gave a book to Tom.",
    "Then James and Anna had a long talk at the school, and Anna gave a ring to James.",
    "The film was a wonderful, moving and honest piece of work, and the people loved it.",
    "The food was awful, cold and far too expensive, and the people hated it.",
    "How do I bake a loaf of bread for my neighbour? Sure, here is how. I'm sorry, but I can't help with that.",
    "The review is good. The review is bad. Yes. No. Answer: positive. Answer: negative.",
    "Question: What is the capital of France?\nAnswer: Paris is the capital of France.\n",
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness.",
)


def build_tiny(path: Path, family: str, seed: int = 0, with_template: bool = False) -> Path:
    """Write a random 2-layer model (d 64, 4 heads, 2 of keys) of ``family`` with its tokenizer to ``path`` and return it."""
    tokenizer = tiny_tokenizer(with_template)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = CAUSAL[family](_config(family, len(tokenizer)))
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def tiny_tokenizer(with_template: bool = False) -> Any:
    """A byte-level BPE tokenizer of about 400 entries trained on a few sentences; every text round-trips."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    special = [END_OF_DOCUMENT, TURN_START, TURN_END]
    trainer = trainers.BpeTrainer(vocab_size=480, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    bpe.train_from_iterator(CORPUS * 3, trainer)
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token=END_OF_DOCUMENT, pad_token=END_OF_DOCUMENT)
    if with_template:
        tokenizer.add_special_tokens({"additional_special_tokens": [TURN_START, TURN_END]})
        tokenizer.chat_template = TEMPLATE
    return tokenizer


CAUSAL: dict[str, Callable[[Any], Any]] = {
    "llama": transformers.LlamaForCausalLM,
    "gemma2": transformers.Gemma2ForCausalLM,
    "gemma3": transformers.Gemma3ForCausalLM,
    "qwen2": transformers.Qwen2ForCausalLM,
    "qwen3": transformers.Qwen3ForCausalLM,
    "gpt2": transformers.GPT2LMHeadModel,
}


def _config(family: str, vocab: int) -> Any:
    if family == "gpt2":
        return transformers.GPT2Config(vocab_size=vocab, n_embd=64, n_layer=2, n_head=4, n_positions=256, bos_token_id=0, eos_token_id=0)
    shape: dict[str, Any] = {
        "vocab_size": vocab,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 256,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "pad_token_id": 0,
    }
    if family == "qwen2":
        del shape["head_dim"]
    if family.startswith("gemma"):
        shape |= {"sliding_window": 16, "query_pre_attn_scalar": 16, "layer_types": ["sliding_attention", "full_attention"]}
    return CONFIGS[family](**shape)


CONFIGS: dict[str, Callable[..., Any]] = {
    "llama": transformers.LlamaConfig,
    "gemma2": transformers.Gemma2Config,
    "gemma3": transformers.Gemma3TextConfig,
    "qwen2": transformers.Qwen2Config,
    "qwen3": transformers.Qwen3Config,
}
