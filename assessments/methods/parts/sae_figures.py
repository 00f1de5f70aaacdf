"""Figures of a fitting run: explained variance beside its nulls, and how often each feature fires."""

import numpy as np

from assessments import vega
from assessments.contracts import Figure
from assessments.methods.parts.sae_results import Results


def figures(r: Results) -> tuple[Figure, ...]:
    """Variance and firing."""
    return (_variance(r), _firing(r))


def _variance(r: Results) -> Figure:
    m, k = r.measured, r.plan.fit.k
    values = {
        "fitted features": r.explained.value,
        f"{k} principal components": m.nulls.components,
        "random features": m.nulls.random,
        "fitted, reduced size": m.small.own,
        "reduced, random weights": m.small.twin,
        "reduced, shuffled": m.small.shuffled,
    }
    rows = [{"what": name, "share": round(value, 4), "end": round(value, 4), "shown": f"{value:.2f}"} for name, value in values.items()]
    rows[0]["end"] = round(r.explained.high, 4)
    x = vega.quantity("share", "explained variance on held-out text", domain=[min(0.0, *values.values()), 1.08], tickCount=6)
    y = vega.category("what", None, list(values), grid=False)
    span = [{"what": "fitted features", "low": round(r.explained.low, 4), "high": round(r.explained.high, 4)}]
    text = {"type": "text", "align": "left", "dx": 9, "fontSize": 12, "color": vega.INK}
    layers = [
        vega.layer(rows, {"type": "point", "filled": True, "size": 80, "color": vega.MUTED, "opacity": 1}, x=x, y=y),
        vega.layer(span, {"type": "rule", "strokeWidth": 2, "color": vega.COLOURS["observed"]}, x=x | {"field": "low"}, x2={"field": "high"}, y=y),
        vega.layer(rows[:1], {"type": "point", "filled": True, "size": 110, "color": vega.COLOURS["observed"], "opacity": 1}, x=x, y=y),
        vega.layer(rows, text, x=x | {"field": "end"}, y=y, text={"field": "shown"}),
    ]
    listed = ", ".join(f"{name} {value:.2f}" for name, value in values.items())
    return Figure(
        name="explained_variance",
        title="How much of the layer the features explain",
        caption=f"{len(m.held.values)} positions of packages never used for fitting; bar: 95 % interval over packages. Below: fits at "
        f"{r.plan.small:.0%} of the size, of this model, of random weights, and of activations shuffled per dimension.",
        alt=f"Explained variance: {listed}.",
        spec=vega.layered(*layers, height=190, width=420),
    )


def _firing(r: Results) -> Figure:
    rates = r.measured.rendering.fired / len(r.measured.held.values)
    alive = rates[rates > 0]
    edges = np.linspace(-5, 0, 26)
    count = np.histogram(np.log10(np.maximum(alive, 1e-5)), edges)[0]
    rows = [{"from": round(float(a), 2), "to": round(float(b), 2), "features": int(n)} for a, b, n in zip(edges[:-1], edges[1:], count, strict=True)]
    x = vega.quantity("from", "share of positions at which a feature fires", domain=[-5, 0], labelExpr="format(pow(10, datum.value), '~g')", tickCount=6)
    y = vega.quantity("features", "features", domain=[0, int(count.max()) + 1], tickCount=5)
    bars = vega.layer(rows, {"type": "rect", "color": vega.MUTED, "stroke": "white"}, x=x, x2={"field": "to"}, y=y, y2={"datum": 0})
    middle = float(np.median(alive)) if alive.size else 0.0
    return Figure(
        name="firing",
        title="How often features fire",
        caption=f"{len(alive)} of {len(rates)} features fire at least once on {len(r.measured.held.values)} held-out positions; the axis is logarithmic.",
        alt=f"Histogram of firing rates; the median of the features that fire is {middle:.4f}; {r.dead_share:.0%} never fire.",
        spec=vega.layered(bars, height=220, width=480),
    )
