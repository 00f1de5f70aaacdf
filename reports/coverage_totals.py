"""Totals of coverage as a picture: one bar for each framework or article, its duties by state."""

from collections.abc import Sequence
from typing import Any, Final

from assessments import vega
from reports.coverage import STATES
from reports.coverage_overview import COUNTED, Box, Column, Overview

SHOWN: Final = {"covered": "#0b6e4f", "partial": "#1f4e79", "proposed": "#6b7280", "stale": "#9a6700", "missing": "#a4262c"}
"""States from the left of a bar to its right, with their colours of the theme."""
ALL: Final = "All"
BAR: Final = 26
MOST: Final = 40
"""Bars of one picture; the table below it has them all."""


def totals_figure(seen: Overview, systems: int) -> dict[str, Any]:
    """A figure for ``web.figures.figure_view``: the total first, then every column in which a duty applies."""
    bars = bars_of(seen)
    order = [name for name, _ in bars]
    rows = [_part(name, box, state) for name, box in bars for state in SHOWN]
    x = vega.quantity("share", "Share of the duties that apply, in per cent", domain=[0, 100])
    y = vega.category("name", None, order)
    colour = {"field": "state", "type": "nominal", "title": None, "scale": {"domain": [STATES[name] for name in SHOWN], "range": list(SHOWN.values())}}
    mark = {"type": "bar", "height": {"band": 0.7}}
    layer = vega.layer(rows, mark, x={**x, "stack": "zero"}, y=y, color={**colour, "legend": {"orient": "top"}}, order={"field": "place"})
    counted = "1 system" if systems == 1 else f"{systems} systems"
    return {
        "name": "coverage-totals",
        "title": f"Duties of {counted} by state",
        "caption": "One duty for two systems counts twice. Each bar is the whole of its duties; how many they are stands in the numbers below.",
        "alt": f"{seen.total.applying} duties apply to {counted}: {seen.total.told}.",
        "spec": vega.layered(layer, height=BAR * len(bars)),
    }


def bars_of(seen: Overview) -> Sequence[tuple[str, Box]]:
    """The total and the columns that have something to show."""
    held: list[Column] = [column for column in seen.columns if column.total.applying][:MOST]
    return [(ALL, seen.total), *((column.label, column.total) for column in held)]


def states_of(total: Box) -> list[tuple[str, str, int]]:
    """Key, word and count of every state that counts, best first."""
    return [(state, STATES[state], total.counts[state]) for state in COUNTED]


def _part(name: str, box: Box, state: str) -> dict[str, Any]:
    count = box.counts[state]
    share = round(100 * count / box.applying, 1) if box.applying else 0.0
    return {"name": name, "state": STATES[state], "duties": count, "share": share, "place": list(SHOWN).index(state)}
