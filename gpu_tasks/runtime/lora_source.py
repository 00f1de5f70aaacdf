"""Low-rank adapters on a pinned base model, in the layout of PEFT: checked, merged once into fp32 safetensors in the cache, verified at every use."""

import shutil
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from assessments.contracts import Refused, SubjectSpec
from core.canonical import canonical_digest
from core.hashing import file_manifest, manifest_digest
from core.model_files import ADAPTER_BASE, ADAPTER_SETTINGS
from gpu_tasks.runtime.cache import require_space
from gpu_tasks.runtime.derived import MANIFEST, derived, derived_files
from gpu_tasks.runtime.facts import Identity
from gpu_tasks.runtime.refusals import existing, read_header, read_json, refuse_code, refuse_pickle

ADAPTER, SETTINGS, BASE = "adapter_model.safetensors", ADAPTER_SETTINGS, ADAPTER_BASE
PREFIX = "base_model.model."
PLAIN: Mapping[str, tuple[Any, ...]] = {
    "peft_type": ("LORA",), "bias": ("none", None), "use_dora": (False, None), "use_rslora": (False, None), "fan_in_fan_out": (False, None),
    "modules_to_save": (None, []), "rank_pattern": (None, {}), "alpha_pattern": (None, {}),
}  # fmt: skip
"""Settings whose other values would ask for another sum than ``W + alpha / r · B A``."""


def check_folder(folder: Path) -> None:
    """Refuse a folder that lacks weights, settings or base, holds an adapter of another kind, or is a pickle."""
    refuse_pickle(existing(folder))
    for name, meaning in ((ADAPTER, "the adapter's weights"), (SETTINGS, "its settings"), (BASE, "the base model it was trained on")):
        if not (folder / name).is_file():
            raise Refused(f"{folder} holds no {name}: add {meaning}")
    settings = read_json(folder / SETTINGS)
    refuse_code([(SETTINGS, settings)])
    for field, allowed in PLAIN.items():
        if settings.get(field, allowed[-1]) not in allowed:
            raise Refused(f"{SETTINGS}: {field} is {settings[field]!r}, which is no plain low-rank adapter: merge it and register the whole model")
    scale_of(settings)
    read_header(folder / ADAPTER)


def scale_of(settings: Mapping[str, Any]) -> float:
    """``lora_alpha / r``."""
    rank, alpha = settings.get("r"), settings.get("lora_alpha")
    if not isinstance(rank, int) or isinstance(rank, bool) or rank < 1 or not isinstance(alpha, int | float) or isinstance(alpha, bool):
        raise Refused(f"{SETTINGS}: r must be a whole number above 0 and lora_alpha a number: obtain the file again from its source")
    return float(alpha) / rank


def base_record(base: SubjectSpec) -> dict[str, str]:
    """What ``adapter_base.json`` says: where the base model comes from and what it must hash to."""
    return {
        "source": base.source, "locator": base.locator, "weights_digest": base.weights_digest,
        "tokenizer_digest": base.tokenizer_digest, "template_digest": base.template_digest,
    }  # fmt: skip


def base_of(folder: Path) -> SubjectSpec:
    """The base model of the adapter in ``folder``: a pinned package, or files that lie beside it."""
    record = read_json(folder / BASE)
    wanted = ("source", "locator", "weights_digest", "tokenizer_digest", "template_digest")
    for field in wanted:
        if not isinstance(record.get(field), str):
            raise Refused(f"{folder / BASE}: field {field} must be text: it says where the base model comes from and what it hashes to")
    if record["source"] == "lora":
        raise Refused(f"{folder / BASE}: an adapter on an adapter is not merged here: merge the first one and use the whole model as base")
    locator = record["locator"] if record["source"] == "package" else str(_beside(folder, record["locator"]))
    return SubjectSpec(record["source"], locator, record["weights_digest"], record["tokenizer_digest"], record["template_digest"], folder.name)


