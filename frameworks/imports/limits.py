"""How large, deep and strange a file may be, and the checks that each text of it passes."""

import datetime
import re
from collections.abc import Iterable
from typing import Any, Final

from core.errors import InvalidInput
from core.hashing import sha256_bytes

LARGEST: Final = 12 * 1024 * 1024
"""Bytes of a file."""
LARGEST_YAML: Final = 4 * 1024 * 1024
"""YAML takes so much longer to read that it has a limit of its own."""
DEEPEST: Final = 40
MOST_ROWS, MOST_COLUMNS = 20_000, 200
LONGEST: Final = 40_000
LONGEST_REF, LONGEST_TITLE, LONGEST_SECTION = 60, 200, 600
HIDDEN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, half characters, and those that turn the direction of writing: people would read something else than is stored."""
CLIMBS: Final = re.compile(r"(^|[/\\:])\.\.([/\\]|$)")
ADDRESS: Final = re.compile(r"https?://[^\s<>\"]{3,490}")


def refused(message: str) -> InvalidInput:
    """The error for a file that is not taken; the message names the place and the fix."""
    return InvalidInput("file", message)


def text_of(value: Any, where: str, longest: int = LONGEST) -> str:
    """A text field without space around it; empty when it is absent. ``InvalidInput`` on what is no text, too long or holds hidden characters."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise refused(f"{where} should be text; it holds a list, an object or a number. Put the text in quotation marks.")
    found = HIDDEN.search(value)
    if found:
        raise refused(f"{where} holds the invisible character U+{ord(found[0]):04X}. Remove it, so that everybody reads what is stored.")
    if len(value) > longest:
        raise refused(f"{where} has {len(value)} characters; at most {longest} are taken. Shorten it.")
    return value.strip()


def needed(value: Any, where: str, longest: int = LONGEST) -> str:
    """A text field that must be there."""
    text = text_of(value, where, longest)
    if not text:
        raise refused(f"{where} is missing. Add it and upload the file again.")
    return text


def name_of(value: Any, where: str) -> str:
    """A URN or id: as ``needed``, and no path hides in it."""
    text = needed(value, where, 255)
    if CLIMBS.search(text) or "\\" in text or re.search(r"[ \t\r\n\v\f]", text):
        raise refused(f"{where} is “{text[:80]}”, which holds a path or spaces. Give it a plain id.")
    return text


def address_of(value: Any, where: str) -> str:
    """A web address; empty when it is absent or anything else, because a page makes it a link."""
    text = text_of(value, where)
    return text if ADDRESS.fullmatch(text) else ""


def day_of(value: Any) -> datetime.date | None:
    """The day at the beginning of an ISO 8601 text; None where there is none."""
    try:
        return datetime.date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def ref_of(text: str) -> str:
    """A reference that fits its column; a longer one ends in eight digits of its digest, so that two never become one."""
    return text if len(text) <= LONGEST_REF else f"{text[: LONGEST_REF - 9]}-{sha256_bytes(text.encode())[:8]}"


def title_of(title: str, text: str) -> str:
    """The title, or the first line of the text where the file has none; cut where it is too long."""
    line = title or text.partition("\n")[0]
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1].rstrip()}…"


def section_of(titles: Iterable[str]) -> str:
    """Headings from the top down as one line; the lowest ones where all would be too long."""
    line = " › ".join(titles)
    return line if len(line) <= LONGEST_SECTION else f"…{line[1 - LONGEST_SECTION :]}"


def unique(names: Iterable[str], what: str) -> None:
    """``InvalidInput`` naming the first of ``names`` that stands twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise refused(f"{what} “{name[:80]}” stands twice. Give each row an id of its own.")
        seen.add(name)


def count_rows(count: int) -> None:
    """``InvalidInput`` when there are none or too many."""
    if not count:
        raise refused("There is no requirement in the file. Check that it is the whole library.")
    if count > MOST_ROWS:
        raise refused(f"There are more than {MOST_ROWS} rows in the file. Split it into several frameworks.")
