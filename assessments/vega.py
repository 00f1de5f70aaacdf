"""Shared pieces of the figures: Vega-Lite v6 specs with data inline, one theme, direct labels instead of legends."""

from collections.abc import Mapping, Sequence
from typing import Any

INK, MUTED, GRID, BAND = "#1c2126", "#55606b", "#e3e6ea", "#6b7280"
COLOURS = {"causal": "#0b6e4f", "observed": "#1f4e79", "null": "#6b7280", "inconclusive": "#9a6700"}
FONT = "IBM Plex Sans"
WIDTH, HEIGHT = 560, 300

Spec = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]


def layered(*layers: Spec, width: int = WIDTH, height: int = HEIGHT) -> Spec:
    """A complete spec of ``layers`` drawn on one another, each with its own inline data."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": width,
        "height": height,
        "padding": {"left": 4, "top": 8, "right": 12, "bottom": 4},
        "layer": list(layers),
        "config": _theme(),
    }


def layer(rows: Rows, mark: Mapping[str, Any], **encoding: Any) -> Spec:
    """One layer: its rows, its mark and its encodings."""
    return {"data": {"values": [dict(row) for row in rows]}, "mark": dict(mark), "encoding": encoding}


def quantity(field: str, title: str, **options: Any) -> Spec:
    """A numeric position; the scale does not have to start at zero. ``options`` go to the axis, ``domain`` and ``nice`` to the scale."""
    scale: Spec = {"zero": False} | {key: options.pop(key) for key in ("domain", "nice") if key in options}
    return {"field": field, "type": "quantitative", "title": title, "scale": scale, "axis": {"labelPadding": 6, "titlePadding": 10, **options}}


def category(field: str, title: str | None, order: Sequence[str], **options: Any) -> Spec:
    """A named position in the given order."""
    axis = {"labelPadding": 6, "titlePadding": 10, "labelLimit": 260, **options}
    return {"field": field, "type": "ordinal", "title": title, "sort": list(order), "axis": axis}


def line(rows: Rows, x: Spec, y: Spec, colour: str, dash: Sequence[int] = (), points: bool = True) -> Spec:
    """A curve with a dot at every measured point, so that nothing between them looks measured."""
    mark: Spec = {"type": "line", "color": colour, "strokeWidth": 2.25}
    if points:
        mark["point"] = {"color": colour, "filled": True, "size": 46}
    if dash:
        mark["strokeDash"] = list(dash)
    return layer(rows, mark, x=x, y=y)


def band(rows: Rows, x: Spec, low: Spec, high: str, colour: str = BAND, opacity: float = 0.2) -> Spec:
    """A shaded range between the fields ``low`` and ``high``."""
    return layer(rows, {"type": "area", "color": colour, "opacity": opacity, "line": False}, x=x, y=low, y2={"field": high})


def rule(value: float, axis: str, colour: str = MUTED, dash: Sequence[int] = (4, 3), width: float = 1.25) -> Spec:
    """A straight line across the whole figure at ``value`` on ``axis`` (``x`` or ``y``)."""
    mark = {"type": "rule", "color": colour, "strokeDash": list(dash), "strokeWidth": width}
    return {"data": {"values": [{}]}, "mark": mark, "encoding": {axis: {"datum": value, "type": "quantitative"}}}


def label(text: str, x: float | str, y: float | str, colour: str = INK, **mark: Any) -> Spec:
    """Words at a data position (a number) or a category (a text); ``mark`` holds align, baseline, dx, dy, fontWeight."""
    shown = {"type": "text", "color": colour, "fontSize": 12, "align": "left", "baseline": "middle", **mark}
    return {"data": {"values": [{"text": text}]}, "mark": shown, "encoding": {"x": _datum(x), "y": _datum(y), "text": {"field": "text"}}}


def _datum(value: float | str) -> Spec:
    return {"datum": value, "type": "ordinal" if isinstance(value, str) else "quantitative"}


def _theme() -> Spec:
    axis = {
        "labelColor": INK,
        "titleColor": MUTED,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": 400,
        "gridColor": GRID,
        "domainColor": "#c5cad1",
        "tickColor": "#c5cad1",
    }
    return {
        "font": FONT,
        "background": "white",
        "view": {"stroke": None},
        "axis": axis,
        "axisX": {"grid": False},
        "axisY": {"domain": False, "ticks": False, "titleAlign": "center"},
        "text": {"font": FONT, "fill": INK},
        "legend": {"labelColor": INK, "titleColor": MUTED, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": 400},
    }
