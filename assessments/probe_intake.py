"""Probe sets from outside: what a file must be before its texts are shown to a model, and what it gives away without one. Free of Django."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from assessments import probes, vega
from assessments.contracts import Figure, Refused
from assessments.methods.parts.axes import Axis, axis_of
from assessments.methods.parts.surface import held_out_auroc
from assessments.probes import Find, Item, ProbeSet

LARGEST = 256 * 1024
"""Bytes of a file."""
FEWEST_ITEMS, MOST_ITEMS = 24, 600
FEWEST_FAMILIES = 4
LEAST_SHARE = 0.4
"""Of the two labels together, so much at least is the rarer one."""
LONGEST_TEXT = 4000
DEEPEST = 12
TELLING = 0.7
"""A surface classifier this far from 0.5, up or down, is named in a warning; it refuses nothing and is no threshold of any instrument."""
SLUG = re.compile(r"[a-z][a-z0-9_]{2,59}")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
TAG = re.compile(r"<[A-Za-z/!?]")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of writing, so that a reviewer would read something else than the model."""
SURFACES = {"words": "Words alone", "length": "Length alone", "format": "Punctuation and capitals alone"}
_Loader: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


@dataclass(frozen=True)
class Checked:
    """A set that may be added, its axis, and the AUROC of each surface classifier with whole families held out."""

    set: ProbeSet
    axis: Axis
    baseline: Mapping[str, float]


def check(name: str, raw: bytes, find: Find = probes.probe_set) -> Checked:
    """The set in a file's bytes; refuses, naming the entry and the fix, whatever could harm the program or make a measurement worthless."""
    if len(raw) > LARGEST:
        raise Refused(f"{name}: has {len(raw)} bytes; a probe set may have {LARGEST} at most. Split it into several sets")
    _refuse_structure(name, raw)
    try:
        found = probes.probe_set_from(name, raw)
    except (ValueError, OverflowError) as error:  # what looks like a date or a number and is none
        raise Refused(f"{name}: not readable as yaml ({str(error)[:200]}); put the value in quotation marks") from error
    _refuse_names(name, found)
    for where, text in _texts("", {"title": found.title, "design": found.design, "datasheet": found.datasheet, "labels": found.labels, **found.extra}):
        _refuse_text(f"{name}: {where}", text)
    for item in (*found.items, *found.targets):
        _refuse_text(f"{name}: item {item.id}", item.text)
        _refuse_text(f"{name}: item {item.id}, its names", f"{item.id} {item.family} {item.label} {item.pair or ''}")
    axis = axis_of(found)
    items = found.labelled(axis.positive, axis.negative)
    _refuse_balance(name, items, axis)
    _refuse_answers(found, axis, find)
    return Checked(found, axis, baseline_of(items, axis))


def baseline_of(items: tuple[Item, ...], axis: Axis) -> dict[str, float]:
    """AUROC of words, length and format alone, each family scored by a fit on the others."""
    found = held_out_auroc([item.text for item in items], [item.label == axis.positive for item in items], [item.family for item in items])
    return {surface: round(value, 4) for surface, value in found.items()}


def warnings(baseline: Mapping[str, float]) -> list[str]:
    """A sentence for each surface that tells the two labels apart without any model."""
    return [
        f"{SURFACES[surface]} tell the two labels apart with an AUROC of {value:.2f} (0.50 is guessing). "
        "A probe that scores no higher has found nothing that is not on the surface."
        for surface, value in baseline.items()
        if abs(value - 0.5) > TELLING - 0.5
    ]


