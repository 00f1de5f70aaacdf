"""Sparse autoencoders on disk: the directory of SAELens 6 and the two forms of Gemma Scope, read without running anything that lies there."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from assessments.autoencoders import Autoencoder
from assessments.contracts import OutputFile, Refused
from assessments.subject import Floats

SETTINGS, WEIGHTS = "cfg.json", "sae_weights.safetensors"
FORMAT = "6.54.12"
"""Version of SAELens whose directory is written; its reader treats a directory without one as an older form."""


def write_saelens(workdir: Path, folder: str, autoencoder: Autoencoder, metadata: Mapping[str, Any]) -> tuple[OutputFile, OutputFile]:
    """``cfg.json`` and ``sae_weights.safetensors`` in ``workdir/folder``; the bytes depend on the numbers alone."""
    place = workdir / folder
    place.mkdir()
    settings = {
        "architecture": "topk",
        "d_in": autoencoder.d_in,
        "d_sae": autoencoder.width,
        "k": autoencoder.k,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "rescale_acts_by_decoder_norm": False,
        "metadata": {"sae_lens_version": FORMAT, **metadata},
    }
    (place / SETTINGS).write_text(json.dumps(settings, indent=2, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
    tensors = {"W_dec": autoencoder.decoder, "W_enc": autoencoder.encoder, "b_dec": autoencoder.decoder_bias, "b_enc": autoencoder.encoder_bias}
    (place / WEIGHTS).write_bytes(_safetensors(tensors))
    return (
        OutputFile(f"{folder}/{SETTINGS}", "application/json", "autoencoder", "Sparse autoencoder: settings"),
        OutputFile(f"{folder}/{WEIGHTS}", "application/octet-stream", "autoencoder", "Sparse autoencoder: weights"),
    )


def read_autoencoder(folder: Path) -> Autoencoder:
    """What lies in ``folder``: a SAELens 6 directory or Gemma Scope's ``params.npz`` or ``params.safetensors``; ``Refused`` says what is wrong."""
    if (folder / SETTINGS).is_file():
        return _saelens(folder)
    for name in ("params.npz", "params.safetensors"):
        if (folder / name).is_file():
            return _gemma_scope(folder / name)
    raise Refused(f"{folder.name} holds no sparse autoencoder: put {SETTINGS} and {WEIGHTS} (SAELens 6), params.npz or params.safetensors there")


def _saelens(folder: Path) -> Autoencoder:
    try:
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{folder.name}/{SETTINGS} is not JSON: obtain the folder again from its source") from error
    kind = settings.get("architecture")
    if kind not in ("topk", "jumprelu", "standard"):
        raise Refused(f"{folder.name}: sparse autoencoders of the kind {kind!r} cannot be read; supply topk, jumprelu or standard")
    for key, plain in (("normalize_activations", "none"), ("reshape_activations", "none"), ("rescale_acts_by_decoder_norm", False)):
        if settings.get(key, plain) != plain:
            raise Refused(f"{folder.name}: {key} is {settings[key]!r}; fold it into the weights with SAELens and save again")
    if not (folder / WEIGHTS).is_file():
        raise Refused(f"{folder.name} has no {WEIGHTS}: obtain the folder again from its source")
    tensors = read_safetensors(folder / WEIGHTS)
    about = {**(settings.get("metadata") or {}), "format": "SAELens 6"}
    return _checked(folder.name, kind, _named(folder.name, tensors), bool(settings.get("apply_b_dec_to_input")), int(settings.get("k") or 0), about)


def _gemma_scope(path: Path) -> Autoencoder:
    tensors = _npz(path) if path.suffix == ".npz" else read_safetensors(path)
    if "affine_skip_connection" in tensors:
        raise Refused(f"{path.name} is a transcoder, which renders another place than it reads: supply an autoencoder of the residual stream")
    named = _named(path.name, tensors)
    about = {"format": "Gemma Scope 1" if path.suffix == ".npz" else "Gemma Scope 2"}
    return _checked(path.name, "jumprelu", named, False, 0, about)


