"""What a calibration record holds for, and why it no longer does: another code, another library, another machine, or too long ago."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

LASTS = timedelta(days=365)
LIBRARIES = ("numpy", "torch", "transformers", "transformer-lens")


@dataclass(frozen=True)
class Conditions:
    """What a record holds for: another value of any of these, and nobody knows whether it still does."""

    instrument: str
    version: str
    source_digest: str
    runtime_source: str
    dtype: str
    device: str
    libraries: Mapping[str, str] = field(default_factory=dict)


def conditions_of(instrument: str, version: str, source_digest: str, environment: Mapping[str, Any]) -> Conditions:
    """The conditions of a run, from the environment that it attests; what the environment leaves out is empty and matches nothing."""
    libraries = environment.get("libraries") or {}
    texts = {name: str(environment.get(name, "")) for name in ("runtime_source", "dtype", "device")}
    return Conditions(instrument, version, source_digest, **texts, libraries={name: str(libraries.get(name, "")) for name in LIBRARIES})


def why_not_current(made: Conditions, here: Conditions, valid_until: datetime, moment: datetime) -> list[str]:
    """Why a record made under ``made`` does not hold for ``here`` at ``moment``, in plain sentences; empty when it does."""
    out = []
    if made.instrument != here.instrument:
        out.append(f"The record is of another instrument, “{made.instrument}”.")
    if made.version != here.version:
        out.append(f"The record is of version {made.version} of the instrument; version {here.version} is in use.")
    if made.source_digest != here.source_digest:
        out.append("The instrument's code was changed after the calibration.")
    if made.runtime_source != here.runtime_source:
        out.append("The code that loads and runs models was changed after the calibration.")
    if made.dtype != here.dtype:
        out.append(f"The calibration was computed in {made.dtype or 'an unknown number format'}, not in {here.dtype or 'an unknown number format'}.")
    if made.device != here.device:
        out.append(f"The calibration was made on {_device(made.device)}, not on {_device(here.device)}.")
    out += _libraries(made.libraries, here.libraries)
    if moment >= valid_until:
        out.append(f"The record expired on {valid_until.day} {valid_until:%B %Y}.")
    return out


def _libraries(made: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    changed = [name for name in LIBRARIES if not made.get(name) or made.get(name) != here.get(name)]
    pairs = [(name, made.get(name) or "unknown", here.get(name) or "unknown") for name in changed]
    return [f"The library {name} was {before} when the instrument was calibrated and is {now} now." for name, before, now in pairs]


def _device(name: str) -> str:
    return {"cpu": "a processor (CPU)", "cuda": "a graphics processor (CUDA)", "": "an unknown device"}.get(name, name)
