"""A finding's measurements as table rows: the same text as in the report, a small picture, and the sealed thresholds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.forms.models import model_to_dict

from assessments.models import Finding, Measurement
from reports.presentation import measurement_row

MARGIN = 6.0
"""Empty share of a glyph on either side, in percent of its width."""


@dataclass(frozen=True)
class Glyph:
    """Positions in percent of the width: value, interval, null band, zero; None where there is none or it lies outside."""

    value: float
    low: float | None
    high: float | None
    null_low: float | None
    null_high: float | None
    zero: float | None

    @property
    def left(self) -> float:
        """Left edge of the mark for the value."""
        return round(self.value - 1.2, 2)

    @property
    def null_width(self) -> float:
        """Width of the null band, never too thin to see."""
        return 0.0 if self.null_low is None or self.null_high is None else max(self.null_high - self.null_low, 1.0)


@dataclass(frozen=True)
class Row:
    """One measurement, or one sealed threshold that was never measured."""

    label: str
    note: str
    primary: bool
    value: str
    interval: str
    null: str
    thresholds: tuple[Mapping[str, Any], ...]
    glyph: Glyph | None


def rows_of(finding: Finding) -> list[Row]:
    """All measurements in the instrument's order, then thresholds whose measurement is missing: those stay visible and undecided."""
    measured = list(finding.measurements.all())
    names = {row.name for row in measured}
    orphans = [row for row in finding.thresholds if row["metric"] not in names]
    return [row_of(row, finding.thresholds) for row in measured] + [_missing(row) for row in orphans]


def row_of(row: Measurement, thresholds: Iterable[Mapping[str, Any]] = ()) -> Row:
    """One measurement as text, with its own thresholds among ``thresholds``."""
    text = measurement_row(model_to_dict(row))
    p_value = f"p = {text['p']}" if row.p_value is not None else ""
    return Row(
        label=text["label"],
        note=" · ".join(part for part in (text["note"], f"n = {text['n']}", p_value) if part),
        primary=text["primary"],
        value=text["value"],
        interval=text["interval"],
        null=text["null"],
        thresholds=tuple(threshold for threshold in thresholds if threshold["metric"] == row.name),
        glyph=glyph_of(row),
    )


def _missing(threshold: Mapping[str, Any]) -> Row:
    return Row(str(threshold["metric"]), "sealed in the plan, not measured", False, "–", "–", "–", (threshold,), None)


def glyph_of(row: Measurement) -> Glyph | None:
    """Where value, interval and null band lie beside each other; None when there is nothing to compare the value with."""
    return _glyph(row, _known(row)) if len(_known(row)) > 1 else None


def glyphs_of(rows: Iterable[Measurement]) -> dict[Any, Glyph]:
    """The same measurement of several findings on one axis, by its key; empty when all values are one and the same."""
    rows = list(rows)
    everything = [value for row in rows for value in _known(row)]
    drawn = [(row.pk, _glyph(row, everything)) for row in rows]
    return {key: glyph for key, glyph in drawn if glyph is not None}


def _known(row: Measurement) -> list[float]:
    return [value for value in (row.value, row.low, row.high, row.null_low, row.null_high) if value is not None]


def _glyph(row: Measurement, scale: list[float]) -> Glyph | None:
    """``row`` on the axis that reaches from the least to the greatest of ``scale``."""
    least, most = min(scale), max(scale)
    if least == most:
        return None

    def place(value: float | None) -> float | None:
        return None if value is None else round(MARGIN + (100 - 2 * MARGIN) * (value - least) / (most - least), 2)

    zero = place(0.0) if least <= 0 <= most else None
    return Glyph(place(row.value) or 0.0, place(row.low), place(row.high), place(row.null_low), place(row.null_high), zero)
