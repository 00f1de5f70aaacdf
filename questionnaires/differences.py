"""What differs between two documents, in words. Plain Python."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from questionnaires.document import Document, Part
from questionnaires.exchange.flat import FIELDS, part_flat

LONGEST: Final = 300
NAMES: Final[Mapping[str, str]] = {"most": "highest points", "when": "rule", "on": "on by default"}
"""Fields of the document whose own name would not do."""
USUAL: Final[Mapping[str, str]] = {"weight": "1", "required": "no", "evidence": "none", "on": "yes"}
"""What an empty column means."""
LISTS: Final[Mapping[str, str]] = {"options": "option", "columns": "column", "awards": "award", "levels": "level"}


@dataclass(frozen=True)
class Difference:
    """One change: of what kind, to which part, and what it is."""

    kind: str
    part: str
    text: str

    def __str__(self) -> str:
        return f"{self.part}: {self.text}"


def differences(before: Document, after: Document) -> list[Difference]:
    """Every change from ``before`` to ``after``; empty exactly when both have the same digest."""
    found = list(_changed("questionnaire", "questionnaire", before, after))
    for kind, name in (("category", "categories"), ("section", "sections")):
        found += _parts(kind, getattr(before, name), getattr(after, name))
    found += _questions(before, after)
    for kind, name in (("cap", "caps"), ("flag", "flags"), ("clause", "clauses")):
        found += _parts(kind, getattr(before, name), getattr(after, name))
    return found


def _questions(before: Document, after: Document) -> Iterator[Difference]:
    yield from _parts("question", tuple(before.by_id.values()), tuple(after.by_id.values()), order=False)
    old, new = ({row.id: section.id for section in document.sections for row in section.questions} for document in (before, after))
    for key in new:
        if key in old and old[key] != new[key]:
            yield Difference("moved", f"question {key}", f"moved from section {old[key]} to {new[key]}")
    stay = [key for key in new if old.get(key) == new[key]]
    for section in after.sections:
        mine = [key for key in stay if new[key] == section.id]
        if mine != [key for key in old if key in mine]:
            yield Difference("moved", f"section {section.id}", f"its questions now come in the order {', '.join(mine)}")


def _parts(kind: str, before: Sequence[Part], after: Sequence[Part], *, order: bool = True) -> Iterator[Difference]:
    old, new = ({row.id: row for row in rows} for rows in (before, after))  # type: ignore[attr-defined]  # all of these parts have keys
    for key, row in new.items():
        if key not in old:
            yield Difference("added", f"{kind} {key}", f"added, “{_short(_title(kind, row))}”")
        else:
            yield from _changed(kind, f"{kind} {key}", old[key], row)
    for key, row in old.items():
        if key not in new:
            yield Difference("removed", f"{kind} {key}", f"removed, “{_short(_title(kind, row))}”")
    both = [key for key in new if key in old]
    if order and both != [key for key in old if key in new]:
        yield Difference("moved", f"order of the {kind}s".replace("categorys", "categories"), f"now {', '.join(new)}")


def _title(kind: str, row: Part) -> str:
    flat = part_flat(kind, row)
    return flat.get("text") or flat.get("because", "")


def _changed(kind: str, part: str, before: Part, after: Part) -> Iterator[Difference]:
    was, now = part_flat(kind, before), part_flat(kind, after)
    for column, field in FIELDS[kind].items():
        old, new = was.get(column, USUAL.get(column, "")), now.get(column, USUAL.get(column, ""))
        if old == new:
            continue
        if column in LISTS:
            yield from _lines(part, LISTS[column], old.split("\n") if old else [], new.split("\n") if new else [])
        else:
            yield Difference("changed", part, f"{NAMES.get(field, field.replace('_', ' '))} {_quoted(old)} → {_quoted(new)}")


def _lines(part: str, noun: str, old: list[str], new: list[str]) -> Iterator[Difference]:
    """Options, columns, awards and levels line by line; when only their order differs, that is said."""
    yield from (Difference("changed", part, f"{noun} added: {_short(line)}") for line in new if line not in old)
    yield from (Difference("changed", part, f"{noun} removed: {_short(line)}") for line in old if line not in new)
    if sorted(old) == sorted(new) or [line for line in new if line in old] != [line for line in old if line in new]:
        yield Difference("changed", part, f"order of the {noun}s changed")


def _quoted(text: str) -> str:
    return _short(text) if text else "nothing"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
