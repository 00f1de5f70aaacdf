"""The vendor map: where each vendor stands in the drawing, and the table behind it."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from accounts.models import User
from core import clock
from inventory.models import Vendor
from reports.vendor_exposure import A_PLACE, AN_INCIDENT, INCIDENTS, PLACES
from reports.vendor_map import QUADRANTS, Dot, dots_of
from web.lists.listing import Action

WIDTH, HEIGHT, LEFT, TOP = 560, 400, 46, 14
"""Size of the field of the drawing and where it begins."""
NAMED = 40
"""With more vendors than this the names would cover each other, so the table alone has them."""
ROWS = 300
"""Rows of the table; the most exposed come first."""
LEAD = "What the newest reviewed disclosure of each vendor confirms, against how much depends on it."


@dataclass(frozen=True)
class Mark:
    """A vendor in the drawing; positions in its units."""

    dot: Dot
    x: float
    y: float
    claimed_x: float

    @property
    def leftwards(self) -> bool:
        """Whether its name stands to its left, as there is no room to its right."""
        return max(self.x, self.claimed_x) > LEFT + WIDTH * 0.7

    @property
    def name_x(self) -> float:
        """Where its name begins, or ends."""
        return min(self.x, self.claimed_x) - 9 if self.leftwards else max(self.x, self.claimed_x) + 9

    @property
    def says(self) -> str:
        """The vendor in words, for those who hear the map."""
        dot = self.dot
        return f"{dot.vendor}: {dot.confirmed:g} % confirmed, {dot.claimed:g} % claimed, exposure {dot.exposure.total}"


def context(actor: User) -> dict[str, Any]:
    """The context of ``web/vendors/map.html``."""
    dots = dots_of(Vendor.objects.visible_to(actor), clock.now().date())
    placed = [_mark(dot) for dot in dots if not dot.absent]
    absent: dict[str, list[Dot]] = defaultdict(list)
    for dot in dots:
        if dot.absent:
            absent[dot.absent].append(dot)
    return {
        "title": "Vendor map",
        "lead": LEAD,
        "crumbs": (("Vendors", "/vendors/"),),
        "actions": (Action("Compare answers", reverse("web:questionnaire-compare")),),
        "any": bool(dots),
        "marks": placed,
        "named": len(placed) <= NAMED,
        "counts": [(name, sum(mark.dot.quadrant == name for mark in placed)) for name in QUADRANTS.values()],
        "absent": list(absent.items()),
        "rows": dots[:ROWS],
        "hidden": max(0, len(dots) - ROWS),
        "a_place": A_PLACE,
        "places": PLACES,
        "an_incident": AN_INCIDENT,
        "incidents": INCIDENTS,
        "nav": "vendors",
        **field(),
    }


def field() -> dict[str, Any]:
    """Lines and words of the drawing."""
    ticks = (0, 25, 50, 75, 100)
    return {
        "left": LEFT,
        "top": TOP,
        "right": LEFT + WIDTH,
        "bottom": TOP + HEIGHT,
        "middle_x": _x(50),
        "middle_y": _y(50),
        "x_ticks": [(_x(tick), tick) for tick in ticks],
        "y_ticks": [(_y(tick), tick) for tick in ticks],
        "view": f"0 0 {LEFT + WIDTH + 20} {TOP + HEIGHT + 44}",
    }


def _mark(dot: Dot) -> Mark:
    return Mark(dot, _x(dot.confirmed), _y(dot.exposure.total), _x(dot.claimed))


def _x(per_cent: float) -> float:
    return round(LEFT + WIDTH * per_cent / 100, 1)


def _y(exposure: float) -> float:
    return round(TOP + HEIGHT * (1 - exposure / 100), 1)
