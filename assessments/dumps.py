"""Activations that a vendor hands over instead of a model: one vector per probe text, in parquet, with a sidecar that says what they are.

Nothing in the files is executed or trusted: every statement that can be checked is, and each fault is refused with its own message.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet

from assessments.contracts import Refused
from assessments.subject import Floats
from core.hashing import sha256_bytes

SCHEMA = "urn:assay:activation-dump:v1"
SIDECAR = ".json"
VECTOR, ITEM = "activation_vector", "item"
FIELDS: dict[str, type] = {
    "schema": str, "model": str, "hook": str, "layer": int, "d_model": int, "dtype": str,
    "tokenizer_digest": str, "probe_set": str, "probe_set_digest": str, "position": str, "parquet_sha256": str,
}  # fmt: skip
DTYPES = ("float32", "float16", "bfloat16")
LARGEST = 1 << 29
"""Bytes of the file, and of its decoded columns."""
LARGEST_SIDECAR = 1 << 16
WIDEST, DEEPEST = 1 << 16, 1 << 10
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Sidecar:
    """What the vendor says of its dump. ``dtype``: the number format the model computed in; the vectors themselves are float32."""

    schema: str
    model: str
    hook: str
    layer: int
    d_model: int
    dtype: str
    tokenizer_digest: str
    probe_set: str
    probe_set_digest: str
    position: str
    parquet_sha256: str


@dataclass(frozen=True)
class Dump:
    """A checked dump: ``vectors [items, d_model]`` in the order of ``items``."""

    sidecar: Sidecar
    items: tuple[str, ...]
    vectors: Floats

    def of(self, wanted: Sequence[str]) -> Floats:
        """Vectors of the items ``wanted``, in that order; refuses a dump that lacks one or holds others."""
        place = {name: row for row, name in enumerate(self.items)}
        if lacking := [name for name in wanted if name not in place]:
            raise Refused(f"the dump lacks {len(lacking)} of {len(wanted)} texts of the probe set, “{lacking[0]}” first; every text needs its vector")
        if strange := sorted(set(place) - set(wanted)):
            raise Refused(f"the dump holds {len(strange)} items that the probe set does not have, “{strange[0]}” first; ask for the texts of this set alone")
        return self.vectors[[place[name] for name in wanted]]


def located(locator: str, root: Path) -> tuple[Path, str]:
    """File and expected digest of ``folder/name.parquet#sha256``; the file must lie below ``root``."""
    name, _, digest = locator.partition("#")
    if not name.endswith(".parquet") or not DIGEST.fullmatch(digest):
        raise Refused(f"“{locator}” names no dump; register the version with an address such as vendor/name.parquet#, followed by the file's SHA-256")
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise Refused(f"“{name}” lies outside the folder for models; put the dump below it")
    if not path.is_file():
        raise Refused(f"“{name}” is not in the folder for models; put the dump and its sidecar there")
    return path, digest


def dump_read(path: Path, digest: str) -> Dump:
    """The dump in ``path`` and its sidecar ``path.json``, every check made; ``digest``: hex SHA-256 that the plan sealed."""
    if path.stat().st_size > LARGEST:
        raise Refused(f"{path.name} is larger than {LARGEST >> 20} MiB; split the probe set or hand over one layer")
    # Read once: what was hashed is what is decoded, whoever writes to the file meanwhile.
    data = path.read_bytes()
    found = sha256_bytes(data)
    if found != digest:
        raise Refused(f"{path.name} has the SHA-256 {found[:12]}…, the plan sealed {digest[:12]}…: it is another file, register it as a version of its own")
    sidecar = sidecar_read(path.with_name(path.name + SIDECAR))
    if sidecar.parquet_sha256 != found:
        raise Refused(f"the sidecar of {path.name} is about a file with the SHA-256 {sidecar.parquet_sha256[:12]}…, not {found[:12]}…; ask for the right one")
    items, vectors = _columns(path.name, data, sidecar)
    return Dump(sidecar, items, vectors)


def sidecar_read(path: Path) -> Sidecar:
    """The sidecar, with every field there is and of its kind, and no other."""
    if not path.is_file():
        raise Refused(f"the sidecar {path.name} is not there; the vendor has to say what the vectors are")
    if path.stat().st_size > LARGEST_SIDECAR:
        raise Refused(f"the sidecar {path.name} is larger than {LARGEST_SIDECAR >> 10} KiB")
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Refused(f"the sidecar {path.name} is not JSON") from error
    if not isinstance(value, dict):
        raise Refused(f"the sidecar {path.name} must be a JSON object")
    if lacking := sorted(FIELDS.keys() - value.keys()):
        raise Refused(f"the sidecar {path.name} lacks {', '.join(lacking)}")
    if strange := sorted(value.keys() - FIELDS.keys()):
        raise Refused(f"the sidecar {path.name} holds {', '.join(strange)}, which this program does not know")
    return _sidecar_checked(path.name, value)


