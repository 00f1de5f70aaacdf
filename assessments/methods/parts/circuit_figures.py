"""Figures of the known circuits: which block carries the answer, and how the loss falls when a sequence comes again."""

import numpy as np

from assessments import vega
from assessments.contracts import Figure
from assessments.methods.parts.induction import Losses, by_position
from assessments.statistics import Array

_ROWS = ("Attention", "MLP")


def figures(patched: Array, model: Losses, twin: Losses, second_from: int) -> tuple[Figure, ...]:
    """The component map and the loss curve; ``patched[layers, 2, prompts]`` in nats."""
    return (_map(patched), curve(model, twin, second_from))


def _map(patched: Array) -> Figure:
    effects = patched.mean(axis=2)
    rows = [{"layer": layer, "part": _ROWS[part], "effect": round(float(value), 4)} for (layer, part), value in np.ndenumerate(effects)]
    layer, part = (int(index) for index in np.unravel_index(int(np.abs(effects).argmax()), effects.shape))
    layers = list(range(len(effects)))
    shown = [number for number in layers if number % max(1, len(layers) // 10) == 0]
    limit = max(float(np.abs(effects).max()), 0.01)
    # Five squares and no bar of changing colour: the engine that makes the PDF draws no gradient.
    named = {"values": [-limit, -limit / 2, 0, limit / 2, limit], "format": "+.1f", "type": "symbol", "symbolType": "square", "symbolSize": 160}
    colour = {
        "field": "effect",
        "type": "quantitative",
        "scale": {"domain": [-limit, 0, limit], "range": ["#a4262c", "#f4f5f6", "#1f4e79"], "type": "linear", "interpolate": "rgb"},
        "legend": {"title": "change in nats", "orient": "bottom", "direction": "horizontal", "offset": 10, "columnPadding": 16, **named},
    }
    x = {"field": "layer", "type": "ordinal", "title": "layer", "axis": {"values": shown, "labelAngle": 0, "titlePadding": 8}}
    y = {"field": "part", "type": "ordinal", "title": None, "sort": list(_ROWS), "axis": {"labelPadding": 8}}
    cells = vega.layer(rows, {"type": "rect", "stroke": "white", "strokeWidth": 1}, x=x, y=y, color=colour)
    best = [{"layer": layer, "part": _ROWS[part]}]
    mark = vega.layer(best, {"type": "rect", "filled": False, "stroke": vega.INK, "strokeWidth": 1.75}, x=x, y=y)
    top = f"L{layer} {'MLP' if part else 'attention'}"
    return Figure(
        name="components",
        title="Which block outputs carry the answer",
        caption=f"Change in the logit difference when one clean block output is put into the corrupted prompt; mean of {patched.shape[2]} prompts. "
        f"Outlined: the largest, {top} ({effects[layer, part]:+.2f} nats).",
        alt=f"Map of layers by attention and MLP. The largest change, {effects[layer, part]:+.2f} nats, comes from {top}.",
        spec=vega.layered(cells, mark, height=72),
    )


def curve(model: Losses, twin: Losses, second_from: int) -> Figure:
    """Loss by position over both copies, with that of random weights."""
    rows = by_position(model, twin, ("this model", "random weights"))
    x, y = vega.quantity("position", "position in the sequence", nice=False), vega.quantity("loss", "next-token loss (nats)", domain=_room(rows))
    curves = [
        vega.line([row for row in rows if row["model"] == name], x, y, colour, points=False)
        for name, colour in (("random weights", vega.BAND), ("this model", vega.COLOURS["observed"]))
    ]
    ends = [
        vega.label(text, len(model.by_position), float(losses.by_position[-len(model.by_position) // 4 :].max()), colour, align="right", dy=-12, fontWeight=600)
        for text, losses, colour in (("this model", model, vega.COLOURS["observed"]), ("random weights", twin, vega.MUTED))
    ]
    again = vega.label("second time →", second_from, _room(rows)[1], vega.MUTED, dx=6, dy=8)
    return Figure(
        name="repetition",
        title="The same random tokens, twice",
        caption=f"Mean loss at each position over {len(model.first)} random sequences, each shown twice. The vertical line is where the second copy begins.",
        alt=f"Loss of this model falls from {model.first.mean():.1f} to {model.second.mean():.1f} nats in the second copy; "
        f"with random weights it stays near {twin.second.mean():.1f}.",
        spec=vega.layered(*curves, vega.rule(second_from, "x"), *ends, again, height=240),
    )


def _room(rows: list[dict[str, object]]) -> list[float]:
    losses = [float(str(row["loss"])) for row in rows]
    margin = 0.1 * max(max(losses) - min(losses), 1.0)
    return [round(max(0.0, min(losses) - margin), 2), round(max(losses) + 2 * margin, 2)]
