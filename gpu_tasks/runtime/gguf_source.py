"""Any local GGUF file: read, checked, dequantised once to fp32 safetensors in the cache, verified by hash at every use."""

import contextlib
from collections import Counter
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from gguf import GGUFReader
from transformers import AutoTokenizer

from assessments.contracts import Refused
from core.canonical import canonical_digest
from core.hashing import file_manifest, manifest_digest, sha256_bytes, sha256_file
from gpu_tasks.runtime.cache import remove, require_space
from gpu_tasks.runtime.derived import derived
from gpu_tasks.runtime.facts import Identity
from gpu_tasks.runtime.loading import CausalModel, check_finite, check_report
from gpu_tasks.runtime.refusals import existing, refuse_pickle

TEMPLATE = "tokenizer.chat_template"
WIDTHS = {"F32": "none, float32", "F16": "none, float16, computed in float32", "BF16": "none, bfloat16, computed in float32"}


def check_file(path: Path) -> None:
    """Refuse a file that is absent, a pickle, not GGUF or truncated, or one without a tokenizer."""
    refuse_pickle(existing(path))
    reader = read(path)
    if "tokenizer.ggml.tokens" not in reader.fields:
        raise Refused(f"{path.name} carries no tokenizer: use a GGUF file that was exported with its tokenizer")


def read(path: Path) -> Any:
    """The parsed GGUF file; every tensor lies inside the file."""
    stat = path.stat()
    return _read(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=2)
def _read(path: Path, changed: int, size: int) -> Any:
    try:
        return GGUFReader(path)
    except (ValueError, IndexError, KeyError, OSError, OverflowError) as error:
        raise Refused(f"{path.name} is truncated or not a GGUF file ({size:,} bytes): obtain it again from its source") from error


def identity(path: Path) -> Identity:
    """Digest of the file's manifest, of its tokenizer fields and of its chat template; the file is hashed anew at every call."""
    rows = file_manifest([path], path.parent)
    reader = read(path)
    fields = {name: field for name, field in reader.fields.items() if name.startswith("tokenizer.")}
    values = {name: sha256_bytes(b"".join(part.tobytes() for part in field.parts)) for name, field in fields.items() if name != TEMPLATE}
    text = template(reader)
    return Identity(tuple(rows), manifest_digest(rows), canonical_digest(values), sha256_bytes(text.encode()) if text else "")


def template(reader: Any) -> str:
    """The chat template; empty when there is none."""
    field = reader.fields.get(TEMPLATE)
    return str(field.contents()) if field else ""


def text_field(reader: Any, name: str) -> str:
    """A metadata text; empty when absent."""
    field = reader.fields.get(name)
    return str(field.contents()) if field else ""


def quantisation(reader: Any) -> str:
    """The format most weights are stored in."""
    counts: Counter[str] = Counter()
    for tensor in reader.tensors:
        counts[tensor.tensor_type.name] += int(tensor.n_elements)
    main = counts.most_common(1)[0][0]
    return WIDTHS.get(main, f"{main}, dequantised")


def dequantised(path: Path, cache: Path) -> Path:
    """Folder with the fp32 safetensors of the GGUF at ``path``: from the cache when every file still has its hash, else made anew."""
    recipe = {"source": sha256_file(path), "transformers": version("transformers"), "gguf": version("gguf"), "form": 1}
    final = cache / "dequantised" / f"{str(recipe['source'])[:16]}-{canonical_digest(recipe)[:16]}"
    return derived(final, recipe, path.name, partial(_build, path))


def _build(path: Path, draft: Path) -> None:
    reader = read(path)
    require_space(draft.parent, 4 * sum(int(tensor.n_elements) for tensor in reader.tensors) * 2)
    tokenizer, model = _load(path, draft)
    check_finite(path.name, model.named_parameters())
    model.save_pretrained(draft)
    tokenizer.save_pretrained(draft)


def _load(path: Path, draft: Path) -> tuple[Any, Any]:
    alone = draft / "source"
    alone.mkdir()
    # The library also reads settings that lie beside the file; alone in a folder it sees nothing but what was hashed.
    (alone / path.name).symlink_to(path)
    where: dict[str, Any] = {"pretrained_model_name_or_path": alone, "gguf_file": path.name, "local_files_only": True}
    try:
        tokenizer = AutoTokenizer.from_pretrained(**where)
        model, report = CausalModel.from_pretrained(**where, dtype=torch.float32, output_loading_info=True, ignore_mismatched_sizes=True)
    except (ValueError, KeyError, TypeError, RuntimeError, OSError) as error:
        raise Refused(f"{path.name} cannot be dequantised: {error}. Use another quantisation, or safetensors.") from error
    remove(alone)
    check_report(path.name, report)
    _forget_quantisation(model)
    return tokenizer, model


def _forget_quantisation(model: Any) -> None:
    """The library would refuse to save what it still takes for a quantised model."""
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    for name in ("hf_quantizer", "quantization_method", "is_quantized"):
        with contextlib.suppress(AttributeError):
            delattr(model, name)
