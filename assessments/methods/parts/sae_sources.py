"""A sparse autoencoder that somebody supplied: found by name, held to the digest that was sealed, to its layer and to what its card says of it."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assessments.autoencoders import Autoencoder
from assessments.contracts import Refused
from assessments.methods.parts.sae_files import SETTINGS, WEIGHTS, read_autoencoder
from assessments.subject import SubjectFacts

FOLDER = "ASSAY_AUTOENCODERS"
"""Environment variable naming the folder below which supplied autoencoders lie, each in a folder of its own."""
FILES = (SETTINGS, "params.npz", "params.safetensors", WEIGHTS)
FALL, TIMES = 0.2, 3.0
"""How far the explained variance may lie below the card's, and by which factor the active features may differ: cards were measured on other text."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_HOOK = re.compile(r"blocks\.(\d+)\.hook_resid_(post|pre)")


@dataclass(frozen=True)
class Card:
    """What a file says of itself, where it does: explained variance, active features, the weights of the model it was fitted to."""

    explained: float | None
    active: float | None
    weights: str | None


def supplied(name: str, digest: str) -> Autoencoder:
    """The autoencoder in the folder ``name`` below ``FOLDER``; ``Refused`` when it is not there, not the sealed one, or not readable."""
    root = os.environ.get(FOLDER)
    if not root:
        raise Refused(f"parameter autoencoder names {name!r}, but {FOLDER} is not set; set it to the folder that holds the autoencoders")
    folder = Path(root).resolve() / name
    if not _NAME.fullmatch(name) or not folder.resolve().is_relative_to(Path(root).resolve()):
        raise Refused(f"parameter autoencoder is {name!r}; it must be the name of a folder below {FOLDER}, without leading dots or slashes")
    if not folder.is_dir():
        raise Refused(f"parameter autoencoder names {name!r}; there is no such folder below {FOLDER}: put it there or correct the name")
    found = folder_digest(folder)
    if found != digest.removeprefix("sha256:"):
        raise Refused(f"autoencoder {name} has digest {found}, the plan sealed {digest}; restore the sealed files or seal a new plan")
    return read_autoencoder(folder)


def folder_digest(folder: Path) -> str:
    """SHA-256 of what ``sha256sum`` prints for the files of the autoencoder in alphabetical order: settings and weights are sealed together."""
    rows = [(name, hashlib.sha256((folder / name).read_bytes()).hexdigest()) for name in sorted(FILES) if (folder / name).is_file()]
    return hashlib.sha256("".join(f"{digest}  {name}\n" for name, digest in rows).encode()).hexdigest()


def layer_of(about: dict[str, Any], asked: int | None, facts: SubjectFacts) -> int:
    """The layer whose output the autoencoder reads, from its hook; ``asked`` settles it where the file names none."""
    hook = about.get("hook_name")
    if hook is None:
        if asked is None:
            raise Refused("this autoencoder does not name its layer; give parameter layer")
        return within(asked, facts)
    found = _HOOK.fullmatch(str(hook))
    if found is None:
        raise Refused(f"the autoencoder reads {hook!r}; only the residual stream (blocks.N.hook_resid_post or hook_resid_pre) can be examined: supply another")
    layer = int(found[1]) - (found[2] == "pre")
    if asked not in (None, layer):
        raise Refused(f"parameter layer is {asked}, the autoencoder reads the output of layer {layer}: leave layer empty or supply another autoencoder")
    return within(layer, facts)


def within(layer: int, facts: SubjectFacts) -> int:
    """``layer`` if the model has it."""
    if not 0 <= layer < facts.n_layers:
        raise Refused(f"parameter layer is {layer}; this model has layers 0 to {facts.n_layers - 1}")
    return layer


def checked_width(autoencoder: Autoencoder, facts: SubjectFacts) -> None:
    """Refuse one for another width of the residual stream."""
    if autoencoder.d_in != facts.d_model:
        raise Refused(f"the autoencoder reads {autoencoder.d_in} dimensions, this model's residual stream has {facts.d_model}: supply one for this model")


def card_of(about: dict[str, Any], name: str) -> Card:
    """From the metadata of a SAELens directory, or from the name of a Gemma Scope folder (``average_l0_71``)."""
    named = re.search(r"average_l0_(\d+)", name)
    active = _number(about.get("l0"))
    weights = about.get("weights_digest")
    return Card(
        explained=next((value for key in ("explained_variance", "variance_explained") if (value := _number(about.get(key))) is not None), None),
        active=float(named[1]) if active is None and named else active,
        weights=str(weights) if weights else None,
    )


def contradictions(card: Card, explained: float, active: float) -> list[str]:
    """In which points what was measured contradicts the card, in words."""
    found = []
    if card.explained is not None and explained < card.explained - FALL:
        found.append(f"it explains {explained:.2f} of the variance where its card says {card.explained:.2f} (a fall of {FALL:g} is allowed)")
    if card.active and not card.active / TIMES <= active <= card.active * TIMES:
        found.append(f"{active:.1f} features are active at a position where its card says {card.active:.1f} (a factor of {TIMES:g} is allowed)")
    return found


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
