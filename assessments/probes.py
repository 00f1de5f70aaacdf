"""Probe sets: the texts an instrument shows a model, read from one yaml file, checked item by item and split by whole families."""

import copy
import functools
import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from assessments.contracts import Refused
from assessments.statistics import generator

FOLDER = Path(__file__).parent / "probe_sets"
ORGANISMS = Path(__file__).parent / "organisms" / "probe_sets"
"""The prompts of organisms: sets that only models with planted behaviour can read."""
SHELF = "ASSAY_PROBE_SHELF"
"""Environment variable naming the folder in which this process finds added sets, each as ``<sha256>.yaml``."""
EXPLORATION = 0.5
"""Share of the content families that an instrument may look at before it confirms."""
_TEXT_FIELDS = ("slug", "version", "title", "design")
_Loader: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


@dataclass(frozen=True)
class Item:
    """One text with its label; ``pair`` names the surface-matched partner pair it belongs to, if any."""

    id: str
    family: str
    label: str
    text: str
    pair: str | None = None


@dataclass(frozen=True)
class ProbeSet:
    """A checked set. ``targets`` are unlabelled read-out prompts, ``extra`` the top-level entries beyond the common ones (word lists).

    ``digest`` is the SHA-256 of the file's bytes.
    """

    slug: str
    version: str
    title: str
    design: str
    datasheet: Mapping[str, str]
    labels: Mapping[str, str]
    items: tuple[Item, ...]
    targets: tuple[Item, ...]
    digest: str
    extra: Mapping[str, Any]

    def labelled(self, *labels: str) -> tuple[Item, ...]:
        """The items with one of ``labels``, in file order; refuses a label the set does not define."""
        unknown = [label for label in labels if label not in self.labels]
        if unknown:
            raise Refused(f"probe set {self.slug} has no label {', '.join(unknown)}; it has {', '.join(self.labels)}")
        return tuple(item for item in self.items if item.label in labels)

    def words(self, *path: str) -> tuple[str, ...]:
        """The list of texts at ``path`` among the extra entries, for example ``("answers", "positive")``."""
        value: Any = self.extra
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if not isinstance(value, list) or not value or not all(isinstance(word, str) and word.strip() for word in value):
            raise Refused(f"probe set {self.slug}: {'.'.join(path)} must be a list of texts")
        return tuple(value)


@dataclass(frozen=True)
class Split:
    """Two disjoint parts of a set that share no content family."""

    exploration: tuple[Item, ...]
    confirmation: tuple[Item, ...]


Find = Callable[[str], ProbeSet]
"""Looks a set up by its slug; refuses an unknown one."""


def probe_set(slug: str) -> ProbeSet:
    """A shipped set by its slug; refuses an unknown slug naming those that exist."""
    return probe_set_at(path_of(slug))


def path_of(slug: str) -> Path:
    """The file of a shipped set; refuses an unknown slug naming those that exist."""
    found = _files()
    if slug not in found:
        raise Refused(f"unknown probe set {slug!r}; known: {', '.join(sorted(found)) or 'none'}")
    return found[slug]


def probe_set_at(path: Path) -> ProbeSet:
    """A set from any yaml file; every fault is refused with the file, the item and the field."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Refused(f"{path.name}: cannot be read ({error.strerror}); give the path of a yaml file") from error
    return probe_set_from(path.name, raw)


def probe_set_from(name: str, raw: bytes) -> ProbeSet:
    """A set from the bytes of a file called ``name``; refuses like ``probe_set_at``."""
    # A copy: whoever changed a shared set would change what every later run in this process shows its model.
    return copy.deepcopy(_read(name, raw))


@functools.lru_cache(maxsize=128)
def _read(name: str, raw: bytes) -> ProbeSet:
    """The set in a file's bytes. Parsing yaml takes long: equal bytes are parsed once per process, changed ones always anew."""
    try:
        data = yaml.load(raw, Loader=_Loader)  # a safe loader, in C where there is one
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Refused(f"{name}: not readable as yaml ({' '.join(str(error).split())[:200]})") from error
    if not isinstance(data, dict):
        raise Refused(f"{name}: must be a mapping with slug, version, title, datasheet, design, labels and families")
    return _checked(name, data, hashlib.sha256(raw).hexdigest())


def shipped() -> tuple[str, ...]:
    """Slugs of the sets that come with the program, those of the organisms included."""
    return tuple(sorted(_files()))


def _files() -> dict[str, Path]:
    """The shipped files by slug; a slug that stands in both folders would be two sets under one name."""
    found: dict[str, Path] = {}
    for path in (path for folder in (FOLDER, ORGANISMS) for path in sorted(folder.glob("*.yaml"))):
        if path.stem in found:
            raise Refused(f"probe set {path.stem} stands in {found[path.stem].parent.name} and in the organisms' folder; rename one of the files")
        found[path.stem] = path
    return found


def sealed(digests: Mapping[str, str], slug: str) -> ProbeSet:
    """The set ``slug``, if it still has the digest that the plan sealed; one that is not shipped is looked for on the shelf of added sets."""
    if slug not in digests:
        raise Refused(f"the plan names no digest for probe set {slug}; add it to the step's probe sets")
    wanted = digests[slug].removeprefix("sha256:")
    found = probe_set(slug) if slug in _files() else _added(slug, wanted)
    if found.digest != wanted:
        raise Refused(f"probe set {slug} has digest {found.digest}, the plan sealed {digests[slug]}; restore the sealed file or seal a new plan")
    return found


