"""What a direction file says about the intervention: layer, hook, strength and norm, from the header of the safetensors file."""

import json
from typing import BinaryIO

from core.errors import IntegrityFailed
from evidence.storage import blobs

LONGEST_HEADER = 1 << 20


def steering_config(sha256: str) -> dict[str, str]:
    """The metadata of the direction file in the store; ``NotFound`` or ``IntegrityFailed`` where it is not there or is none."""
    with blobs().open(sha256) as stream:
        return read_metadata(stream)


def read_metadata(stream: BinaryIO) -> dict[str, str]:
    """``__metadata__`` of a safetensors stream: eight bytes of length, then JSON. Nothing behind the header is read."""
    length = int.from_bytes(stream.read(8), "little")
    if not 2 <= length <= LONGEST_HEADER:
        raise IntegrityFailed("the direction file has no header of a safetensors file; store the step's result anew by running it again")
    try:
        header = json.loads(stream.read(length))
    except ValueError as error:
        raise IntegrityFailed("the header of the direction file is not JSON; store the step's result anew by running it again") from error
    found = header.get("__metadata__", {}) if isinstance(header, dict) else {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