def _refuse_structure(name: str, raw: bytes) -> None:
    """Look at the events before anything is built: an alias can stand for a billion texts, a tag for an object, depth for the end of the stack."""
    depth = 0
    try:
        for event in yaml.parse(raw, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            line = event.start_mark.line + 1 if event.start_mark else 0
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise Refused(f"{name}: line {line} uses an anchor or alias (& or *); write every text out, or put it in quotation marks")
            if tag := getattr(event, "tag", None):
                raise Refused(f"{name}: line {line} uses a tag ({tag}); remove it, texts and numbers need none")
            if depth > DEEPEST:
                raise Refused(f"{name}: line {line} is nested more than {DEEPEST} deep; a probe set needs four levels")
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Refused(f"{name}: not readable as yaml ({' '.join(str(error).split())[:200]})") from error


def _refuse_names(name: str, found: ProbeSet) -> None:
    if not SLUG.fullmatch(found.slug):
        raise Refused(f"{name}: field slug is {found.slug[:80]!r}; use 3 to 60 small letters, digits and underscores, beginning with a letter")
    if found.slug in probes.shipped():
        raise Refused(f"{name}: field slug is {found.slug!r}, the name of a set that comes with the program; choose another")
    if not VERSION.fullmatch(found.version):
        raise Refused(f"{name}: field version is {found.version[:80]!r}; use at most 40 letters, digits, dots and hyphens")
    if len(found.title) > 200:
        raise Refused(f"{name}: field title is longer than 200 characters")


def _texts(where: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every text in nested mappings and lists, keys included, with where it stands."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield f"{where}.{key}".lstrip("."), str(key)
            yield from _texts(f"{where}.{key}".lstrip("."), entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(where, entry)
    elif isinstance(value, str):
        yield where, value


def _refuse_text(where: str, text: str) -> None:
    where = where[:200]
    if len(text) > LONGEST_TEXT:
        raise Refused(f"{where}: has {len(text)} characters; a text may have {LONGEST_TEXT} at most")
    if TAG.search(text):
        raise Refused(f"{where}: holds HTML (a “<” before a letter or “/”); remove it, or put a space after the sign where it means “less than”")
    if CONTROL.search(text):
        raise Refused(f"{where}: holds an invisible control character; remove it, so that people read what the model reads")


def _refuse_balance(name: str, items: tuple[Item, ...], axis: Axis) -> None:
    if not FEWEST_ITEMS <= len(items) <= MOST_ITEMS:
        raise Refused(f"{name}: has {len(items)} items labelled {axis.positive} or {axis.negative}; from {FEWEST_ITEMS} to {MOST_ITEMS} are needed")
    families: dict[str, Counter[str]] = {}
    for item in items:
        families.setdefault(item.family, Counter())[item.label] += 1
    if len(families) < FEWEST_FAMILIES:
        raise Refused(f"{name}: has {len(families)} content families; at least {FEWEST_FAMILIES} are needed, because whole families are held out")
    lopsided = next((family for family, labels in families.items() if len(labels) < 2), None)
    if lopsided is not None:
        raise Refused(f"{name}: family {lopsided!r} has items of one label only; give it both, or its subject would be taken for the concept")
    counts = Counter(item.label for item in items)
    if min(counts.values()) < LEAST_SHARE * len(items):
        told = ", ".join(f"{label} {count}" for label, count in counts.items())
        raise Refused(f"{name}: the labels are not balanced ({told}); each needs at least {LEAST_SHARE:.0%} of the items")


def _refuse_answers(found: ProbeSet, axis: Axis, find: Find) -> None:
    """The word lists of a read-out must be there now, not only when a run needs them."""
    if not axis.steerable:
        return
    answers = found if axis.answers_set == found.slug else find(axis.answers_set)
    for path in (axis.up, axis.down):
        answers.words(*path)


def baseline_figure(baseline: Mapping[str, float]) -> Figure:
    """The three surface classifiers as dots beside the line of guessing."""
    order = [SURFACES[surface] for surface in baseline]
    rows = [{"surface": SURFACES[surface], "auroc": value} for surface, value in baseline.items()]
    x = vega.quantity("auroc", "AUROC without any model, whole families held out", domain=[0, 1], nice=False)
    y = vega.category("surface", None, order)
    words = ", ".join(f"{row['surface'].lower()} {row['auroc']:.2f}" for row in rows)  # type: ignore[attr-defined]
    dots = vega.layer(rows, {"type": "point", "filled": True, "size": 110, "color": vega.COLOURS["observed"]}, x=x, y=y)
    marks = [vega.label(f"{row['auroc']:.2f}", float(str(row["auroc"])), str(row["surface"]), dy=-14, align="center") for row in rows]
    return Figure(
        name="baseline",
        title="What the surface gives away",
        caption="How well a simple classifier tells the two labels apart from words, length or punctuation alone. 0.5 is guessing; a probe must beat these.",
        alt=f"AUROC of three classifiers that see no model: {words}.",
        spec=vega.layered(vega.rule(0.5, "x"), dots, *marks, height=150),
    )
