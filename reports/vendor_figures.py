"""Figures about answers of vendors: a score in its sections, and its history. Claimed is hollow, confirmed is solid."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from assessments import vega
from questionnaires.document import Document
from questionnaires.scoring import Sheet

CLAIMED, CONFIRMED = vega.COLOURS["null"], vega.COLOURS["causal"]
Figure = dict[str, Any]
NARROW = 190
"""Width of the score's field in pixels: it stands in a side column, and a wider one would shrink its words."""


def score_figure(document: Document, sheet: Sheet) -> Figure | None:
    """Claimed and confirmed per cent of each scored section and of the whole; None where nothing is scored."""
    titles = {row.id: row.title for row in document.sections}
    shares = [("Total", sheet.total), *((titles[key], row) for key, row in sheet.sections.items() if row.claimed is not None)]
    if sheet.total.claimed is None:
        return None
    total = sheet.total
    alt = f"Of 100 per cent, {total.claimed:g} are claimed and {total.confirmed:g} are confirmed."
    return _bars([(name, share.claimed, share.confirmed) for name, share in shares], alt, width=NARROW)


def claimed_figure(scores: Sequence[tuple[str, float | None, float | None]]) -> Figure | None:
    """Claimed and confirmed per cent of each questionnaire by its name; None where none is scored."""
    rows = [row for row in scores if row[1] is not None]
    told = "; ".join(f"{name}: {claimed:g} per cent claimed, {confirmed or 0:g} confirmed" for name, claimed, confirmed in rows)
    return _bars(rows, f"{told}.") if rows else None


def _bars(shares: Sequence[tuple[str, float | None, float | None]], alt: str, **size: int) -> Figure:
    names = [name for name, _, _ in shares]
    values = [{"part": name, "claimed": claimed, "confirmed": confirmed} for name, claimed, confirmed in shares]
    y, x = vega.category("part", None, names), vega.quantity("claimed", "Per cent", domain=[0, 100])
    solid = {**x, "field": "confirmed"}
    layers = [
        vega.layer(values, {"type": "bar", "height": 14, "color": "white", "stroke": CLAIMED, "strokeWidth": 1.5}, x=x, y=y),
        vega.layer(values, {"type": "bar", "height": 14, "color": CONFIRMED}, x=solid, y=y),
    ]
    return {
        "name": "score",
        "title": "Claimed and confirmed",
        "caption": "Outlined: what the answers claim. Solid: what a reviewer accepted. Only the solid part counts in gates.",
        "alt": alt,
        "spec": vega.layered(*layers, height=34 * len(names), **size),
    }


def history_figure(points: Sequence[tuple[datetime, float | None, float | None]], title: str = "Score over time") -> Figure | None:
    """Claimed and confirmed at every moment a request was scored; None for fewer than two."""
    rows = [{"at": f"{at:%Y-%m-%d %H:%M:%S}", "claimed": claimed, "confirmed": confirmed} for at, claimed, confirmed in points if claimed is not None]
    if len(rows) < 2:
        return None
    x = {"field": "at", "type": "temporal", "title": None, "axis": {"labelPadding": 6, "labelOverlap": True}}
    y = vega.quantity("claimed", "Per cent", domain=[0, 100])
    last = rows[-1]
    layers = [vega.line(rows, x, y, CLAIMED, dash=(5, 4)), vega.line(rows, x, {**y, "field": "confirmed"}, CONFIRMED)]
    return {
        "name": "score-history",
        "title": title,
        "caption": "Dashed: claimed. Solid: confirmed by a reviewer. One point for each time the answers were counted.",
        "alt": f"{len(rows)} counts. The last: {last['claimed']} per cent claimed, {last['confirmed']} confirmed.",
        "spec": vega.layered(*layers, height=200),
    }
