"""A document as rows of text: one row for the questionnaire, each category, section, question, cap, flag and clause. The editor's forms use the same texts."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from core.errors import InvalidInput
from questionnaires.document import FORMAT, Document, Part, document_read
from questionnaires.exchange import cells
from questionnaires.rule_text import number_write, rule_write

FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "questionnaire": {"text": "title", "help": "about", "source": "source", "headline": "headline"},
    "category": {"id": "id", "text": "title", "on": "on"},
    "section": {"id": "id", "in": "category", "text": "title", "help": "help", "weight": "weight"},
    "question": {
        "id": "id", "text": "text", "help": "help", "type": "type", "options": "options", "columns": "columns", "unit": "unit", "least": "least",
        "greatest": "greatest", "required": "required", "show_if": "show_if", "required_if": "required_if", "evidence": "evidence", "weight": "weight",
        "most": "most", "awards": "awards", "levels": "levels",
    },
    "cap": {"id": "id", "in": "section", "when": "when", "at_most": "at_most", "because": "because"},
    "flag": {"id": "id", "text": "title", "when": "when", "because": "because"},
    "clause": {"id": "id", "text": "title", "help": "text", "when": "when"},
}  # fmt: skip
"""For each kind of row: the field of the document that a column holds. The column “in” of a question names its section."""
COLUMNS: Final = (
    "kind", "id", "in", "text", "help", "type", "options", "columns", "unit", "least", "greatest", "required", "show_if", "required_if", "evidence",
    "weight", "most", "awards", "levels", "when", "at_most", "because", "on", "source", "headline",
)  # fmt: skip
WRITERS: Final[Mapping[str, Callable[[Any], str]]] = {
    "options": cells.options_write,
    "columns": cells.columns_write,
    "awards": cells.awards_write,
    "levels": cells.levels_write,
    "headline": " ".join,
    **dict.fromkeys(("show_if", "required_if", "when"), rule_write),
    **dict.fromkeys(("least", "greatest", "weight", "most", "at_most"), number_write),
    **dict.fromkeys(("required", "on"), lambda value: "yes" if value else "no"),
}
READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "options": cells.options_read,
    "columns": cells.columns_read,
    "awards": cells.awards_read,
    "levels": cells.levels_read,
    "headline": lambda text: text.replace(",", " ").split(),
}
Flat = dict[str, str]


def part_flat(kind: str, part: Part) -> Flat:
    """The columns of ``part`` that are not at their default."""
    said = part.model_fields_set & set(part.model_dump(exclude_defaults=True))
    return {column: WRITERS.get(column, str)(getattr(part, name)) for column, name in FIELDS[kind].items() if name in said}


def part_raw(kind: str, flat: Mapping[str, str]) -> dict[str, Any]:
    """What the document takes for a row with the columns ``flat``; empty ones are left out, and nothing is checked yet."""
    found = {name: READERS.get(column, str)(flat[column]) for column, name in FIELDS[kind].items() if flat.get(column, "").strip()}
    return {name: value for name, value in found.items() if value != []}


def flat_rows(document: Document) -> Iterator[Flat]:
    """Every row of ``document``, in order."""
    yield {"kind": "questionnaire", **part_flat("questionnaire", document)}
    yield from ({"kind": "category", **part_flat("category", row)} for row in document.categories)
    for section in document.sections:
        yield {"kind": "section", **part_flat("section", section)}
        yield from ({"kind": "question", "in": section.id, **part_flat("question", row)} for row in section.questions)
    for kind, parts in (("cap", document.caps), ("flag", document.flags), ("clause", document.clauses)):
        yield from ({"kind": kind, **part_flat(kind, row)} for row in parts)


def document_of(rows: list[tuple[int, Flat]]) -> Document:
    """The document that numbered rows make; ``InvalidInput`` names the row and the column at fault."""
    raw: dict[str, Any] = {"format": FORMAT, "sections": []}
    places: dict[str, int] = {}
    for number, flat in rows:
        _take(raw, places, number, flat)
    try:
        return document_read(raw)
    except InvalidInput as error:
        raise InvalidInput("file", _told(error, places)) from error


def _take(raw: dict[str, Any], places: dict[str, int], number: int, flat: Flat) -> None:
    kind = flat.get("kind", "").strip().lower()
    if kind not in FIELDS:
        raise InvalidInput("file", f"Row {number} is of the kind “{kind[:40]}”. Write one of {', '.join(FIELDS)}.")
    unknown = [name for name in flat if flat[name].strip() and name not in (*FIELDS[kind], "kind") and not (name == "in" and kind == "question")]
    if unknown:
        raise InvalidInput("file", f"Row {number} is a {kind}, which has no “{unknown[0]}”. Empty that cell.")
    part = part_raw(kind, flat)
    if kind == "questionnaire":
        raw |= part
        return
    if kind == "question":
        section = flat.get("in", "").strip()
        place = next((place for place, row in enumerate(raw["sections"]) if row.get("id") == section), None)
        if place is None:
            raise InvalidInput("file", f"Row {number} asks in the section “{section[:40]}”, which no row above is. Add a row of the kind section before it.")
        rows, path = raw["sections"][place]["questions"], f"sections.{place}.questions"
    else:
        path = {"category": "categories"}.get(kind, f"{kind}s")
        rows = raw.setdefault(path, [])
        part |= {"questions": []} if kind == "section" else {}
    places[f"{path}.{len(rows)}"] = number
    rows.append(part)


def _told(error: InvalidInput, places: Mapping[str, int]) -> str:
    """The error with the row instead of the place in the document."""
    steps = error.field.split(".")
    for length in range(len(steps), 1, -1):
        number = places.get(".".join(steps[:length]))
        if number is not None:
            return f"Row {number}{f', {column_of(steps[length:])}' if steps[length:] else ''}: {error.message}"
    return f"{error.field}: {error.message}"


def column_of(steps: list[str]) -> str:
    """The column that holds the field at ``steps`` below a part."""
    names = {name: column for fields in FIELDS.values() for column, name in fields.items() if name != column}
    return names.get(steps[0], steps[0]) if steps else ""
