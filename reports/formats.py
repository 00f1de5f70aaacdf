"""How numbers, dates and digests are written for people."""

import datetime
import math
import re
from typing import Any

PERIOD = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?")
MINUS, NARROW = "\u2212", "\u202f"


def decimals_for(*values: float | None) -> int:
    """Decimals that show three significant digits of the largest of ``values``: none to three, four only below 0.01."""
    scale = max((abs(value) for value in values if value), default=0.0)
    return 2 if not scale else min(3 if scale >= 0.01 else 4, max(0, 2 - math.floor(math.log10(scale))))


def number(value: float, decimals: int | None = None) -> str:
    """``value`` with a true minus sign and thin groups of three; tiny values keep their exponent."""
    places = decimals_for(value) if decimals is None else decimals
    if decimals is None and value and abs(value) < 0.00005:
        return f"{value:.1e}".replace("-", MINUS)
    text = f"{value:,.{places}f}".replace(",", NARROW)
    return text.lstrip("-") if not float(f"{value:.{places}f}") else text.replace("-", MINUS)


def span(low: float | None, high: float | None, decimals: int) -> str:
    """A range in words, ``–`` when there is none; an open end is said to be open."""
    if low is None and high is None:
        return "–"
    ends = ["open" if end is None else number(end, decimals) for end in (low, high)]
    return f"{ends[0]} to {ends[1]}"


def p_text(value: float | None) -> str:
    """A p-value to two significant digits."""
    if value is None:
        return "–"
    return f"{value:.1e}".replace("-", MINUS) if 0 < value < 0.0001 else f"{float(f'{value:.2g}')}"


def grouped(value: int) -> str:
    """An integer with thin groups of three."""
    return f"{value:,}".replace(",", NARROW)


def day(iso: str | None) -> str:
    """An ISO date or moment as ``20 November 2026``; ``–`` for none."""
    if not iso:
        return "–"
    found = datetime.date.fromisoformat(iso[:10])
    return f"{found.day} {found:%B %Y}"


def moment(iso: str | None) -> str:
    """An ISO moment in UTC as ``20 November 2026, 20:11:05 UTC``; ``–`` for none."""
    if not iso:
        return "–"
    return f"{day(iso)}, {datetime.datetime.fromisoformat(iso):%H:%M:%S} UTC"


def short(digest: str) -> str:
    """First and last digits of a digest, for places where the whole one stands elsewhere."""
    return f"{digest[:8]} … {digest[-8:]}" if len(digest) > 20 else digest


def plain(value: Any) -> str:
    """A JSON value on one line: as a person would write it, not as JSON."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, dict):
        return ", ".join(f"{key} {plain(item)}" for key, item in value.items()) or "–"
    if isinstance(value, list):
        return ", ".join(map(plain, value)) or "–"
    return str(value).replace("-", MINUS) if isinstance(value, int | float) else value or "–"


def period(text: str) -> str:
    """An ISO 8601 duration as ``10 years`` or ``15 days``; other text as it stands."""
    found = PERIOD.fullmatch(text or "")
    if not found or not any(found.groups()):
        return text
    parts = [(int(part), unit) for part, unit in zip(found.groups(), ("year", "month", "day"), strict=True) if part]
    return ", ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts)
