"""Files an instrument leaves: the raw per-item table as parquet, a direction as safetensors, numbers that JSON can hold."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, SupportsFloat

import numpy as np
import pyarrow
import pyarrow.parquet
from numpy.typing import ArrayLike

from assessments.contracts import Measurement, OutputFile, Refused
from assessments.statistics import Interval


def write_table(workdir: Path, name: str, rows: Sequence[Mapping[str, Any]], title: str, kind: str = "items") -> OutputFile:
    """``rows`` as ``<name>.parquet`` in ``workdir``, columns in the order of the first row; the bytes depend on the rows alone."""
    table = pyarrow.Table.from_pylist([dict(row) for row in rows])
    pyarrow.parquet.write_table(table, workdir / f"{name}.parquet", compression="zstd")
    return OutputFile(path=f"{name}.parquet", media_type="application/vnd.apache.parquet", kind=kind, title=title)


def write_direction(workdir: Path, name: str, vector: ArrayLike, metadata: Mapping[str, str], title: str) -> OutputFile:
    """``vector[d_model]`` in fp32 under the key ``direction`` of ``<name>.safetensors``; ``metadata`` names hook, norm and scale."""
    data = np.ascontiguousarray(vector, dtype="<f4")
    entry = {"dtype": "F32", "shape": list(data.shape), "data_offsets": [0, data.nbytes]}
    # written here and not by the library, whose order of metadata, and with it the file's digest, changes from run to run
    header = json.dumps({"__metadata__": dict(metadata), "direction": entry}, sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    (workdir / f"{name}.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + data.tobytes())
    return OutputFile(path=f"{name}.safetensors", media_type="application/octet-stream", kind="direction", title=title)


def measurement(name: str, label: str, value: SupportsFloat | Interval, n: int, formula: str, **more: Any) -> Measurement:
    """A ``Measurement`` of plain Python numbers; an ``Interval`` fills value, low and high. Refuses a number that is not finite."""
    spread = {"low": value.low, "high": value.high} if isinstance(value, Interval) else {}
    numbers = spread | {key: more.pop(key) for key in ("null_low", "null_high", "p_value") if key in more}
    centre = finite(name, value.value if isinstance(value, Interval) else value)
    more |= {key: None if number is None else finite(name, number) for key, number in numbers.items()}
    return Measurement(name=name, label=label, n=n, formula=formula, value=centre, **more)


def finite(name: str, value: Any) -> float:
    """``value`` as a Python float; an instrument must not report NaN or infinity."""
    number = float(value)
    if not math.isfinite(number):
        raise Refused(f"{name} came out as {number}; the model's activations or log-probabilities are not finite, so nothing can be concluded")
    return number


def rounded(values: ArrayLike, digits: int = 5) -> list[Any]:
    """Numbers for a figure: enough digits to draw, few enough to read."""
    listed: list[Any] = np.round(np.asarray(values, dtype=np.float64), digits).tolist()
    return listed
