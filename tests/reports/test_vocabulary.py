"""Sentences composed by rule: every count in them must follow from the findings."""

import copy
from typing import Any

import pytest

from assessments.contracts import Reading, Verdict
from reports import vocabulary
from tests.reports.snapshots import snapshot


@pytest.fixture
def document() -> dict[str, Any]:
    return snapshot()


def test_every_reading_and_verdict_has_a_word_and_a_meaning() -> None:
    tiers = vocabulary.vocabulary()["tiers"]
    assert set(tiers) == {*Reading, *Verdict} == set(vocabulary.vocabulary()["order"])
    assert all(row["word"] and row["one"] and row["many"] and row["meaning"] for row in tiers.values())


def test_glossary_keys_are_words() -> None:
    assert all(isinstance(word, str) for word in vocabulary.vocabulary()["glossary"])


def test_lede_counts_readings_strongest_first(document: dict[str, Any]) -> None:
    assert "the data show one causal effect, two observed associations, one null result and one inconclusive result." in vocabulary.lede(document)[0]


def test_lede_counts_steps_and_the_different_instruments_behind_them(document: dict[str, Any]) -> None:
    assert vocabulary.lede(document)[0].startswith("Five steps with three instruments were run under a plan sealed")


def test_lede_names_both_log_entries(document: dict[str, Any]) -> None:
    assert "sealed as log entry 11, before the run began with entry 12" in vocabulary.lede(document)[0]


def test_lede_says_that_no_instrument_is_calibrated(document: dict[str, Any]) -> None:
    assert vocabulary.lede(document)[1].startswith("No instrument has a calibration record yet")


def test_lede_counts_instruments_without_calibration_when_some_have_one(document: dict[str, Any]) -> None:
    for step in document["steps"][:4]:
        step["qualification"] = {"text": "calibrated"}
    assert vocabulary.lede(document)[1].startswith("One instrument has no calibration record yet")


def test_lede_does_not_speak_of_calibration_when_all_have_one(document: dict[str, Any]) -> None:
    for step in document["steps"]:
        step["qualification"] = {"text": "calibrated"}
    assert "calibration" not in " ".join(vocabulary.lede(document))


def test_lede_names_the_step_whose_control_failed(document: dict[str, Any]) -> None:
    assert "A control failed in Steering validation: refusal: do not rely" in vocabulary.lede(document)[2]
    for step in document["steps"]:
        step["controls"] = []
    assert "control" not in vocabulary.lede(document)[2]


def test_thresholds_text_counts_met_unmet_and_undecided() -> None:
    steps = [{"thresholds": [{"met": met} for met in (True, True, False, None)]}]
    assert vocabulary.thresholds_text(steps) == "Of 4 sealed thresholds 2 were met, 1 was not met and 1 could not be decided."


def test_thresholds_text_says_when_all_were_met() -> None:
    assert vocabulary.thresholds_text([{"thresholds": [{"met": True}]}, {"thresholds": [{"met": True}]}]) == "All 2 sealed thresholds were met."
    assert vocabulary.thresholds_text([{"thresholds": [{"met": True}]}]) == "The one sealed threshold was met."


def test_thresholds_text_says_when_there_were_none() -> None:
    assert vocabulary.thresholds_text([{"thresholds": []}]) == "The plan set no thresholds."


def test_readings_text_says_only_what_is_there(document: dict[str, Any]) -> None:
    nulls = [step for step in copy.deepcopy(document["steps"]) if step["reading"] == "null"]
    assert vocabulary.readings_text(nulls) == "one null result"
    assert vocabulary.readings_text(nulls * 13) == "13 null results"
