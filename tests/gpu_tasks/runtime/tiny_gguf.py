"""A tiny random model of the Llama family written as a GGUF file, tokenizer included."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, TokenType
from gguf.quants import quantize
from safetensors.numpy import load_file

HEADS = {"attn_q": 4, "attn_k": 2}
NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
OUTER = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight", "lm_head.weight": "output.weight"}


def write_gguf(
    folder: Path,
    target: Path,
    *,
    changes: Mapping[str, np.ndarray | None] = {},
    quantised: bool = False,
    template: str = "",
    tokenizer: bool = True,
    name: str = "tiny",
) -> Path:
    """Write the Llama model in ``folder`` to ``target``. ``changes``: tensors by GGUF name to put in or, with None, to leave out."""
    writer = GGUFWriter(target, "llama")
    writer.add_name(name)
    writer.add_license("apache-2.0")
    _shape(writer)
    if tokenizer:
        _tokenizer(writer, folder, template)
    tensors = {_name(key): _layout(key, value) for key, value in load_file(folder / "model.safetensors").items()} | dict(changes)
    for key, value in sorted(tensors.items()):
        if value is not None and quantised and value.ndim == 2:
            writer.add_tensor(key, quantize(value, GGMLQuantizationType.Q8_0), raw_dtype=GGMLQuantizationType.Q8_0)
        elif value is not None:
            writer.add_tensor(key, value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def _shape(writer: GGUFWriter) -> None:
    writer.add_context_length(256)
    writer.add_embedding_length(64)
    writer.add_block_count(2)
    writer.add_feed_forward_length(128)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(16)
    writer.add_vocab_size(480)


def _tokenizer(writer: GGUFWriter, folder: Path, template: str) -> None:
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]
    tokens = sorted(vocabulary["vocab"], key=vocabulary["vocab"].get)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.CONTROL if index < 3 else TokenType.NORMAL for index in range(len(tokens))])
    writer.add_token_merges([" ".join(pair) for pair in vocabulary["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_add_bos_token(False)
    if template:
        writer.add_chat_template(template)


def _name(key: str) -> str:
    if key in OUTER:
        return OUTER[key]
    _, _, layer, rest = key.split(".", 3)
    return f"blk.{layer}.{NAMES[rest.removesuffix('.weight')]}.weight"


def _layout(key: str, value: np.ndarray) -> np.ndarray:
    """Rotary halves are interleaved in this format."""
    heads = HEADS.get(_name(key).split(".")[2] if key.startswith("model.layers") else "", 0)
    if not heads:
        return value
    return value.reshape(heads, 2, value.shape[0] // heads // 2, *value.shape[1:]).swapaxes(1, 2).reshape(value.shape)
