"""Changes to a document, each of which makes a whole, checked document of its own. Plain Python."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from core.errors import InvalidInput, NotFound
from questionnaires.document import FORMAT, Document, document_read

PartKind = Literal["category", "section", "question", "cap", "flag", "clause"]
LISTS: Final[Mapping[str, str]] = {"category": "categories", "section": "sections", "cap": "caps", "flag": "flags", "clause": "clauses"}
"""Where the parts of a kind stand; questions stand in their section."""
Raw = dict[str, Any]


def document_begin(title: str) -> Document:
    """The least that can be published: one section with one question, to be made one's own."""
    first = {"id": "q1", "text": "What do you want to know?", "type": "text"}
    return document_read({"format": FORMAT, "title": title, "sections": [{"id": "general", "title": "General", "questions": [first]}]})


def head_put(document: Document, values: Raw) -> Document:
    """Title, description, source and headline replaced by ``values``."""
    kept = {name: value for name, value in document.stored().items() if name not in ("title", "about", "source", "headline")}
    return document_read({**kept, **values})


def part_put(document: Document, kind: PartKind, values: Raw, key: str = "", *, within: str = "", after: str = "") -> Document:
    """The part ``key`` replaced by ``values``, or where ``key`` is empty a new one: behind ``after`` or at the end, a question in the section ``within``.

    A new section begins with a question to be made one's own.
    """
    raw = document.stored()
    if not key and kind == "section":
        values = {**values, "questions": [{"id": _free(document), "text": "What do you want to know?", "type": "text"}]}
    if not key:
        rows = _rows_of(raw, kind, within)
        places = [place for place, row in enumerate(rows, 1) if row["id"] == after]
        rows.insert(places[0] if places else len(rows), values)
        return document_read(raw)
    rows, place = _found(raw, kind, key)
    kept = {"questions": rows[place]["questions"]} if kind == "section" else {}
    rows[place] = {**values, **kept, "id": key}
    if kind == "question" and within and rows is not _rows_of(raw, kind, within):
        _rows_of(raw, kind, within).append(rows.pop(place))
    return document_read(raw)


def part_remove(document: Document, kind: PartKind, key: str) -> Document:
    """Without the part ``key``; ``InvalidInput`` where something still refers to it, or where nothing would be left."""
    raw = document.stored()
    rows, place = _found(raw, kind, key)
    del rows[place]
    if kind == "question" and not rows:
        raise InvalidInput("question", "it is the last one of its section; remove the section instead")
    return document_read(raw)


def part_move(document: Document, kind: PartKind, key: str, *, up: bool) -> Document:
    """The part ``key`` one place up or down; at the end of its list it stays. ``InvalidInput`` where a question would stand before one it depends on."""
    raw = document.stored()
    rows, place = _found(raw, kind, key)
    other = place - 1 if up else place + 1
    if 0 <= other < len(rows):
        rows[place], rows[other] = rows[other], rows[place]
    return document_read(raw)


def section_of(document: Document, question: str) -> str:
    """Key of the section in which ``question`` stands; ``NotFound`` where there is none."""
    found = next((row.id for row in document.sections if any(one.id == question for one in row.questions)), None)
    if found is None:
        raise NotFound("The questionnaire has no such question; it may have been removed.")
    return found


def _rows_of(raw: Raw, kind: str, within: str) -> list[Raw]:
    if kind != "question":
        rows: list[Raw] = raw.setdefault(LISTS[kind], [])
        return rows
    section = next((row for row in raw["sections"] if row["id"] == within), None)
    if section is None:
        raise InvalidInput("in", "there is no such section; choose one of the questionnaire")
    questions: list[Raw] = section["questions"]
    return questions


def _found(raw: Raw, kind: str, key: str) -> tuple[list[Raw], int]:
    lists = [row["questions"] for row in raw["sections"]] if kind == "question" else [raw.get(LISTS[kind], [])]
    for rows in lists:
        for place, row in enumerate(rows):
            if row["id"] == key:
                return rows, place
    raise NotFound(f"The questionnaire has no such {kind}; it may have been removed.")


def _free(document: Document) -> str:
    return next(f"q{number}" for number in range(1, 10_000) if f"q{number}" not in document.by_id)
