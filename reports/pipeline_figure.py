"""The figure of the release pipeline: per axis what the intervention did, with its interval, against random directions of equal length."""

from collections.abc import Mapping, Sequence
from typing import Any

from assessments import vega

ROW_HEIGHT, AXIS_HEIGHT = 34, 60
PALE = ("null", "not_applicable", "")


def effect_figure(axes: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Name, title, caption, alt and Vega-Lite spec over ``axes`` of ``pipeline_read``; None where no axis was acted on yet."""
    rows = [row for axis in axes if (row := _row(axis)) is not None]
    if not rows:
        return None
    order = [row["axis"] for row in rows]
    x = vega.quantity("value", "change of the read-out (nats per 0.1 residual norm added)", nice=True, tickCount=6)
    y = vega.category("axis", None, order, grid=False)
    colour = {"field": "colour", "type": "nominal", "scale": None, "legend": None}
    layers = [
        vega.layer(rows, {"type": "bar", "height": 16, "color": vega.BAND, "opacity": 0.25}, x=x | {"field": "null_low"}, x2={"field": "null_high"}, y=y),
        vega.rule(0.0, "x"),
        vega.layer(rows, {"type": "rule", "strokeWidth": 2}, x=x | {"field": "low"}, x2={"field": "high"}, y=y, color=colour),
        vega.layer(rows, {"type": "point", "filled": True, "size": 80, "opacity": 1}, x=x, y=y, color=colour),
    ]
    return {
        "name": "pipeline_effects",
        "title": "What the designed intervention did",
        "caption": "Zero means no change from the untouched model. Dot and line: change on prompts kept aside, with its 95 % interval. "
        "Grey: 95 % of random directions of equal length. The read-outs differ from axis to axis, so compare each with its own grey band.",
        "alt": "; ".join(f"{row['axis']}: {row['value']:+.2f} ({row['low']:.2f} to {row['high']:.2f}), {_against(row)}" for row in rows) + ".",
        "spec": vega.layered(*layers, height=AXIS_HEIGHT + ROW_HEIGHT * len(rows), width=460),
    }


def _row(axis: Mapping[str, Any]) -> dict[str, Any] | None:
    stage = next(row for row in axis["stages"] if row["stage"] == "apply")
    slope = next((row for row in stage["numbers"] if row["name"] == "steering_slope"), None)
    if slope is None:
        return None
    ends = {name: round(slope[name] if slope[name] is not None else slope["value"], 4) for name in ("low", "high")}
    null = {name: None if slope[name] is None else round(slope[name], 4) for name in ("null_low", "null_high")}
    colour = vega.INK if stage["reading"] in PALE else vega.COLOURS.get(stage["reading"], vega.INK)
    return {"axis": axis["name"], "value": round(slope["value"], 4), **ends, **null, "colour": colour}


def _against(row: Mapping[str, Any]) -> str:
    low, high = row["null_low"], row["null_high"]
    if low is None or high is None:
        return "without a null"
    return f"random directions between {low:.2f} and {high:.2f}"
