"""When a calibration record stops holding, and that the reason is said in words."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from assessments.conditions import LASTS, conditions_of, why_not_current
from core import clock

ENVIRONMENT: dict[str, Any] = {
    "libraries": {"numpy": "2.4", "torch": "2.13.0", "transformers": "5.9", "transformer-lens": "3.9", "scipy": "1.17"},
    "runtime_source": "ab" * 32, "dtype": "float32", "device": "cpu", "threads": 1,
}  # fmt: skip
MADE = conditions_of("steering_validation", "1", "cd" * 32, ENVIRONMENT)


def why(here: Any, days: float = 1.0) -> list[str]:
    made_at = clock.now()
    return why_not_current(MADE, here, made_at + LASTS, made_at + timedelta(days=days))


def test_same_conditions_hold_for_a_year_and_no_longer() -> None:
    assert why(MADE) == []
    assert why(MADE, 364.9) == []
    (reason,) = why(MADE, 365)
    assert "expired" in reason


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"instrument": "known_circuits"}, "another instrument"),
        ({"version": "2"}, "version 2 is in use"),
        ({"source_digest": "00" * 32}, "instrument's code was changed"),
        ({"runtime_source": "00" * 32}, "loads and runs models"),
        ({"dtype": "bfloat16"}, "not in bfloat16"),
        ({"device": "cuda"}, "graphics processor"),
        ({"libraries": {**MADE.libraries, "torch": "2.14.0"}}, "torch was 2.13.0"),
        ({"libraries": {**MADE.libraries, "transformer-lens": ""}}, "transformer-lens"),
    ],
)
def test_each_difference_ends_it_with_a_sentence_of_its_own(change: dict[str, Any], word: str) -> None:
    (reason,) = why(replace(MADE, **change))
    assert word in reason
    assert reason.endswith(".")


def test_an_environment_that_says_nothing_matches_nothing_not_even_itself() -> None:
    bare = conditions_of("steering_validation", "1", "cd" * 32, {})
    moment = clock.now()
    assert len(why_not_current(bare, bare, moment + LASTS, moment)) == 4, "unknown libraries are never equal"


def test_libraries_that_do_not_decide_the_numbers_do_not_end_it() -> None:
    other = conditions_of("steering_validation", "1", "cd" * 32, {**ENVIRONMENT, "libraries": {**ENVIRONMENT["libraries"], "scipy": "9"}, "threads": 4})
    assert why(other) == []
