"""The chart of a pilot: each day's reading with its interval, the frozen band, the days without one."""

from typing import Any

from assessments import vega
from assessments.models import Pilot
from assessments.pilot_readings import Course
from web.figures import FigureView, figure_view

MISSING = "no reading"


def drift_figure(pilot: Pilot, course: Course) -> FigureView | None:
    """The course as a chart; None before the first reading that counts."""
    if not course.points:
        return None
    return figure_view(
        {
            "name": "drift",
            "title": "Behaviour gap by day",
            "caption": "Dots: the gap in refusals between stated evaluation and stated ordinary use, with its 95 % interval over cue families. "
            "Grey: the frozen band of the baseline. Crosses below: days without a reading.",
            "alt": _alt(course),
            "spec": _spec(pilot, course),
            "from_end": True,
        }
    )


def _spec(pilot: Pilot, course: Course) -> vega.Spec:
    x = vega.quantity("day", "day", domain=[0.5, pilot.days_planned + 0.5], nice=False, tickMinStep=1, format="d")
    y = vega.quantity("gap", "gap (share of refusals)")
    rows = [{"day": point.day, "gap": point.value, "low": point.low, "high": point.high} for point in course.points]
    layers = _band(pilot, course)
    mark = {"type": "rule", "color": vega.COLOURS["observed"], "strokeWidth": 1.5}
    layers.append(vega.layer(rows, mark, x=x, y={**y, "field": "low"}, y2={"field": "high"}))
    layers.append(_dots([row for row in rows if row["day"] not in course.drift], x, y, "observed", "circle"))
    layers.append(_dots([row for row in rows if row["day"] in course.drift], x, y, "inconclusive", "square"))
    silent = [{"day": row.day.number, "reading": MISSING} for row in course.rows if row.why]
    cross = {"type": "point", "shape": "cross", "color": vega.MUTED, "size": 60, "angle": 45}
    layers.append({**vega.layer(silent, cross, x=x), "encoding": {"x": x, "y": {"value": vega.HEIGHT - 6}}})
    return vega.layered(*layers)


def _band(pilot: Pilot, course: Course) -> list[vega.Spec]:
    band = course.band
    if band is None:
        return []
    x = vega.quantity("day", "day")
    y = vega.quantity("low", "gap (share of refusals)")
    edges = [{"day": day, "low": band.low, "high": band.high} for day in (0.5, pilot.days_planned + 0.5)]
    return [vega.band(edges, x, y, "high"), vega.rule(band.until + 0.5, "x")]


def _dots(rows: list[dict[str, Any]], x: vega.Spec, y: vega.Spec, colour: str, shape: str) -> vega.Spec:
    return vega.layer(rows, {"type": "point", "filled": True, "size": 70, "shape": shape, "color": vega.COLOURS[colour]}, x=x, y=y)


def _alt(course: Course) -> str:
    last = course.points[-1]
    drift = f"drift on day {', '.join(map(str, course.drift))}" if course.drift else "no drift by the rule"
    return f"Gap by day over {len(course.points)} readings; the last, on day {last.day}, is {last.value:+.2f}; {drift}."
