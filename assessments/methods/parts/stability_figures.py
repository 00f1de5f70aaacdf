"""Figures of a circuit run: how much of the behaviour ever larger circuits carry, and how far each kind of pressure moves the circuit."""

import numpy as np

from assessments import vega
from assessments.contracts import Figure
from assessments.methods.parts.stability_circuits import SHARES
from assessments.methods.parts.stability_results import Results


def figures(r: Results) -> tuple[Figure, ...]:
    """Faithfulness by size, and the shifts."""
    return (_curve(r), _shifts(r))


def _curve(r: Results) -> Figure:
    rows = [
        {"share": share, "value": round(point.value, 4), "low": round(point.low, 4), "high": round(point.high, 4)}
        for share, point in zip(SHARES, r.curve, strict=True)
    ]
    x = vega.quantity("share", "share of all connections left clean", values=[0.001, 0.01, 0.1, 1], format=".1~%")
    x["scale"] = {"type": "log", "domain": [SHARES[0], SHARES[-1]]}
    y = vega.quantity("value", "share of the behaviour carried", nice=True)
    low, high = np.quantile(r.random, [0.025, 0.975])
    random = [{"share": r.m.share, "low": round(float(low), 4), "high": round(float(high), 4)}]
    colour = vega.COLOURS["observed"]
    layers = [
        vega.rule(1.0, "y"),
        vega.band(rows, x, y | {"field": "low"}, "high", colour, 0.15),
        vega.line(rows, x, y, colour),
        vega.layer(random, {"type": "rule", "strokeWidth": 5, "color": vega.BAND, "opacity": 0.6}, x=x, y=y | {"field": "low"}, y2={"field": "high"}),
        vega.label("random circuits (95 %)", r.m.share, float(high), vega.MUTED, dx=8, dy=8),
    ]
    return Figure(
        name="faithfulness",
        title="How much of the behaviour a circuit carries",
        caption=f"Connections by rising size of the circuit, strongest first; mean of {len(r.m.confirm)} held-out prompts with 95 % intervals. The "
        f"chosen circuit has {r.size} of {r.edges} connections. 1 is the whole model; a circuit may lie above when it leaves out what works against it.",
        alt="; ".join(f"{share:.1%} of the connections carry {point.value:.2f}" for share, point in zip(SHARES, r.curve, strict=True)) + ".",
        spec=vega.layered(*layers, height=260),
    )


def _shifts(r: Results) -> Figure:
    moved = {shift.wrapper.name for shift in r.moved}
    names = [shift.wrapper.title for shift in r.m.shifts]
    rows = [
        {
            "pressure": shift.wrapper.title,
            "distance": round(shift.distance, 4),
            "null": round(float(np.quantile(shift.null, 0.95)), 4),
            "colour": vega.COLOURS["inconclusive"] if shift.wrapper.name in moved else vega.COLOURS["observed"],
        }
        for shift in r.m.shifts
    ]
    x = vega.quantity("distance", "distance between the circuits (0 same, 1 disjoint)", domain=[0, 1])
    y = vega.category("pressure", None, names, grid=False)
    point = {"field": "colour", "type": "nominal", "scale": None}
    layers = [
        vega.rule(r.benign_edge, "x"),
        vega.layer(rows, {"type": "bar", "height": 10, "color": vega.BAND, "opacity": 0.35}, x=x | {"field": "null"}, y=y),
        vega.layer(rows, {"type": "point", "filled": True, "size": 90, "opacity": 1}, x=x, y=y, color=point),
    ]
    return Figure(
        name="shifts",
        title="How far pressure moves the circuit",
        caption="Dot: distance between the strongest connections on plain and on changed prompts. Bar: 95 % of the distances when prompts and their changed "
        f"versions are exchanged at random. Dashed line: 95 % between random halves of the plain prompts. Top {r.plan.depth} connections.",
        alt="; ".join(f"{row['pressure']} {row['distance']:.2f} against {row['null']:.2f} by chance" for row in rows) + ".",
        spec=vega.layered(*layers, height=40 + 30 * len(rows), width=480),
    )
