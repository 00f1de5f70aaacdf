"""The figure of a comparison: every shared primary measurement of two runs as dots with their intervals, one axis each."""

from collections.abc import Sequence
from typing import Any

from assessments import vega
from assessments.models import Measurement, Run
from web.runs.comparison import Pair, StepPair

ROW = 54


def comparison_figure(first: Run, second: Run, steps: Sequence[StepPair]) -> dict[str, Any] | None:
    """A figure for ``web.figures.figure_view``; None where no primary measurement is shared."""
    shown = [(step, step.primary) for step in steps if step.primary is not None]
    if not shown:
        return None
    names = (str(first), str(second))
    rows = [_row(_title(step, found), found, names) for step, found in shown if found is not None]
    config = vega.layered()["config"]
    spec = {
        "$schema": vega.layered()["$schema"],
        "padding": {"left": 4, "top": 8, "right": 16, "bottom": 4},
        "spacing": 18,
        "vconcat": rows,
        "config": {**config, "concat": {"spacing": 18}},
    }
    return {
        "name": "comparison",
        "title": "Primary measurements of both runs",
        "caption": "Dots are values, lines 95 % intervals, grey bands the nulls. Each measurement has its own axis.",
        "alt": "; ".join(f"{step.title}: {found.texts[0].value} in {names[0]}, {found.texts[1].value} in {names[1]}" for step, found in shown if found) + ".",
        "spec": spec,
    }


def _title(step: StepPair, found: Pair) -> str:
    unit = f" ({found.first.unit})" if found.first.unit else ""
    return f"{step.title}. {found.first.label}{unit}{': made in different ways' if step.breaks else ''}"


def _row(title: str, found: Pair, names: tuple[str, str]) -> dict[str, Any]:
    """One measurement: two lines on an axis of its own."""
    data = [_values(found.first, names[0]), _values(found.second, names[1])]
    x = {**vega.quantity("value", "", tickCount=5, grid=True), "title": None}
    y = vega.category("run", None, names, domain=False, ticks=False)
    return {
        "width": vega.WIDTH,
        "height": ROW,
        "title": {"text": title, "anchor": "start", "fontSize": 13, "fontWeight": 600, "color": vega.INK, "offset": 6, "frame": "group"},
        "layer": [*_nulls(data, y), *_intervals(data, y), _dots(data, x, y)],
    }


def _values(row: Measurement, name: str) -> dict[str, Any]:
    ends = {"low": row.low, "high": row.high, "null_low": row.null_low, "null_high": row.null_high}
    return {"run": name, "value": row.value, **{key: value for key, value in ends.items() if value is not None}}


def _nulls(data: list[dict[str, Any]], y: vega.Spec) -> list[vega.Spec]:
    rows = [row for row in data if {"null_low", "null_high"} <= set(row)]
    mark = {"type": "bar", "color": vega.BAND, "opacity": 0.22, "height": 16}
    return [vega.layer(rows, mark, x=_end("null_low"), x2={"field": "null_high"}, y=y)] if rows else []


def _intervals(data: list[dict[str, Any]], y: vega.Spec) -> list[vega.Spec]:
    rows = [row for row in data if {"low", "high"} <= set(row)]
    mark = {"type": "rule", "color": vega.COLOURS["observed"], "strokeWidth": 2}
    return [vega.layer(rows, mark, x=_end("low"), x2={"field": "high"}, y=y)] if rows else []


def _dots(data: list[dict[str, Any]], x: vega.Spec, y: vega.Spec) -> vega.Spec:
    return vega.layer(data, {"type": "point", "filled": True, "size": 70, "opacity": 1, "color": vega.COLOURS["observed"]}, x=x, y=y)


def _end(field: str) -> vega.Spec:
    return {"field": field, "type": "quantitative", "scale": {"zero": False}, "title": None}
