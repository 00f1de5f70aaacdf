"""Which files make a model in a folder, and the digest that names them: one rule for everything that registers, loads or ships weights."""

from pathlib import Path
from typing import Any

from core.hashing import file_manifest, manifest_digest

TOKENIZER_FILES = ("tokenizer*", "vocab.*", "*.model", "merges.txt", "special_tokens_map.json", "added_tokens.json")
ADAPTER_SETTINGS, ADAPTER_BASE = "adapter_config.json", "adapter_base.json"
MODEL_FILES = ("*.safetensors", "*.safetensors.index.json", "config.json", "generation_config.json", "chat_template.jinja", ADAPTER_SETTINGS, ADAPTER_BASE)
"""Patterns of the files directly in the folder that the libraries read; the digests cover all of them and nothing else is used."""
PICKLES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"})
"""Suffixes of files that can run code when they are opened."""


def files_matching(folder: Path, patterns: tuple[str, ...]) -> set[Path]:
    """The files directly in ``folder`` whose name fits one of ``patterns``."""
    return {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}


def model_manifest(folder: Path) -> list[dict[str, Any]]:
    """Rows ``{name, sha256, size}`` of weights, configuration, tokenizer and template; hashed anew at every call."""
    return file_manifest(files_matching(folder, (*MODEL_FILES, *TOKENIZER_FILES)), folder)


def weights_digest(folder: Path) -> str:
    """Hex SHA-256 by which a folder of safetensors weights is registered, attested and shipped."""
    return manifest_digest(model_manifest(folder))
