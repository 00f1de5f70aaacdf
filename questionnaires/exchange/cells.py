"""Lists in one cell or text field: a line for each entry, its pieces divided by ``|``; and text that no spreadsheet program runs."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from questionnaires.document import Award, Column, Level, Option
from questionnaires.rule_text import number_write, rule_write

PIECE: Final = re.compile(r"((?:[^\\|\n]|\\.)*)(\||$)")
ESCAPED: Final = {"\\": "\\\\", "|": "\\|", "\n": "\\n"}
BACK: Final = {"\\\\": "\\", "\\|": "|", "\\n": "\n"}
AWARD: Final = re.compile(r"\s*([^:]*?)\s*(?::(.*))?")
ACTIVE: Final = re.compile(r"'*\s*[=+\-@\t\r\n]")
"""How a cell begins that a spreadsheet program would run, whether or not it was made safe before."""


def lines_write(rows: Iterable[Sequence[str]]) -> str:
    """Entries as lines; empty pieces at the end of a line are left away."""
    return "\n".join(_line(row) for row in rows)


def _line(pieces: Sequence[str]) -> str:
    kept = list(pieces)
    while len(kept) > 1 and not kept[-1]:
        kept.pop()
    return " | ".join("".join(ESCAPED.get(sign, sign) for sign in piece) for piece in kept)


def lines_read(text: str) -> list[list[str]]:
    """Entries with their pieces, without the space around them; empty lines are skipped."""
    return [_pieces(line) for line in text.split("\n") if line.strip()]


def _pieces(line: str) -> list[str]:
    found: list[str] = []
    place = 0
    while True:
        match = PIECE.match(line, place)
        if match is None:  # a backslash at the very end stands for itself
            return [*found, _back(line[place:].strip())]
        found.append(_back(match[1].strip()))
        place = match.end()
        if match[2] != "|":
            return found


def _back(piece: str) -> str:
    return re.sub(r"\\[\\|n]", lambda match: BACK[match[0]], piece)


def options_write(rows: Iterable[Option]) -> str:
    """``key | label | points``."""
    return lines_write((row.id, row.label, "" if row.points is None else number_write(row.points)) for row in rows)


def options_read(text: str) -> list[dict[str, str]]:
    """As the document has them."""
    return [_named(("id", "label", "points"), row) for row in lines_read(text)]


def columns_write(rows: Iterable[Column]) -> str:
    """``key | label | type``."""
    return lines_write((row.id, row.label, "" if row.type == "text" else row.type) for row in rows)


def columns_read(text: str) -> list[dict[str, str]]:
    """As the document has them."""
    return [_named(("id", "label", "type"), row) for row in lines_read(text)]


def levels_write(rows: Iterable[Level]) -> str:
    """``points | what deserves them``."""
    return lines_write((number_write(row.points), row.label) for row in rows)


def levels_read(text: str) -> list[dict[str, str]]:
    """As the document has them."""
    return [_named(("points", "label"), row) for row in lines_read(text)]


def awards_write(rows: Iterable[Award]) -> str:
    """``points: rule``."""
    return "\n".join(number_write(row.points) + (f": {rule_write(row.when)}" if row.when else "") for row in rows)


def awards_read(text: str) -> list[dict[str, str]]:
    """As the document has them."""
    found = []
    for line in text.split("\n"):
        match = AWARD.fullmatch(line)
        if line.strip() and match:
            found.append({"points": match[1], **({"when": match[2].strip()} if match[2] is not None else {})})
    return found


def _named(names: Sequence[str], pieces: Sequence[str]) -> dict[str, str]:
    """Pieces under their names; what is too many is kept under a name that the document refuses."""
    rest = {"too much": " | ".join(pieces[len(names) :])} if len(pieces) > len(names) else {}
    return {name: piece for name, piece in zip(names, pieces, strict=False) if piece} | rest


def inert(text: str) -> str:
    """``text`` with an apostrophe in front where a spreadsheet program would run it; ``alive`` takes it away again."""
    return f"'{text}" if ACTIVE.match(text) else text


def alive(text: str) -> str:
    """What ``inert`` was given."""
    return text[1:] if text.startswith("'") and ACTIVE.match(text) else text
