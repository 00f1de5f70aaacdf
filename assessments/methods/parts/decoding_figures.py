"""Figures of a linear direction: the profile over layers with its null band, and every comparison with its interval."""

from assessments import vega
from assessments.contracts import Figure
from assessments.methods.parts.decoding_report import BASELINES, Results, profile
from assessments.statistics import Interval


def figures(r: Results) -> tuple[Figure, ...]:
    """Profile and comparison."""
    return (_profile(r), _comparison(r))


def _profile(r: Results) -> Figure:
    rows = [{key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()} for row in profile(r)]
    floor = min(min(row["permuted_low"], row["auroc"], row["twin"]) for row in rows)
    x = vega.quantity("layer", "layer", nice=False, tickMinStep=1)
    y = vega.quantity("auroc", "AUROC on held-out families", domain=[max(0.0, round(floor - 0.05, 1)), 1.04], values=[0, 0.2, 0.4, 0.5, 0.6, 0.8, 1])
    colour = vega.COLOURS[r.reading.value]
    chosen = [row for row in rows if row["chosen"]]
    ring = vega.layer(chosen, {"type": "point", "size": 170, "stroke": colour, "strokeWidth": 2, "filled": False}, x=x, y=y)
    best = r.decoding.best_baseline
    level = r.decoding.baselines[best].value
    last, labels = rows[-1]["layer"], {"align": "right", "fontSize": 12}
    layers = [
        vega.band(rows, x, y | {"field": "permuted_low"}, "permuted_high"),
        vega.rule(level, "y"),
        vega.line(rows, x, y | {"field": "twin"}, vega.MUTED, dash=(2, 3)),
        vega.line(rows, x, y, colour),
        ring,
        vega.label(f"layer {r.layer}, chosen on other families", r.layer, chosen[0]["auroc"], colour, fontWeight=600, **_beside(r)),
        vega.label(f"{BASELINES[best]}: {level:.2f}", last, level, vega.MUTED, dy=-9, **labels),
        vega.label("permuted labels (95 %)", last, rows[-1]["permuted_low"], vega.MUTED, dy=-10, **labels),
        vega.label("random weights", rows[len(rows) // 2]["layer"], rows[len(rows) // 2]["twin"], vega.MUTED, align="center", dy=14),
    ]
    return Figure(
        name="layer_profile",
        title="Where the difference can be read",
        caption=f"AUROC of the difference of means on {len(set(r.confirmation.families))} held-out content families. Shaded: 95 % of {len(r.decoding.null)} "
        "refits with labels exchanged. The ring marks the layer chosen on exploration families; the other layers are shown, not tested.",
        alt=f"AUROC by layer: {rows[0]['auroc']:.2f} at layer {rows[0]['layer']}, {chosen[0]['auroc']:.2f} at the chosen layer {r.layer}, "
        f"{rows[-1]['auroc']:.2f} at layer {last}; random weights reach {r.decoding.twin.value:.2f}.",
        spec=vega.layered(*layers, height=280),
    )


def _beside(r: Results) -> dict[str, object]:
    right = r.layer > 0.5 * r.layers[-1]
    return {"align": "right" if right else "left", "dx": -14 if right else 14, "dy": -10}


def _comparison(r: Results) -> Figure:
    d = r.decoding
    rows = [
        _row(f"Difference of means, layer {r.layer}", d.auroc, vega.COLOURS[r.reading.value]),
        _row(f"Logistic probe, layer {r.layer}", d.logistic, vega.INK),
    ]
    rows += [_row(BASELINES[name], found, vega.MUTED) for name, found in d.baselines.items()] + [_row("Random weights", d.twin, vega.MUTED)]
    order = [str(row["what"]) for row in rows]
    x = vega.quantity("value", "AUROC on held-out families (95 % interval over families)", domain=[0, 1], values=[0, 0.25, 0.5, 0.75, 1], format=".2f")
    y = vega.category("what", None, order, grid=False)
    colour = {"field": "colour", "type": "nominal", "scale": None}
    layers = [
        vega.rule(0.5, "x"),
        vega.layer(rows, {"type": "rule", "strokeWidth": 2}, x=x | {"field": "low"}, x2={"field": "high"}, y=y, color=colour),
        vega.layer(rows, {"type": "point", "filled": True, "size": 80, "opacity": 1}, x=x, y=y, color=colour),
        vega.layer(rows, {"type": "text", "dx": 8, "align": "left", "fontSize": 12}, x=x | {"field": "high"}, y=y, text={"field": "shown"}, color=colour),
    ]
    return Figure(
        name="comparison",
        title="Against what could be known without the model",
        caption="The direction, a logistic probe, three classifiers that see only the surface of the text, and the same architecture with random weights.",
        alt="; ".join(f"{row['what']} {row['shown']}" for row in rows) + ".",
        spec=vega.layered(*layers, height=230, width=420),
    )


def _row(what: str, found: Interval, colour: str) -> dict[str, object]:
    values = {"value": found.value, "low": found.low, "high": found.high}
    return {"what": what, "colour": colour, "shown": f"{found.value:.2f}"} | {key: round(value, 4) for key, value in values.items()}
