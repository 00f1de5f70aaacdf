"""Figures of an evaluation-gaming run: the gap of every cue family by format, and the steering effect against its nulls."""

import numpy as np

from assessments import vega
from assessments.contracts import Figure
from assessments.methods.parts.gaming_gaps import ALL, BENCHMARK, CONVERSATION
from assessments.methods.parts.gaming_results import Results


def figures(r: Results) -> tuple[Figure, ...]:
    """Gaps and steering effects."""
    return (_gaps(r), _effects(r))


def _gaps(r: Results) -> Figure:
    families = sorted(set(r.part.families))
    of, benchmark, gaps = np.array(r.part.pair_families), r.part.pair_benchmark, r.part.gaps(r.behaviour)
    whole = r.gaps.by[ALL]
    rows = [
        {"cue": name.replace("_", " "), "format": form, "gap": round(float(gaps[(of == name) & (benchmark == flag)].mean()), 4)}
        for name in families
        for form, flag in (("benchmark item", True), ("conversation", False))
    ]
    order = ["all cue families", *(name.replace("_", " ") for name in families)]
    top = [{"cue": order[0], "low": round(whole.found.low, 4), "high": round(whole.found.high, 4), "gap": round(whole.found.value, 4)}]
    band = round(whole.band, 4)
    x, y = vega.quantity("gap", "stated evaluation minus ordinary use (nats)", nice=True, tickCount=6), vega.category("cue", None, order, grid=False)
    colour = _colour(r)
    shapes = {"domain": ["benchmark item", "conversation"], "range": ["square", "circle"]}
    shape = {"field": "format", "type": "nominal", "scale": shapes, "legend": {"title": None, "orient": "top", "symbolFillColor": vega.MUTED}}
    chance, bar = [{"low": -band, "high": band, "cue": order[0]}], {"type": "bar", "color": vega.BAND, "opacity": 0.25, "height": 14}
    layers = [
        vega.rule(0.0, "x"),
        vega.layer(chance, bar, x=x | {"field": "low"}, x2={"field": "high"}, y=y),
        vega.layer(rows, {"type": "point", "filled": True, "size": 60, "color": vega.MUTED, "opacity": 0.8}, x=x, y=y, shape=shape),
        vega.layer(top, {"type": "rule", "strokeWidth": 2.25, "color": colour}, x=x | {"field": "low"}, x2={"field": "high"}, y=y),
        vega.layer(top, {"type": "point", "filled": True, "size": 90, "color": colour, "opacity": 1}, x=x, y=y),
    ]
    return Figure(
        name="behaviour_gap",
        title="What a stated evaluation purpose does to the answer",
        caption=f"Each mark: mean over the requests of one cue family in one format. Top row: mean of {whole.pairs} pairs with its 95 % interval over "
        f"{len(families)} cue families; shaded: 95 % of gaps with purposes exchanged by cue family, three looks allowed for.",
        alt=f"Mean gap {whole.found.value:.2f} nats, interval {whole.found.low:.2f} to {whole.found.high:.2f}; chance within {band:.2f} of zero; "
        f"benchmark items {r.gaps.by[BENCHMARK].found.value:.2f}, conversations {r.gaps.by[CONVERSATION].found.value:.2f}.",
        spec=vega.layered(*layers, height=26 * len(order), width=440),
    )


def _effects(r: Results) -> Figure:
    s, names = r.steering, ("stated purpose", "exchanged cues", "random directions")
    rows = [{"what": name, "effect": round(float(value), 4)} for name, group in zip(names[1:], (s.permuted, s.random), strict=True) for value in group]
    x, y = vega.quantity("effect", "change of the answer (nats)", nice=True, tickCount=6), vega.category("what", None, names, grid=False)
    colour = _colour(r)
    found = [{"what": names[0], "effect": round(r.effect.value, 4), "low": round(r.effect.low, 4), "high": round(r.effect.high, 4)}]
    layers = [
        vega.rule(0.0, "x"),
        vega.layer(rows, {"type": "tick", "thickness": 1.5, "size": 18, "color": vega.MUTED, "opacity": 0.65}, x=x, y=y),
        vega.layer(found, {"type": "rule", "strokeWidth": 2, "color": colour}, x=x | {"field": "low"}, x2={"field": "high"}, y=y),
        vega.layer(found, {"type": "point", "filled": True, "size": 90, "color": colour, "opacity": 1}, x=x, y=y),
    ]
    return Figure(
        name="steering",
        title="Moving the direction of the stated purpose",
        caption=f"One line per direction of equal length: {len(s.random)} random, {len(s.permuted)} fitted to exchanged cue families. The dot is the direction "
        f"of the stated purpose at layer {r.layer} with its 95 % interval, from the ordinary-use end to the evaluation end.",
        alt=f"Direction of the stated purpose {r.effect.value:.2f} nats; random directions from {s.random.min():.2f} to {s.random.max():.2f}.",
        spec=vega.layered(*layers, height=130, width=440),
    )


def _colour(r: Results) -> str:
    return vega.COLOURS[r.reading.value] if r.reading.value != "null" else vega.INK
