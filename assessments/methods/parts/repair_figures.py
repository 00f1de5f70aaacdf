"""Figures of a self-repair run: what each component writes against what its removal costs, and the loss as backups are taken out too."""

from typing import Any

import numpy as np

from assessments import vega
from assessments.contracts import Figure
from assessments.methods.parts.repair_results import Results
from assessments.statistics import Array


def figures(r: Results) -> tuple[Figure, ...]:
    """Expected against actual loss, and the iterated removal."""
    return (_losses(r), _steps(r))


def _losses(r: Results) -> Figure:
    effects = r.confirmed.candidates
    direct, lost = effects.direct[..., 0].mean(axis=1), -effects.change[..., 0].mean(axis=1)
    names = [r.named(component) for component in r.search.candidates]
    rows = [{"component": name, "direct": round(float(d), 4), "lost": round(float(v), 4)} for name, d, v in zip(names, direct, lost, strict=True)]
    x, y = vega.quantity("direct", "logits of the right answer", nice=True, tickCount=6), vega.category("component", None, names, grid=False)
    first = names.index(r.named(r.search.headline))
    layers = [
        vega.rule(0.0, "x"),
        vega.layer(rows, {"type": "rule", "strokeWidth": 2, "color": vega.BAND, "opacity": 0.5}, x=x, x2={"field": "lost"}, y=y),
        vega.layer(rows, {"type": "point", "filled": False, "size": 80, "color": vega.INK, "opacity": 1}, x=x, y=y),
        vega.layer(rows, {"type": "point", "filled": True, "size": 80, "color": vega.COLOURS["observed"], "opacity": 1}, x=x | {"field": "lost"}, y=y),
    ]
    return Figure(
        name="losses",
        title="What a component writes, and what its removal costs",
        caption=f"Open circle: direct effect on the right answer. Full circle: loss when the component alone is taken out; the line between is what the rest "
        f"makes good. Mean of {len(r.direct_items)} held-out prompts. {names[first]} was chosen on other prompts.",
        alt="; ".join(f"{row['component']} writes {row['direct']:.2f} and costs {row['lost']:.2f} logits" for row in rows) + ".",
        spec=vega.layered(*layers, height=40 + 26 * len(rows), width=480),
    )


def _steps(r: Results) -> Figure:
    headline = r.direct_items - r.repair_items
    labels = [r.named(r.search.headline), *(f"+ {r.named(component)}" for component in r.search.backups)]
    rows = [_row(r, labels[0], headline, headline), *_backups(r, labels[1:], headline)]
    x, y = vega.category("taken", "taken out", labels, labelAngle=0), vega.quantity("loss", "loss of the right answer (logits)", nice=True)
    bars = vega.layer(
        rows, {"type": "rule", "strokeWidth": 2, "color": vega.COLOURS["observed"], "opacity": 0.6}, x=x, y=y | {"field": "low"}, y2={"field": "high"}
    )
    sums = [{"taken": row["taken"], "loss": row["sum"]} for row in rows]
    last = rows[-1]
    layers = [
        vega.rule(0.0, "y"),
        vega.line(sums, x, y, vega.BAND, dash=(4, 3)),
        bars,
        vega.line(rows, x, y, vega.COLOURS["observed"]),
        vega.label("together", last["taken"], last["loss"], vega.COLOURS["observed"], align="right", dx=-10, dy=-12, fontWeight=600),
        vega.label("sum of the losses alone", last["taken"], last["sum"], vega.MUTED, align="right", dx=-10, dy=14),
    ]
    return Figure(
        name="together",
        title="The loss as the backups are taken out too",
        caption=f"Mean of {len(headline)} held-out prompts with 95 % intervals over {len(set(r.families))} families. Dashed: the losses of the same components "
        "taken out one at a time, added up. The gap is what a single removal hides.",
        alt=f"The loss goes from {headline.mean():.2f} with {labels[0]} alone to {last['loss']:.2f} logits with its backups; the single losses add up to "
        f"{last['sum']:.2f}.",
        spec=vega.layered(*layers, height=240, width=440),
    )


def _backups(r: Results, labels: list[str], headline: Array) -> list[dict[str, Any]]:
    joint = r.confirmed.steps
    singles = headline + np.asarray(joint.alone)
    return [_row(r, label, joint.together[place], singles[place]) for place, label in enumerate(labels)]


def _row(r: Results, label: str, loss: Array, alone: Array) -> dict[str, Any]:
    found = r.over_prompts(loss)
    numbers = {"loss": found.value, "low": found.low, "high": found.high, "sum": float(alone.mean())}
    return {"taken": label} | {name: round(value, 4) for name, value in numbers.items()}
