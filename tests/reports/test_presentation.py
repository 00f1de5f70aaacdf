"""What the pages show must be what the snapshot says: nothing dropped, nothing added, thresholds without a measurement included."""

import base64
from typing import Any

import pytest

from reports import presentation
from reports.engine import render
from reports.presentation import present
from tests.reports.snapshots import snapshot


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    return present(snapshot())


def step(shown: dict[str, Any], key: str) -> dict[str, Any]:
    return next(row for row in shown["steps"] if row["key"] == key)


def test_present_shows_reading_and_verdict_side_by_side(shown: dict[str, Any]) -> None:
    assert [(row["reading_word"], row["verdict_word"]) for row in shown["steps"]] == [
        ("Observed", "Not qualified"),
        ("Observed", "Not qualified"),
        ("Causal", "Not qualified"),
        ("No effect found", "Not qualified"),
        ("Inconclusive", "Inconclusive"),
    ]


def test_present_keeps_every_measurement_in_order(shown: dict[str, Any]) -> None:
    for row, raw in zip(shown["steps"], snapshot()["steps"], strict=True):
        assert [found["label"] for found in row["rows"]] == [found["label"] for found in raw["measurements"]]


def test_present_writes_a_row_with_one_precision(shown: dict[str, Any]) -> None:
    row = step(shown, "steering_validation.sentiment")["rows"][2]
    assert (row["value"], row["interval"], row["null"], row["n"]) == ("0.040", "−0.020 to 0.060", "–", "32")


def test_present_names_role_unit_and_formula_beneath_a_measurement(shown: dict[str, Any]) -> None:
    rows = step(shown, "steering_validation.sentiment")["rows"]
    assert rows[0]["note"] == "primary measurement · log-odds · mean/1"
    assert (rows[0]["primary"], rows[1]["primary"]) == (True, False)


def test_present_joins_each_threshold_to_its_measurement(shown: dict[str, Any]) -> None:
    row = step(shown, "linear_direction.harm")["rows"][0]
    assert [(found["text"], found["word"]) for found in row["thresholds"]] == [("≥ 0.9", "met"), ("> null", "met")]
    assert step(shown, "steering_validation.refusal")["rows"][0]["thresholds"][0]["word"] == "not met"


def test_present_keeps_a_threshold_whose_measurement_was_never_made(shown: dict[str, Any]) -> None:
    assert [(row["metric"], row["word"]) for row in step(shown, "steering_validation.sentiment")["unmeasured"]] == [("refusal_rate", "undecided")]


def test_present_has_no_primary_row_when_the_primary_was_not_measured() -> None:
    document = snapshot()
    document["steps"][0]["primary"] = "nowhere"
    assert present(document)["steps"][0]["primary_row"] is None
    assert "not measured" in render("cover.html", present(document))


def test_present_says_how_each_control_came_out(shown: dict[str, Any]) -> None:
    assert [row["word"] for row in step(shown, "steering_validation.sentiment")["controls"]] == ["passed", "gives a null", "passed"]
    assert [row["word"] for row in step(shown, "steering_validation.refusal")["controls"]] == ["failed"]


def test_present_draws_every_figure_as_an_inline_svg(shown: dict[str, Any]) -> None:
    uri = step(shown, "linear_direction.harm")["figures"][0]["uri"]
    head, _, body = uri.partition(",")
    assert head == "data:image/svg+xml;base64"
    assert base64.b64decode(body).startswith(b"<svg")


def test_present_lists_requirements_under_the_step_that_claims_them(shown: dict[str, Any]) -> None:
    found = step(shown, "steering_validation.sentiment")["towards"]
    assert [(row["ref"], row["begins"], row["status"]) for row in found] == [
        ("AIA-9-6", "2 December 2027", "proposed"),
        ("AIA-15-4", "2 December 2027", "accepted"),
        ("GPAI-3.2", "2 August 2025", "declined"),
        ("NIST-AIRMF-MEASURE-2.13", "voluntary", "proposed"),
    ]
    assert step(shown, "known_circuits")["towards"] == []


def test_present_counts_unscored_items_of_every_step(shown: dict[str, Any]) -> None:
    assert step(shown, "steering_validation.refusal")["counted"] == "items 48, unscored 3, errored 0"


def test_environment_rows_merge_what_is_equal_and_name_the_steps_where_it_differs() -> None:
    steps = [{"title": "A", "environment": {"device": "cpu", "seed": 1}}, {"title": "B", "environment": {"device": "cuda", "seed": 1}}]
    assert presentation.environment_rows(steps) == [
        {"name": "device", "value": "cpu", "steps": ["A"]},
        {"name": "device", "value": "cuda", "steps": ["B"]},
        {"name": "seed", "value": "1", "steps": []},
    ]


def test_environment_rows_show_a_dash_for_a_step_without_the_value() -> None:
    steps = [{"title": "A", "environment": {"device": "cpu"}}, {"title": "B", "environment": {}}]
    assert [(row["value"], row["steps"]) for row in presentation.environment_rows(steps)] == [("cpu", ["A"]), ("–", ["B"])]


def test_present_cuts_a_long_manifest_and_says_how_much() -> None:
    document = snapshot()
    document["subject"]["weights_manifest"] = [{"name": f"shard-{place}", "sha256": "ab" * 32, "size": 1} for place in range(45)]
    shown = present(document)
    assert (len(shown["manifest"]), shown["manifest_left_out"]) == (40, 5)
    assert "5 more files are listed in the attached snapshot" in render("subject.html", shown)


def test_present_spells_out_characters_without_a_glyph_but_draws_from_the_original() -> None:
    document = snapshot()
    document["steps"][0]["headline"] = "The token 中 wins"
    assert present(document)["steps"][0]["headline"] == "The token [U+4E2D] wins"


def test_qr_svg_is_the_same_for_the_same_head_and_differs_for_another() -> None:
    assert presentation.qr_svg("a") == presentation.qr_svg("a") != presentation.qr_svg("b")


def test_null_that_would_round_to_nothing_gets_finer_decimals_than_its_value() -> None:
    row = {"label": "Drop", "value": 11.5, "low": 10.8, "high": 12.2, "unit": "nats", "formula": "f/1", "role": "secondary", "p_value": None, "n": 8}
    assert presentation.measurement_row({**row, "null_low": -0.0392, "null_high": 0.0213})["null"] == "−0.039 to 0.021"
    assert presentation.measurement_row({**row, "null_low": -0.04, "null_high": 0.8})["null"] == "0.0 to 0.8"
