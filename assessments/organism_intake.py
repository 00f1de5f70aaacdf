"""Whether a folder that somebody else made can serve as an organism: record, weights and trials, each checked before anything is kept. Free of torch."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from assessments.contracts import Refused
from assessments.organisms.contracts import Organism, Recipe, Role, Trial
from assessments.organisms.registry import DATASHEET, RECORD, families_shipped, organism_read
from assessments.parameters import params_parse
from assessments.qualification import CLAIMS, RANK
from assessments.registry import instrument, probe_sets_of
from core.model_files import ADAPTER_SETTINGS

LARGEST_RECORD, LARGEST_DATASHEET = 256 * 1024, 1024 * 1024
LONGEST_TITLE, LONGEST_PLANTED, MOST_TRIALS, MOST_FIGURES = 200, 2000, 20, 50
FAMILY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
NUMPY = frozenset({"F64", "F32", "F16"})
"""Number formats that numpy reads; others are looked through when a worker loads them."""


def organism_examine(folder: Path) -> Organism:
    """The organism in ``folder``; ``Refused`` names the file, the field and the fix. Digest, pickles, shapes, fields and every trial are checked."""
    _refuse_sizes(folder)
    found = organism_read(folder)
    _refuse_words(folder, found)
    _refuse_recipe(folder, found.recipe)
    _refuse_trials(folder, found)
    _refuse_weights(folder)
    return found


def _refuse_sizes(folder: Path) -> None:
    for name, most in ((RECORD, LARGEST_RECORD), (DATASHEET, LARGEST_DATASHEET)):
        path = folder / name
        if path.is_file() and path.stat().st_size > most:
            raise Refused(f"{path} is larger than {most // 1024} KiB; shorten it")


def _refuse_words(folder: Path, found: Organism) -> None:
    where = folder / RECORD
    for field, text, most in (("title", found.title, LONGEST_TITLE), ("planted", found.planted, LONGEST_PLANTED)):
        if len(text) > most:
            raise Refused(f"{where}: field {field} has {len(text)} characters; at most {most} are allowed")
    if len(found.behaviour) > MOST_FIGURES or not all(math.isfinite(value) for value in found.behaviour.values()):
        raise Refused(f"{where}: field behaviour must hold at most {MOST_FIGURES} figures, all of them finite numbers")
    names = [name for kind, listed in found.truth.items() for name in (kind, *listed)]
    if any(CONTROL.search(text) for text in (found.title, found.planted, *found.behaviour, *names, *_params_texts(found))):
        raise Refused(f"{where}: holds an invisible control character; remove it")


def _params_texts(found: Organism) -> Iterator[str]:
    for trial in found.trials:
        yield json.dumps(trial.params, ensure_ascii=False)


def _refuse_recipe(folder: Path, recipe: Recipe) -> None:
    where = folder / RECORD
    if not FAMILY.fullmatch(recipe.family) or len(recipe.family) > 60:
        raise Refused(f"{where}: recipe.family is {recipe.family[:80]!r}; use at most 60 small letters, digits and single hyphens, beginning with a letter")
    if recipe.family in families_shipped():
        raise Refused(
            f"{where}: recipe.family is {recipe.family!r}, a family that comes with the program; name yours otherwise, so that records tell the two apart"
        )
    if (recipe.role is Role.PLANTED) != (recipe.strength > 0):
        raise Refused(f"{where}: recipe.strength is {recipe.strength:g} and recipe.role {recipe.role.value}; it is above 0 where something is planted, else 0")
    if not 0 <= recipe.seed < 2**31:
        raise Refused(f"{where}: recipe.seed is {recipe.seed}; it must lie from 0 to {2**31 - 1}")


def _refuse_trials(folder: Path, found: Organism) -> None:
    where = folder / RECORD
    if not 0 < len(found.trials) <= MOST_TRIALS:
        raise Refused(f"{where}: field trials has {len(found.trials)} entries; name from 1 to {MOST_TRIALS}, or no instrument is ever tried on this organism")
    for place, trial in enumerate(found.trials, start=1):
        try:
            _refuse_use(trial)
        except Refused as error:
            raise Refused(f"{where}: trial {place}: {error}") from error
        _refuse_bounds(f"{where}: trial {place}", found.recipe.role, trial)
    said = [(trial.instrument, json.dumps(trial.params, sort_keys=True)) for trial in found.trials]
    if len(set(said)) != len(said):
        raise Refused(f"{where}: field trials names one trial twice; it would be counted twice")


def _refuse_use(trial: Trial) -> None:
    """The instrument must take these parameters and find the probe sets it needs among those that every worker has."""
    method = instrument(trial.instrument)
    params_parse(method.Params, trial.params)
    probe_sets_of(method, trial.params)


def _refuse_bounds(where: str, role: Role, trial: Trial) -> None:
    if role is Role.PLANTED and trial.least not in CLAIMS:
        raise Refused(f"{where}: least is {trial.least}; where something is planted a trial names the reading to be reached: observed or causal")
    if role is not Role.PLANTED and trial.least is not None:
        raise Refused(f"{where}: least is {trial.least}; a {role.value} has nothing to be found, so leave it null and give most where something is readable")
    if trial.least is not None and trial.most is not None and RANK[trial.most] < RANK[trial.least]:
        raise Refused(f"{where}: most ({trial.most}) lies below least ({trial.least}); no reading could be right")


def _refuse_weights(folder: Path) -> None:
    """Names, shapes and numbers of the tensors as far as they can be told without building the model; a worker loads it whole before its first trial."""
    shapes: dict[str, tuple[int, ...]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        try:
            shapes |= _tensors(path)
        except (SafetensorError, OSError, ValueError) as error:
            raise Refused(f"{path} cannot be read as safetensors ({str(error)[:200]}); obtain it again from its source") from error
    if not (folder / ADAPTER_SETTINGS).is_file():
        _refuse_shapes(folder, shapes)


def _tensors(path: Path) -> dict[str, tuple[int, ...]]:
    with safe_open(path, framework="numpy") as tensors:
        found = {name: tensors.get_slice(name) for name in tensors.keys()}  # noqa: SIM118 - not a mapping
        for name, part in found.items():
            if part.get_dtype() in NUMPY and not np.isfinite(tensors.get_tensor(name)).all():
                raise Refused(f"{path}: tensor {name} holds numbers that are not finite; the weights are damaged: build or obtain them again")
        return {name: tuple(part.get_shape()) for name, part in found.items()}


def _refuse_shapes(folder: Path, shapes: Mapping[str, tuple[int, ...]]) -> None:
    settings = _settings(folder / "config.json")
    width, words = settings["hidden_size"], settings["vocab_size"]
    embedded = [shape for name, shape in shapes.items() if name.endswith(("embed_tokens.weight", "wte.weight", "embed_in.weight", "word_embeddings.weight"))]
    if (words, width) not in embedded:
        told = ", ".join(map(str, embedded)) or "none"
        raise Refused(f"{folder}: config.json says {words} tokens of width {width}; the embeddings in the weights have shape {told}: supply the right pair")
    if not shapes or any(0 in shape for shape in shapes.values()):
        raise Refused(f"{folder}: a tensor is empty; obtain the weights again from their source")


def _settings(path: Path) -> Mapping[str, int]:
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise Refused(f"{path} is missing or not JSON; put the model's configuration beside the weights") from error
    named = {"hidden_size": ("hidden_size", "n_embd"), "vocab_size": ("vocab_size",)}
    values = {field: next((found.get(name) for name in names if name in found), None) for field, names in named.items()} if isinstance(found, dict) else {}
    missing = [field for field in named if not isinstance(values.get(field), int)]
    if missing:
        raise Refused(f"{path}: field {missing[0]} is missing or not a whole number; put the model's own configuration there")
    return {field: int(value) for field, value in values.items()}  # type: ignore[arg-type]
