"""Figures: the same spec gives the same SVG, in our typeface, and reaches for nothing outside itself."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidInput
from reports.charts import figure_svg
from tests.reports.snapshots import snapshot

ROOT = Path(__file__).resolve().parents[2]
DRAW = """
import django; django.setup()
import hashlib
from reports.charts import figure_svg
from tests.reports.snapshots import snapshot
print(hashlib.sha256(figure_svg(snapshot()["steps"][2]["figures"][0]["spec"]).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    found: dict[str, Any] = snapshot()["steps"][2]["figures"][0]["spec"]
    return found


def test_figure_svg_carries_family_size_and_weight_on_its_texts(spec: dict[str, Any]) -> None:
    svg = figure_svg(spec)
    texts = svg.count("<text ")
    assert texts > 10
    assert svg.count('font-family="IBM Plex Sans"') == texts
    assert 'font-weight="600"' in svg


def test_figure_svg_uses_true_minus_signs(spec: dict[str, Any]) -> None:
    assert "−4" in figure_svg(spec)
    assert ">-4" not in figure_svg(spec)


def test_figure_svg_is_the_same_in_another_process(spec: dict[str, Any]) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "DJANGO_SETTINGS_MODULE": "config.settings"}
    other = subprocess.run([sys.executable, "-c", DRAW], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == hashlib.sha256(figure_svg(spec).encode()).hexdigest()


def test_figure_svg_does_not_depend_on_the_order_of_keys(spec: dict[str, Any]) -> None:
    assert figure_svg(dict(reversed(spec.items()))) == figure_svg(spec)


def test_figure_svg_measures_text_in_our_typeface() -> None:
    wide = {"data": {"values": [{"a": "WWWWiiiMMM long category", "b": 1}]}, "mark": "bar", "config": {"font": "IBM Plex Sans", "axis": {"labelFontSize": 12}}}
    svg = figure_svg({**wide, "width": 300, "encoding": {"y": {"field": "a", "type": "ordinal"}, "x": {"field": "b", "type": "quantitative"}}})
    # Measured with a font of the machine instead, the same figure comes out 507 wide or more.
    assert float(svg.split('width="')[1].split('"')[0]) < 500


@pytest.mark.parametrize("address", ["file:///etc/hostname", "http://localhost/x.csv", "data.csv"])
def test_figure_svg_refuses_a_spec_that_names_an_address(spec: dict[str, Any], address: str) -> None:
    with pytest.raises(InvalidInput, match="address"):
        figure_svg({**spec, "layer": [{"data": {"url": address}, "mark": "point"}]})


def test_figure_svg_refuses_a_remote_picture_as_mark() -> None:
    picture = {"data": {"values": [{"u": "http://localhost/a.png"}]}, "mark": "image", "encoding": {"url": {"field": "u"}}}
    with pytest.raises(InvalidInput, match="address"):
        figure_svg(picture)


def test_figure_svg_says_that_a_spec_cannot_be_drawn() -> None:
    with pytest.raises(InvalidInput, match="cannot be drawn"):
        figure_svg({"mark": "nonsense"})


def test_figure_svg_spells_out_characters_without_a_glyph() -> None:
    svg = figure_svg({"data": {"values": [{"a": "中"}]}, "mark": "text", "encoding": {"text": {"field": "a"}}})
    assert "[U+4E2D]" in svg
    assert "中" not in svg
