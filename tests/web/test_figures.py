"""Figures: drawn once per spec, in the page's colours, with their numbers; nothing active ever reaches the page."""

import csv
import io
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from assessments import vega
from assessments.models import Finding
from core.errors import Conflict, NotFound
from web import figures

ROWS = [{"x": 1, "y": 2.0}, {"x": 2, "y": 3.5}, {"x": 3, "y": -1.0}]


def spec(**fields: Any) -> dict[str, Any]:
    drawn = vega.layered(vega.line(ROWS, vega.quantity("x", "dose"), vega.quantity("y", "effect"), vega.COLOURS["causal"]))
    return {**drawn, **fields}


def cached(installation: Path) -> list[Path]:
    return sorted((installation / "cache" / "figures").glob("*"))


def test_figure_is_drawn_once_and_read_from_the_cache_afterwards(installation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = figures.figure_markup(spec())
    assert [path.suffix for path in cached(installation)] == [".svg"]
    monkeypatch.setattr(figures, "figure_svg", lambda spec: pytest.fail("drawn again"))
    assert figures.figure_markup(spec()) == first


def test_another_spec_is_another_drawing(installation: Path) -> None:
    figures.figure_markup(spec())
    figures.figure_markup(spec(height=100))
    assert len(cached(installation)) == 2


def test_palette_becomes_variables_that_follow_the_theme(installation: Path) -> None:
    drawn = figures.figure_markup(spec())
    assert 'stroke="var(--assay-causal, #0b6e4f)"' in drawn
    assert 'fill="var(--fig-ink, #1c2126)"' in drawn
    assert 'fill="white"' not in drawn
    assert ">dose<" in drawn


def test_drawing_leaves_its_name_to_the_page_around_it(installation: Path) -> None:
    assert "aria-" not in figures.figure_markup(spec())
    assert "role=" not in figures.figure_markup(spec())


@pytest.mark.parametrize(
    "svg",
    [
        "<svg><script>alert(1)</script></svg>",
        '<svg onload="alert(1)"></svg>',
        '<svg><a href="javascript:alert(1)">x</a></svg>',
        "<svg>< foreignObject></svg>",
        '<svg><image href="http://example.org/x.png"/></svg>',
    ],
)
def test_active_content_is_refused(svg: str) -> None:
    with pytest.raises(Conflict, match="active content"):
        figures.themed(svg)


def test_words_that_look_like_markup_stay_words(installation: Path) -> None:
    drawn = figures.figure_markup(vega.layered(vega.label("<script>alert(1)</script>", 1, 1)))
    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn


def test_figure_that_cannot_be_drawn_says_why_and_keeps_its_numbers(installation: Path) -> None:
    class Broken:
        pk = UUID(int=1)
        figures = ({"name": "f", "title": "F", "caption": "", "alt": "", "spec": {"data": {"url": "x"}, "layer": [{"data": {"values": ROWS}}]}},)

    view = figures.figures_of(Broken())[0]  # type: ignore[arg-type]
    assert view.svg == ""
    assert "address" in view.fault
    assert view.tables[0].rows == [[1, 2.0], [2, 3.5], [3, -1.0]]
    assert cached(installation) == []


def test_numbers_behind_a_figure_are_listed_once_per_set() -> None:
    twice = [vega.line(ROWS, {}, {}, colour) for colour in ("red", "blue")]
    drawn = vega.layered(*twice, vega.label("one", 1, 2), vega.line([{"a": 1}, {"a": 2}], {}, {}, "red"))
    tables = list(figures.data_tables(drawn))
    assert [table.columns for table in tables] == [["x", "y"], ["a"]]


def test_long_tables_are_cut_and_say_how_long_they_are() -> None:
    table = next(figures.data_tables({"data": {"values": [{"x": place} for place in range(1000)]}}))
    assert (len(table.rows), table.total) == (figures.ROWS_SHOWN, 1000)


def test_row_without_a_column_keeps_its_place() -> None:
    table = next(figures.data_tables({"data": {"values": [{"x": 1, "y": 2}, {"x": 3}]}}))
    assert table.rows == [[1, 2], [3, "–"]]


def test_column_that_only_later_rows_have_is_not_lost() -> None:
    table = next(figures.data_tables({"data": {"values": [{"x": 1}, {"x": 3, "y": 2}]}}))
    assert table.columns == ["x", "y"]


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_csv_holds_every_row_however_many_and_counts_the_parts() -> None:
    layers = [vega.layer([{"x": place} for place in range(figures.ROWS_SHOWN + 50)], {}), vega.layer([{"x": 1, "y": -2.5}, {"x": 2, "y": [1, 2]}], {})]
    rows = read(figures.figure_csv(vega.layered(*layers)))
    assert rows[0] == ["part", "x", "y"]
    assert len(rows) == figures.ROWS_SHOWN + 53
    assert rows[-2:] == [["2", "1", "-2.5"], ["2", "2", "[1,2]"]]
    assert read(figures.figure_csv({"data": {"values": ROWS}}))[:2] == [["x", "y"], ["1", "2.0"]]


def test_csv_of_a_figure_runs_nothing_in_a_spreadsheet() -> None:
    rows = read(figures.figure_csv({"data": {"values": [{"=cmd": "=1+1"}, {"=cmd": "@x"}]}}))
    assert rows == [["'=cmd"], ["'=1+1"], ["'@x"]]


def test_files_of_a_figure_and_their_media_types(installation: Path) -> None:
    assert figures.figure_file(spec(), "json") == (figures.figure_json(spec()), "application/json")
    assert json.loads(figures.figure_json(spec())) == spec()
    drawing, media_type = figures.figure_file(spec(), "svg")
    assert (drawing[:4], media_type) == (b"<svg", "image/svg+xml")
    assert b"var(--" not in drawing
    with pytest.raises(NotFound, match="svg, csv, json"):
        figures.figure_file(spec(), "exe")


@pytest.mark.django_db
def test_figures_know_where_their_files_are(finding: Finding, installation: Path) -> None:
    finding.figures = [{"name": name, "title": "F", "caption": "", "alt": "", "spec": spec()} for name in ("dose", "not a slug")]
    first, second = figures.figures_of(finding)
    assert first.files["csv"] == f"/findings/{finding.pk}/figures/dose/csv/"
    assert second.files == {}
    assert figures.figure_of(finding, "dose")["name"] == "dose"
    with pytest.raises(NotFound):
        figures.figure_of(finding, "other")