def _added(slug: str, digest: str) -> ProbeSet:
    shelf = os.environ.get(SHELF)
    if not shelf or not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise Refused(f"unknown probe set {slug!r}; known: {', '.join(shipped())}. A set that was added must lie on this process's shelf ({SHELF})")
    found = probe_set_at(Path(shelf) / f"{digest}.yaml")
    if found.slug != slug:
        raise Refused(f"probe set {slug}: the file with the sealed digest calls itself {found.slug}; seal a new plan")
    return found


def split(items: Sequence[Item], seed: int, fraction: float = EXPLORATION) -> Split:
    """Whole families to exploration (``fraction`` of them, at least one) and confirmation (at least one); the same for the same seed and families."""
    families = sorted({item.family for item in items})
    if len(families) < 2:
        raise Refused(f"a split needs at least two content families; there is only {families}")
    order = generator(seed, "family split").permutation(len(families))
    count = min(max(round(fraction * len(families)), 1), len(families) - 1)
    chosen = {families[index] for index in order[:count]}
    return Split(tuple(i for i in items if i.family in chosen), tuple(i for i in items if i.family not in chosen))


def _checked(name: str, data: dict[str, Any], digest: str) -> ProbeSet:
    for field in _TEXT_FIELDS:
        if not isinstance(data.get(field), str) or not data[field].strip():
            raise Refused(f"{name}: field {field} is missing or empty; it must be text")
    labels, datasheet = _text_mapping(name, data, "labels"), _text_mapping(name, data, "datasheet")
    if not datasheet:
        raise Refused(f"{name}: field datasheet is empty; say what the set is for, how it was written, its limits and its licence")
    items, targets = tuple(_items(name, data.get("families"), labels)), tuple(_targets(name, data.get("targets", [])))
    _refuse_repeats(name, items + targets)
    known = {*_TEXT_FIELDS, "labels", "datasheet", "families", "targets"}
    extra = {key: value for key, value in data.items() if key not in known}
    if not items and not extra:
        raise Refused(f"{name}: field families holds no items")
    texts = {field: data[field].strip() for field in _TEXT_FIELDS}
    return ProbeSet(**texts, datasheet=datasheet, labels=labels, items=items, targets=targets, digest=digest, extra=extra)


def _text_mapping(name: str, data: dict[str, Any], field: str) -> Mapping[str, str]:
    found = data.get(field)
    if not isinstance(found, dict) or not all(isinstance(key, str) and isinstance(value, str) for key, value in found.items()):
        raise Refused(f"{name}: field {field} must map names to texts")
    return {key: value.strip() for key, value in found.items()}


def _items(name: str, families: Any, labels: Mapping[str, str]) -> Iterable[Item]:
    if not isinstance(families, list):
        raise Refused(f"{name}: field families must be a list of families")
    for place, entry in enumerate(families, start=1):
        family = entry.get("family") if isinstance(entry, dict) else None
        if not isinstance(family, str) or not family.strip():
            raise Refused(f"{name}: family number {place} has no name; give it a field family")
        rows = entry.get("items")
        if not isinstance(rows, list) or not rows:
            raise Refused(f"{name}: family {family} has no items")
        for number, row in enumerate(rows, start=1):
            yield _item(f"{name}: family {family}, item {number}", family, row, labels)


def _item(where: str, family: str, row: Any, labels: Mapping[str, str]) -> Item:
    where = _with_texts(where, row, ("id", "label", "text"))
    if row["label"] not in labels:
        raise Refused(f"{where}: field label is {row['label']!r}; the set defines {', '.join(labels)}")
    pair = row.get("pair")
    if pair is not None and not isinstance(pair, str | int):
        raise Refused(f"{where}: field pair must be text or a number")
    return Item(row["id"], family, row["label"], row["text"], None if pair is None else str(pair))


def _targets(name: str, rows: Any) -> Iterable[Item]:
    if not isinstance(rows, list):
        raise Refused(f"{name}: field targets must be a list of prompts with id, family and text")
    for number, row in enumerate(rows, start=1):
        _with_texts(f"{name}: target {number}", row, ("id", "family", "text"))
        yield Item(row["id"], row["family"], "target", row["text"])


def _with_texts(where: str, row: Any, needed: Sequence[str]) -> str:
    if not isinstance(row, dict):
        raise Refused(f"{where}: must be a mapping with {', '.join(needed)}")
    where = f"{where} ({row['id']})" if row.get("id") else where
    for field in needed:
        if not isinstance(row.get(field), str) or not row[field].strip():
            raise Refused(f"{where}: field {field} is missing or empty; it must be text")
    return where


def _refuse_repeats(name: str, items: Sequence[Item]) -> None:
    for field, values in (("id", [item.id for item in items]), ("text", [" ".join(item.text.lower().split()) for item in items])):
        repeated = [value for value, count in Counter(values).items() if count > 1]
        if repeated:
            raise Refused(f"{name}: field {field} repeats: {repeated[0]!r} stands more than once")