def _beside(folder: Path, locator: str) -> Path:
    """``locator`` from ``folder`` on; an adapter must not make the program read elsewhere on the disk."""
    path = (folder / locator).resolve()
    if Path(locator).is_absolute() or not path.is_relative_to(folder.parent.resolve()) or path == folder.parent.resolve():
        raise Refused(f"{folder / BASE}: locator {locator!r} leads away from the adapter: put the base model into a folder beside it and name it as ../NAME")
    return path


def identity(folder: Path, base: Identity) -> Identity:
    """Digest over the adapter's files and the base's; tokenizer and template are the base's. Hashed anew at every call."""
    own = file_manifest([folder / name for name in (ADAPTER, SETTINGS, BASE)], folder)
    rows = [*own, *({**row, "name": f"base/{row['name']}"} for row in base.files)]
    return Identity(tuple(rows), manifest_digest([dict(row) for row in rows]), base.tokenizer, base.template)


def merged(folder: Path, base: Path, cache: Path) -> Path:
    """Folder with the fp32 weights of ``base`` plus the adapter in ``folder``: from the cache when every file has its hash, else made anew."""
    own = file_manifest([folder / name for name in (ADAPTER, SETTINGS)], folder)
    recipe = {"adapter": own, "base": manifest_digest(derived_files(base)), "safetensors": version("safetensors"), "form": 1}
    return derived(cache / "merged" / canonical_digest(recipe)[:32], recipe, folder.name, partial(_build, folder, base))


def _build(folder: Path, base: Path, draft: Path) -> None:
    require_space(draft.parent, 2 * sum(path.stat().st_size for path in base.iterdir() if path.is_file()))
    changes = _changes(folder)
    for path in sorted(base.iterdir()):
        if path.suffix == ".safetensors":
            save_file(_summed(path, changes), draft / path.name, metadata={"format": "pt"})
        elif path.is_file() and path.name != MANIFEST:
            shutil.copyfile(path, draft / path.name)
    if changes:
        raise Refused(f"{ADAPTER} changes {sorted(changes)[0]}, which the base model does not have: this adapter belongs to another model")


def _changes(folder: Path) -> dict[str, torch.Tensor]:
    """By weight name: ``scale × B A`` in fp32."""
    scale, found = scale_of(read_json(folder / SETTINGS)), dict[str, torch.Tensor]()
    with safe_open(folder / ADAPTER, framework="pt") as stored:
        names = set(stored.keys())
        for name in sorted(names):
            module, letter = name.removeprefix(PREFIX).removesuffix(".weight").rsplit(".lora_", 1) if ".lora_" in name else (name, "")
            partner = f"{PREFIX}{module}.lora_B.weight"
            if not name.startswith(PREFIX) or letter not in {"A", "B"} or f"{PREFIX}{module}.lora_A.weight" not in names or partner not in names:
                raise Refused(f"{ADAPTER}: tensor {name} is not one half of a low-rank pair: use an adapter saved by PEFT with bias none and no extra modules")
            if letter == "A":
                up, down = (stored.get_tensor(half).float() for half in (partner, name))
                found[f"{module}.weight"] = _product(module, up, down) * scale
    return found


def _product(module: str, up: torch.Tensor, down: torch.Tensor) -> torch.Tensor:
    if up.ndim != 2 or down.ndim != 2 or up.shape[1] != down.shape[0]:
        raise Refused(f"{ADAPTER}: the halves of {module} have shapes {list(up.shape)} and {list(down.shape)}: obtain the file again from its source")
    if not (torch.isfinite(up).all() and torch.isfinite(down).all()):
        raise Refused(f"{ADAPTER}: {module} holds NaN or infinite numbers: obtain the file again from its source")
    return up @ down


def _summed(path: Path, changes: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of one base file with their changes added; what was used is taken out of ``changes``."""
    out: dict[str, torch.Tensor] = {}
    with safe_open(path, framework="pt") as stored:
        for name in sorted(stored.keys()):
            weight, change = stored.get_tensor(name), changes.pop(name, None)
            if change is not None and change.shape != weight.shape:
                shapes = f"{list(change.shape)}, not {list(weight.shape)} as in the base model"
                raise Refused(f"{ADAPTER} changes {name} with shape {shapes}: this adapter belongs to another model")
            out[name] = weight if change is None else weight.float() + change
    return out
