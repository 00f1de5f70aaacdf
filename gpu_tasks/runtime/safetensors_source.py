"""Any local folder with safetensors weights, configuration and tokenizer."""

from collections import Counter
from pathlib import Path
from typing import Any

from assessments.contracts import Refused
from core.hashing import manifest_digest, sha256_bytes
from core.model_files import PICKLES, TOKENIZER_FILES, files_matching, model_manifest
from gpu_tasks.runtime.facts import Identity
from gpu_tasks.runtime.refusals import existing, read_header, read_json, refuse_code, refuse_pickle

VOCABULARIES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "sentencepiece.bpe.model")
DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float64"}


def check_folder(folder: Path) -> None:
    """Refuse a folder that is absent, holds only pickles, brings code, or lacks weights, configuration or tokenizer."""
    refuse_pickle(existing(folder))
    if not folder.is_dir():
        raise Refused(f"{folder.name} is a single file: give the folder that holds config.json, the safetensors files and the tokenizer")
    if not weight_files(folder):
        pickles = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in PICKLES)
        if pickles:
            refuse_pickle(folder / pickles[0])
        raise Refused(f"{folder} holds no .safetensors file: add the weights in safetensors form")
    if not (folder / "config.json").is_file():
        raise Refused(f"{folder} holds no config.json: add the model's configuration")
    if not any((folder / name).is_file() for name in VOCABULARIES):
        raise Refused(f"{folder} holds no tokenizer: add tokenizer.json (and tokenizer_config.json) of this model")
    if (folder / "adapter_config.json").is_file():
        raise Refused(f"{folder} is an adapter, not a whole model: merge it into its base model and save that as safetensors")
    _check_settings(folder)


def _check_settings(folder: Path) -> None:
    settings = [(name, read_json(folder / name)) for name in ("config.json", "tokenizer_config.json") if (folder / name).is_file()]
    refuse_code(settings)
    if "quantization_config" in settings[0][1]:
        raise Refused("config.json asks for a quantisation that needs another library: supply unquantised safetensors, or a GGUF file")


def identity(folder: Path) -> Identity:
    """Digests over all weight, configuration, tokenizer and template files; hashed anew at every call."""
    rows = model_manifest(folder)
    names = {path.name for path in files_matching(folder, TOKENIZER_FILES)}
    tokenizer = [row for row in rows if row["name"] in names]
    text = template(folder)
    return Identity(tuple(rows), manifest_digest(rows), manifest_digest(tokenizer), sha256_bytes(text.encode()) if text else "")


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files directly in ``folder``."""
    return sorted(folder.glob("*.safetensors"))


def template(folder: Path) -> str:
    """The default chat template; empty when there is none."""
    if (folder / "chat_template.jinja").is_file():
        return (folder / "chat_template.jinja").read_text(encoding="utf-8")
    settings = folder / "tokenizer_config.json"
    return default_template(read_json(settings).get("chat_template")) if settings.is_file() else ""


def default_template(found: Any) -> str:
    """The template that is used when none is named, from any of the three forms tokenizers keep it in; empty when there is none."""
    if isinstance(found, list):
        found = {str(entry.get("name")): entry.get("template") for entry in found if isinstance(entry, dict)}
    if isinstance(found, dict):
        found = found.get("default")
    return str(found or "")


def quantisation(folder: Path) -> str:
    """Number format of the stored weights; what is not fp32 is widened on loading."""
    headers = [read_header(path) for path in weight_files(folder)]
    counts = Counter(str(entry["dtype"]) for header in headers for entry in header.values())
    names = sorted(DTYPES.get(dtype, dtype) for dtype in counts)
    return f"none, {' and '.join(names)}" + ("" if names == ["float32"] else ", computed in float32")


def licence(folder: Path) -> str:
    """The licence the model card's front matter states; empty when it states none."""
    card = folder / "README.md"
    if not card.is_file():
        return ""
    lines = card.read_text(encoding="utf-8", errors="replace").splitlines()[:60]
    stated = (line.partition(":")[2].strip() for line in lines if line.startswith("license:"))
    return next(stated, "")


def notes(folder: Path) -> tuple[str, ...]:
    """What was seen and left alone."""
    ignored = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in PICKLES)
    return tuple(f"{name} was not opened: pickle files are never loaded" for name in ignored)
