"""Figures of a steering run: the dose-response against random directions, and every slope that was measured."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from assessments import vega
from assessments.contracts import Figure
from assessments.methods.parts.doses import SHARES
from assessments.methods.parts.steering_results import TENTH, Results, scaled
from assessments.statistics import Array, Interval

_SIGNED = "datum.value == 0 ? '0' : format(datum.value, '+.3~f')"


def figures(r: Results) -> tuple[Figure, ...]:
    """Dose-response, slopes, and what taking it out does."""
    return (_doses(r), _slopes(r), _removal(r))


def _doses(r: Results) -> Figure:
    top, middle = r.design.coefficient, len(SHARES) // 2
    colour = vega.COLOURS[r.reading.value] if r.reading.value != "null" else vega.INK
    rows = [_dose(r, place, share * top) for place, share in enumerate(SHARES)]
    base = rows[middle]["value"]
    low, high = _random_range(r)
    bow = [{"dose": round(-top, 5), "low": low, "high": high}, {"dose": 0.0, "low": base, "high": base}, {"dose": round(top, 5), "low": low, "high": high}]
    values = [value for row in rows for value in (row["low"], row["high"])] + [low, high]
    margin = 0.08 * (max(values) - min(values) or 1.0)
    title = f"strength added at layer {r.design.layer} (median residual norms)"
    x = vega.quantity("dose", title, nice=False, values=[row["dose"] for row in rows], labelExpr=_SIGNED)
    y = vega.quantity("value", f"{r.material.behaviour.readout} (nats)", domain=[min(values) - margin, max(values) + 2 * margin], titleLimit=320)
    whisker = vega.layer(rows, {"type": "rule", "strokeWidth": 1.25, "color": colour, "opacity": 0.55}, x=x, y=y | {"field": "low"}, y2={"field": "high"})
    up = rows[-1]["value"] >= base
    layers = [
        vega.band(bow, x, y | {"field": "low"}, "high"),
        whisker,
        vega.line(rows, x, y, colour),
        vega.label(r.name, rows[-1]["dose"], rows[-1]["high" if up else "low"], colour, align="right", dy=-12 if up else 12, fontWeight=600),
        vega.label(f"{len(r.random)} random directions (95 %)", rows[0]["dose"], high, vega.MUTED, dy=-9),
    ]
    return Figure(
        name="dose_response",
        title=f"What adding the {'feature' if r.feature else 'direction'} does",
        caption=f"Mean over {len(r.baseline)} held-out prompts; bars: 95 % intervals of the change over {len(set(r.material.confirm.families))} families. "
        "Shaded: random directions of equal length and their mirror images, measured at both ends and untouched.",
        alt=f"The read-out goes from {rows[0]['value']:.2f} at the lowest dose over {base:.2f} untouched to {rows[-1]['value']:.2f} at the highest; "
        f"random directions stay between {low:.2f} and {high:.2f}.",
        spec=vega.layered(*layers, height=300),
    )


def _dose(r: Results, place: int, dose: float) -> dict[str, float]:
    untouched = r.confirm[len(SHARES) // 2]
    base, change = float(untouched.mean()), r.over_prompts(r.confirm[place] - untouched)
    ends = {"value": change.value, "low": change.low, "high": change.high}
    return {"dose": round(dose, 5)} | {name: round(base + value, 4) for name, value in ends.items()}


def _random_range(r: Results) -> tuple[float, float]:
    # A direction and its mirror image are equally likely, so the value at the low end of one is the value at the high end of the other.
    low, high = np.quantile(r.random.mean(axis=2), [0.025, 0.975])
    return round(float(low), 4), round(float(high), 4)


def _slopes(r: Results) -> Figure:
    groups = {r.name: np.array([r.slope.value]), "permuted labels": r.permuted_slopes}
    groups |= ({"matched features": r.matched_slopes} if r.feature else {}) | {"random directions": r.random_slopes}
    colour = vega.COLOURS[r.reading.value] if r.reading.value != "null" else vega.INK
    found, chance = scaled(r.slope, TENTH), r.random_slopes * TENTH
    matched = f", {len(r.matched)} features active as often" if r.feature else ""
    return Figure(
        name="slopes",
        title="Every slope that was measured",
        caption=f"One line per direction of equal length: {len(r.random)} random, {len(r.permuted)} from permuted labels{matched}. "
        f"The dot is the {r.name} with its 95 % interval.",
        alt=f"{r.name.capitalize()} {found.value:.2f}; random directions from {chance.min():.2f} to {chance.max():.2f} nats per 0.1 residual norm.",
        spec=_strips({name: group * TENTH for name, group in groups.items()}, found, "slope (nats per 0.1 residual norm)", colour),
    )


def _removal(r: Results) -> Figure:
    found, taken = r.ablation, r.removal
    name, others = (f"{r.name} taken out", "features active as often") if r.feature else ("direction taken out", "random directions")
    where = "where it fires" if r.feature else f"of every block; it was designed at layer {taken.layer}"
    return Figure(
        name="removal",
        title=f"What taking the {'feature' if r.feature else 'direction'} out does",
        caption=f"Change of the {r.material.behaviour.readout} on {len(taken.change)} held-out prompts when it is taken out {where}. "
        f"The dot is the mean with its 95 % interval over families; the lines are {len(taken.chance)} {others} taken out in its place.",
        alt=f"Taken out: {found.value:+.2f} nats, {found.low:.2f} to {found.high:.2f}; {others} from {taken.chance.min():+.2f} to {taken.chance.max():+.2f}.",
        spec=_strips(
            {name: np.array([found.value]), others: taken.chance}, found, "change of the read-out (nats)", vega.COLOURS["causal"] if r.removes else vega.INK
        ),
    )


def _strips(groups: Mapping[str, Array], found: Interval, title: str, colour: str) -> dict[str, Any]:
    """A line for every value of each group; the first group is one value, drawn as a dot with the interval ``found``."""
    names = tuple(groups)
    rows = [{"what": name, "value": round(float(value), 4)} for name, group in groups.items() for value in group]
    x, y = vega.quantity("value", title, nice=True, tickCount=6), vega.category("what", None, names, grid=False)
    span = [{"what": names[0], "low": round(found.low, 4), "high": round(found.high, 4)}]
    layers = [
        vega.rule(0.0, "x"),
        vega.layer(rows[1:], {"type": "tick", "thickness": 1.5, "size": 18, "color": vega.MUTED, "opacity": 0.65}, x=x, y=y),
        vega.layer(span, {"type": "rule", "strokeWidth": 2, "color": colour}, x=x | {"field": "low"}, x2={"field": "high"}, y=y),
        vega.layer(rows[:1], {"type": "point", "filled": True, "size": 90, "color": colour, "opacity": 1}, x=x, y=y),
    ]
    return vega.layered(*layers, height=44 * len(names), width=440)
