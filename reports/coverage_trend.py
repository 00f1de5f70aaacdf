"""Coverage week by week, worked out anew from what was on record at the end of each week: nothing is stored, so nothing can be out of step."""

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from assessments import vega
from reports.coverage import STATES
from reports.coverage_grid import Holdings, cells_of, matrices_of

WEEKS: Final = 13
SHOWN: Final = {"covered": "causal", "partial": "observed", "missing": "inconclusive"}
"""The curves, with their colours of the theme; proposed and out-of-date evidence is no answer, so it counts as missing here."""


@dataclass(frozen=True)
class Week:
    """How many duties were in which state at the end of a day, by the law and the evidence known on it."""

    day: datetime.date
    counts: Counter[str]

    def share(self, state: str) -> int:
        """How many count towards a curve."""
        return sum(self.counts[name] for name in ("missing", "stale", "proposed")) if state == "missing" else self.counts[state]


def trend_of(holdings: Holdings, until: datetime.date, weeks: int = WEEKS) -> list[Week]:
    """The last ``weeks`` weeks up to ``until``, oldest first."""
    days = [until - datetime.timedelta(weeks=back) for back in reversed(range(weeks))]
    return [Week(day, Counter(cell.state for cell in cells_of(matrices_of(holdings, day, day)))) for day in days]


def trend_figure(weeks: Sequence[Week]) -> dict[str, Any]:
    """A figure for ``web.figures.figure_view``: one curve per state over the weeks, labelled at its end."""
    last, days = weeks[-1], [week.day.isoformat() for week in weeks]
    x = vega.category("week", "Week that ended on", days, labelAngle=-40, grid=False)
    highest = max(1, *(week.share(state) for week in weeks for state in SHOWN))
    y = vega.quantity("duties", "Duties", domain=[0, highest])
    layers = [vega.line(_points(weeks, state), x, y, vega.COLOURS[colour]) for state, colour in SHOWN.items()]
    names = {"missing": "not answered"}
    words = [f"{last.share(state)} {names.get(state, STATES[state])}" for state in SHOWN]
    # Two curves may end close to each other: their labels stand above and below.
    offsets = (-8, 8, 0)
    ends = zip(words, SHOWN.items(), offsets, strict=True)
    labels = [vega.label(text, days[-1], last.share(state), vega.COLOURS[colour], dx=8, dy=dy) for text, (state, colour), dy in ends]
    return {
        "name": "coverage-trend",
        "from_end": True,
        "title": "Duties that applied, week by week",
        "caption": "Each week by the law and the evidence known at its end. Proposed and out-of-date evidence counts as no answer.",
        "alt": f"On {last.day.isoformat()}: {', '.join(words)}. On {weeks[0].day.isoformat()}: {', '.join(str(weeks[0].share(state)) for state in SHOWN)}.",
        "spec": {**vega.layered(*layers, *labels), "padding": {"left": 4, "top": 8, "right": 110, "bottom": 4}},
    }


def _points(weeks: Sequence[Week], state: str) -> list[dict[str, Any]]:
    return [{"week": week.day.isoformat(), "duties": week.share(state), "state": "not answered" if state == "missing" else STATES[state]} for week in weeks]
