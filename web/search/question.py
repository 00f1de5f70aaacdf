"""What somebody typed into the search: words, and perhaps a number or the beginning of a digest."""

import re
from dataclasses import dataclass

from django.db.models import Q

LONGEST = 200
NUMBER = re.compile(r"(?:(run|entry|log entry|report|r(?=-)|incident|i(?=-))\s*[-#]?\s*)?#?(\d{1,12})", re.IGNORECASE)
DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{6,64})", re.IGNORECASE)
KINDS = {"run": "run", "entry": "entry", "log entry": "entry", "report": "report", "r": "report", "incident": "incident", "i": "incident"}


@dataclass(frozen=True)
class Question:
    """A search as understood; ``number`` speaks of ``only`` one kind when the person named it, as in “run 12”."""

    text: str
    words: tuple[str, ...]
    number: int | None = None
    only: str = ""
    digest: str = ""

    @property
    def too_short(self) -> bool:
        """Whether the answer would be nearly everything."""
        return len(self.text) < 2 and self.number is None

    def numbered(self, kind: str) -> int | None:
        """The number, when it may be one of ``kind``."""
        return self.number if self.only in ("", kind) else None

    def mentions(self, *fields: str) -> Q:
        """Rows in which every word stands in one of ``fields``; none when a number of one kind was asked for."""
        found = Q(pk__in=()) if self.only else Q()
        for word in self.words:
            either = Q()
            for name in fields:
                either |= Q(**{f"{name}__icontains": word})
            found &= either
        return found

    def in_text(self, *texts: str) -> bool:
        """The same question to plain words."""
        whole = " ".join(texts).lower()
        return not self.only and all(word.lower() in whole for word in self.words)


def understood(typed: str) -> Question:
    """The question behind ``typed``."""
    text = " ".join(typed.replace("\0", " ").split())[:LONGEST]
    number, digest = NUMBER.fullmatch(text), DIGEST.fullmatch(text)
    return Question(
        text=text,
        words=tuple(text.split()[:8]),
        number=int(number[2]) if number else None,
        only=KINDS[number[1].lower()] if number and number[1] else "",
        digest=digest[1].lower() if digest else "",
    )