def _sidecar_checked(name: str, value: dict[str, Any]) -> Sidecar:
    for key, kind in FIELDS.items():
        if type(value[key]) is not kind or value[key] == "":
            raise Refused(f"{key} in the sidecar {name} must be {'a whole number' if kind is int else 'a text'}")
    for key in ("tokenizer_digest", "probe_set_digest", "parquet_sha256"):
        if not DIGEST.fullmatch(value[key]):
            raise Refused(f"{key} in the sidecar {name} must be a SHA-256 of 64 small hexadecimal digits")
    _place_checked(name, value)
    return Sidecar(**value)


def _place_checked(name: str, value: dict[str, Any]) -> None:
    if value["schema"] != SCHEMA:
        raise Refused(f"the sidecar {name} follows {value['schema'][:60]}; this program reads {SCHEMA}")
    if value["dtype"] not in DTYPES:
        raise Refused(f"dtype in the sidecar {name} must be one of {', '.join(DTYPES)}")
    if not 1 <= value["d_model"] <= WIDEST or not 0 <= value["layer"] <= DEEPEST:
        raise Refused(f"d_model in the sidecar {name} must lie from 1 to {WIDEST}, layer from 0 to {DEEPEST}")
    if value["hook"] != f"blocks.{value['layer']}.hook_resid_post":
        raise Refused(f"hook in the sidecar {name} must be blocks.{value['layer']}.hook_resid_post, the residual after that layer; nothing else is read")


def _columns(name: str, data: bytes, sidecar: Sidecar) -> tuple[tuple[str, ...], Floats]:
    try:
        file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(data))
        _shape_checked(name, file, sidecar)
        table = file.read(columns=[ITEM, VECTOR])
    except (pyarrow.ArrowException, OSError) as error:
        raise Refused(f"{name} cannot be read as parquet ({type(error).__name__}); ask for the file again") from error
    if table[ITEM].null_count or table[VECTOR].null_count:
        raise Refused(f"{name} has rows without an item or without a vector")
    items = tuple(table[ITEM].to_pylist())
    if len(set(items)) < len(items):
        twice = next(item for place, item in enumerate(items) if item in items[:place])
        raise Refused(f"{name} holds item “{twice}” more than once; which vector is meant cannot be known")
    return items, _vectors(name, table[VECTOR].combine_chunks(), items, sidecar.d_model)


def _shape_checked(name: str, file: pyarrow.parquet.ParquetFile, sidecar: Sidecar) -> None:
    schema, kinds = file.schema_arrow, {ITEM: (pyarrow.string(),), VECTOR: (pyarrow.list_(pyarrow.float32()),)}
    for column, allowed in kinds.items():
        if schema.names.count(column) != 1:
            raise Refused(f"{name} needs one column “{column}”; it has {', '.join(schema.names[:10]) or 'none'}")
        field = schema.field(column).type
        plain = pyarrow.list_(field.value_type) if pyarrow.types.is_list(field) else field
        if plain not in allowed:
            raise Refused(f"column “{column}” of {name} is {field}; it must be {allowed[0]}")
    groups = [file.metadata.row_group(number).total_byte_size for number in range(file.metadata.num_row_groups)]
    if max(sum(groups), 4 * file.metadata.num_rows * sidecar.d_model) > LARGEST:
        raise Refused(f"{name} unpacks to more than {LARGEST >> 20} MiB; hand over one layer and the probe texts alone")
    if file.metadata.num_rows == 0:
        raise Refused(f"{name} holds no rows")


def _vectors(name: str, column: Any, items: Sequence[str], width: int) -> Floats:
    lengths = np.asarray(column.value_lengths().to_numpy(zero_copy_only=False))
    if (lengths != width).any():
        row = int(np.argmax(lengths != width))
        raise Refused(f"the vector of “{items[row]}” in {name} has {int(lengths[row])} numbers; the sidecar says {width}")
    flat = column.flatten()
    if flat.null_count:
        raise Refused(f"{name} has vectors with empty places")
    vectors = np.array(flat.to_numpy(zero_copy_only=False), dtype=np.float32).reshape(len(items), width)
    if not (finite := np.isfinite(vectors).all(axis=1)).all():
        raise Refused(f"the vector of “{items[int(np.argmin(finite))]}” in {name} holds NaN or infinity")
    if (vectors == vectors[0]).all():
        raise Refused(f"all vectors in {name} are the same; nothing can be read from them")
    return vectors
