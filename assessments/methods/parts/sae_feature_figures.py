"""Figures of a search for features: every feature's AUROC against how often it is active, and what the chosen ones do to the read-out."""

import numpy as np

from assessments import vega
from assessments.contracts import Figure
from assessments.methods.parts.sae_feature_results import Results
from assessments.statistics import symmetric_band

MOST = 1500
"""Points drawn of features that were not chosen; all of them stand in the table."""


def figures(r: Results) -> tuple[Figure, ...]:
    """The map of features, and their effects where there is a read-out."""
    return (_map(r),) if r.effects is None else (_map(r), _moves(r))


def _map(r: Results) -> Figure:
    t, density = r.tracking, r.measured.codes.density
    rest = np.setdiff1d(np.arange(len(t.candidates)), t.chosen)
    drawn = rest[np.linspace(0, len(rest) - 1, min(MOST, len(rest))).round().astype(int)]
    others, chosen = (
        [{"density": round(float(density[t.candidates[p]]), 4), "auroc": round(float(t.held[p]), 4), "name": str(t.candidates[p])} for p in places]
        for places in (drawn, t.chosen)
    )
    colour = vega.COLOURS[r.reading.value] if r.reading.value != "null" else vega.INK
    x = vega.quantity("density", "share of exploration texts on which the feature is active", domain=[0, 1.04], tickCount=6)
    y = vega.quantity("auroc", "AUROC on held-out families", domain=[0, 1.04], values=[0, 0.25, 0.5, 0.75, 1], format=".2f")
    layers = [
        vega.rule(0.5, "y"),
        vega.rule(t.null_point, "y", dash=(2, 3)),
        vega.rule(1 - t.null_point, "y", dash=(2, 3)),
        vega.layer(others, {"type": "point", "filled": True, "size": 22, "color": vega.MUTED, "opacity": 0.4}, x=x, y=y),
        vega.layer(chosen, {"type": "point", "filled": True, "size": 90, "color": colour, "opacity": 1}, x=x, y=y),
        vega.layer(chosen[:1], {"type": "text", "align": "left", "dx": 9, "fontSize": 12, "color": colour}, x=x, y=y, text={"field": "name"}),
        vega.label("permuted labels (95 %)", 1.0, t.null_point, vega.MUTED, align="right", dy=-9),
    ]
    listed = ", ".join(f"{row['name']} {row['auroc']:.2f}" for row in chosen)
    return Figure(
        name="feature_map",
        title="Which features tell the texts apart",
        caption=f"{len(t.candidates)} features that are active on at least a few exploration texts, read on "
        f"{len(set(r.measured.axis.confirm.families))} families kept aside. Large dots: the {len(chosen)} chosen on the other families; below one half a "
        "feature speaks for the other label. Dotted: where the best of a choice under permuted labels stays in 95 %.",
        alt=f"AUROC of the chosen features: {listed}; permuted labels stay below {t.null_point:.2f}.",
        spec=vega.layered(*layers, height=300),
    )


def _moves(r: Results) -> Figure:
    e, t = r.effects, r.tracking
    assert e is not None
    rows = []
    for place, feature in enumerate(t.features):
        for kind, found in (("added", r.steered(place)), ("taken out", r.removed(place))):
            rows.append({"what": f"feature {feature}, {kind}", "value": round(found.value, 4), "low": round(found.low, 4), "high": round(found.high, 4)})
    order = [str(row["what"]) for row in rows]
    band = symmetric_band(e.matched.mean(axis=1)) if len(e.matched) else 0.0
    span = [{"low": round(-band, 4), "high": round(band, 4)}]
    colour = vega.COLOURS[r.reading.value] if r.reading.value != "null" else vega.INK
    x = vega.quantity("value", "change of the read-out, the way the label would have it (nats)", nice=True, tickCount=6)
    y = vega.category("what", None, order, grid=False)
    layers = [
        vega.layer(span, {"type": "rect", "color": vega.BAND, "opacity": 0.18}, x=x | {"field": "low"}, x2={"field": "high"}),
        vega.rule(0.0, "x"),
        vega.layer(rows, {"type": "rule", "strokeWidth": 2, "color": colour}, x=x | {"field": "low"}, x2={"field": "high"}, y=y),
        vega.layer(rows, {"type": "point", "filled": True, "size": 80, "color": colour, "opacity": 1}, x=x, y=y),
    ]
    return Figure(
        name="feature_effects",
        title="What the chosen features do",
        caption=f"Added: from subtracted to added at {r.plan.dose.strength:g} residual norms. Taken out: what the feature writes is removed where it fires. "
        f"Bars: 95 % over prompt families. Shaded: 95 % of {len(e.matched)} features that are active as often, added alike.",
        alt="; ".join(f"{row['what']} {row['value']:+.2f}" for row in rows) + f"; features active as often stay within {band:.2f}.",
        spec=vega.layered(*layers, height=max(140, 34 * len(rows)), width=420),
    )
