"""Axes: what a labelled probe set says about itself, so that an instrument can take any set that says enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from assessments import probes
from assessments.contracts import Refused
from assessments.probes import Find, ProbeSet

NEUTRAL, WRAPPERS = "neutral_text", "prompt_wrappers"
PREFIX = "axis_"


@dataclass(frozen=True)
class Axis:
    """Entry ``axis`` of a set: two of its labels, how its texts are shown, and the next words that count for (``up``) and against (``down``) it.

    ``up`` and ``down`` are paths to word lists in ``answers_set``; empty where the set has no read-out and can only be decoded.
    ``what`` names the two kinds of text in plain words, ``instruction`` is the prompt that should do the same as the direction.
    """

    set: str
    name: str
    positive: str
    negative: str
    chat: bool
    what: str
    answers_set: str
    up: tuple[str, ...]
    down: tuple[str, ...]
    readout: str
    instruction: str
    items: int

    @property
    def steerable(self) -> bool:
        """Whether the set says on which words an effect would show."""
        return bool(self.up)


def axis_of(found: ProbeSet) -> Axis:
    """The axis that ``found`` declares; refuses a set that declares none, or half of one, naming the entry."""
    entry = found.extra.get("axis")
    if not isinstance(entry, Mapping):
        raise Refused(f"probe set {found.slug} declares no axis; add an entry axis with positive, negative and chat, or choose another set")
    positive, negative = (_text(found, entry, field) for field in ("positive", "negative"))
    found.labelled(positive, negative)
    if positive == negative or not isinstance(entry.get("chat"), bool):
        raise Refused(f"probe set {found.slug}: axis needs two different labels, positive and negative, and chat as true or false")
    up, down = (_path(found, entry, field) for field in ("up", "down"))
    if bool(up) != bool(down):
        raise Refused(f"probe set {found.slug}: axis names words for one side only; give both up and down, or neither")
    words = {field: _text(found, entry, field) if up else str(entry.get(field, "")) for field in ("readout", "instruction")}
    name = str(entry.get("name") or found.slug.removeprefix(PREFIX).replace("_", " "))
    return Axis(
        set=found.slug,
        name=name,
        positive=positive,
        negative=negative,
        chat=entry["chat"],
        what=str(entry.get("what") or f"{positive} and {negative} texts"),
        answers_set=str(entry.get("answers_set") or found.slug),
        up=up,
        down=down,
        items=_items(found, entry),
        **words,
    )


def _text(found: ProbeSet, entry: Mapping[str, Any], field: str) -> str:
    value = entry.get(field)
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"probe set {found.slug}: axis.{field} is missing or empty; it must be text")
    return value


def _path(found: ProbeSet, entry: Mapping[str, Any], field: str) -> tuple[str, ...]:
    value = entry.get(field, [])
    if not isinstance(value, list) or not all(isinstance(key, str) for key in value):
        raise Refused(f"probe set {found.slug}: axis.{field} must be a list of names leading to a word list")
    return tuple(value)


def _items(found: ProbeSet, entry: Mapping[str, Any]) -> int:
    value = entry.get("items", 12)
    if type(value) is not int or not 4 <= value <= 500:
        raise Refused(f"probe set {found.slug}: axis.items must be a whole number from 4 to 500")
    return value


def labelled_sets(steerable: bool = False) -> dict[str, str]:
    """Titles, by slug, of the shipped sets that declare an axis; with ``steerable`` only those with a read-out."""
    stats = [(slug, probes.path_of(slug).stat()) for slug in probes.shipped()]
    return dict(_titles(tuple((slug, stat.st_mtime_ns, stat.st_size) for slug, stat in stats), steerable))


@lru_cache(maxsize=4)
def _titles(files: tuple[tuple[str, int, int], ...], steerable: bool) -> tuple[tuple[str, str], ...]:
    """Read anew when a file changed: a form names many sets."""
    found = [probes.probe_set(slug) for slug, _, _ in files]
    return tuple((row.slug, row.title) for row in found if "axis" in row.extra and (axis_of(row).steerable or not steerable))


def needed(slug: str, find: Find) -> tuple[str, ...]:
    """Slugs that steering along the axis of ``slug`` shows or reads: the set, its answers, neutral text, wrappers."""
    return tuple(dict.fromkeys((slug, axis_of(find(slug)).answers_set, NEUTRAL, WRAPPERS)))
