"""The small picture in a row of measurements lies where its numbers lie."""

from typing import Any

import pytest

from assessments.models import Measurement
from reports.presentation import measurement_row
from web.findings.measurements import glyph_of, row_of


def measured(**fields: Any) -> Measurement:
    return Measurement(**{"name": "m", "label": "M", "value": 2.0, "n": 10, "formula": "f/1", "direction": "higher", "role": "secondary", **fields})


def test_ends_of_the_picture_are_the_least_and_the_greatest_number() -> None:
    glyph = glyph_of(measured(value=2.0, low=1.0, high=3.0, null_low=-1.0, null_high=1.0))
    assert glyph is not None
    assert (glyph.null_low, glyph.high) == (6.0, 94.0)
    assert glyph.value == pytest.approx(72.0)
    assert glyph.low == glyph.null_high
    assert glyph.null_width == pytest.approx(44.0)


def test_zero_is_drawn_only_where_it_lies_inside() -> None:
    inside, outside = glyph_of(measured(low=-1.0, high=3.0)), glyph_of(measured(low=1.0, high=3.0))
    assert inside is not None
    assert outside is not None
    assert inside.zero == pytest.approx(28.0)
    assert outside.zero is None


def test_value_alone_has_no_picture() -> None:
    assert glyph_of(measured()) is None


def test_numbers_that_are_all_the_same_have_no_picture() -> None:
    assert glyph_of(measured(value=1.0, low=1.0, high=1.0)) is None


def test_null_of_no_width_stays_visible() -> None:
    glyph = glyph_of(measured(null_low=0.0, null_high=0.0))
    assert glyph is not None
    assert glyph.null_width == 1.0


def test_row_reads_as_in_the_report() -> None:
    row = row_of(measured(value=-0.0312, low=-0.05, high=-0.01, unit="nats", role="primary"), [{"metric": "m"}, {"metric": "other"}])
    text = measurement_row({"name": "m", "label": "M", "value": -0.0312, "n": 10, "formula": "f/1", "unit": "nats", "low": -0.05, "high": -0.01,
                            "null_low": None, "null_high": None, "p_value": None, "direction": "higher", "role": "primary"})  # fmt: skip
    assert (row.value, row.interval, row.null) == (text["value"], text["interval"], text["null"])
    assert row.primary
    assert row.thresholds == ({"metric": "m"},)
