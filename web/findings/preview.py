"""The first rows of a finding's raw table, read from the stored file itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet

from core.errors import IntegrityFailed, NotFound, StorageFailed
from evidence.models import Artifact
from evidence.storage import blob_read

ROWS, LARGEST, LONGEST = 12, 4_000_000, 160
"""Rows shown, bytes beyond which a file is only offered for download, characters of a cell."""


@dataclass(frozen=True)
class Raw:
    """The beginning of a table; ``fault`` says why there is none."""

    file: Artifact
    columns: list[str]
    rows: list[list[Any]]
    total: int
    fault: str = ""


def items_of(files: Sequence[Artifact]) -> Raw | None:
    """The beginning of the table with one row per item shown to the model; None where the step left none."""
    file = next((row for row in files if row.kind == "items" and row.name.endswith(".parquet")), None)
    if file is None:
        return None
    if file.size > LARGEST:
        return Raw(file, [], [], 0, "It is too long to show here; download it.")
    try:
        table = parquet.read_table(arrow.BufferReader(blob_read(file.sha256)))
    except (arrow.ArrowException, IntegrityFailed, NotFound, StorageFailed) as error:
        return Raw(file, [], [], 0, f"The stored file cannot be read: {error}")
    head = table.slice(0, ROWS)
    columns = [head.column(name).to_pylist() for name in head.column_names]
    return Raw(file, list(head.column_names), [[_cell(value) for value in row] for row in zip(*columns, strict=True)], table.num_rows)


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value)
    return f"{text[:LONGEST]}…" if len(text) > LONGEST else value