def _npz(path: Path) -> dict[str, Floats]:
    try:
        with np.load(path, allow_pickle=False) as found:
            return {name: np.asarray(found[name]) for name in found.files}
    except (ValueError, OSError) as error:
        raise Refused(f"{path.name} cannot be read as plain arrays ({error}): pickled objects are never loaded") from error


def _named(where: str, tensors: Mapping[str, Floats]) -> dict[str, Floats]:
    lower = {name.lower(): value for name, value in tensors.items()}
    missing = [name for name in ("w_enc", "b_enc", "w_dec", "b_dec") if name not in lower]
    if missing:
        raise Refused(f"{where} lacks {', '.join(missing)}: obtain the weights again from their source")
    return lower


def _checked(
    where: str, kind: Literal["topk", "jumprelu", "standard"], found: Mapping[str, Floats], centred: bool, k: int, about: dict[str, Any]
) -> Autoencoder:
    arrays = {name: np.asarray(value, dtype=np.float32) for name, value in found.items()}
    width, d_in = arrays["b_enc"].size, arrays["b_dec"].size
    for name, shape in (("w_enc", (d_in, width)), ("w_dec", (width, d_in))):
        if arrays[name].shape not in (shape, shape[::-1]):
            raise Refused(f"{where}: {name} has shape {list(arrays[name].shape)}, the biases ask for {list(shape)}")
    if any(not np.isfinite(value).all() for value in arrays.values()):
        raise Refused(f"{where} holds NaN or infinite numbers: obtain the weights again from their source")
    if kind == "jumprelu" and "threshold" not in arrays:
        raise Refused(f"{where}: a jumprelu autoencoder needs a threshold for every feature; there is none")
    if kind == "topk" and not 0 < k <= width:
        raise Refused(f"{where}: k is {k}; a topk autoencoder of {width} features needs one between 1 and {width}")
    # Files differ in the order of the axes; shapes settle it, except for as many features as dimensions.
    encoder = arrays["w_enc"] if arrays["w_enc"].shape == (d_in, width) else arrays["w_enc"].T
    decoder = arrays["w_dec"] if arrays["w_dec"].shape == (width, d_in) else arrays["w_dec"].T
    return Autoencoder(
        kind, np.ascontiguousarray(encoder), arrays["b_enc"], np.ascontiguousarray(decoder), arrays["b_dec"], centred, k, arrays.get("threshold"), about
    )


def read_safetensors(path: Path) -> dict[str, Floats]:
    """Every tensor of a safetensors file in fp32; ``Refused`` on a header that does not fit the file or a type that is not floating point."""
    data = path.read_bytes()
    try:
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + size])
        return {name: _tensor(entry, data[8 + size :]) for name, entry in header.items() if name != "__metadata__"}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{path.name} is not a whole safetensors file: obtain it again from its source") from error


def _tensor(entry: Mapping[str, Any], body: bytes) -> Floats:
    start, end = entry["data_offsets"]
    kinds: dict[str, str] = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "BF16": "<u2"}
    raw = np.frombuffer(body[start:end], dtype=kinds[entry["dtype"]])
    if raw.size != math.prod(entry["shape"]):
        raise ValueError("length and shape differ")
    # bfloat16 is the upper half of fp32
    values = (raw.astype(np.uint32) << 16).view(np.float32) if entry["dtype"] == "BF16" else raw
    return np.asarray(values.reshape(entry["shape"]), dtype=np.float32)


def _safetensors(tensors: Mapping[str, Floats]) -> bytes:
    # Written here and not by the library, whose order of entries may change from run to run, and with it the file's digest.
    header: dict[str, Any] = {}
    body = b""
    for name in sorted(tensors):
        data = np.ascontiguousarray(tensors[name], dtype="<f4")
        header[name] = {"dtype": "F32", "shape": list(data.shape), "data_offsets": [len(body), len(body) + data.nbytes]}
        body += data.tobytes()
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + body
