"""Parameters: what is refused, and that the refusal names the parameter, the range and the value given."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

import pytest

from assessments.contracts import ParamsBase, Refused
from assessments.parameters import params_parse


@dataclass(frozen=True)
class Example(ParamsBase):
    count: int
    mode: Literal["slow", "fast"] = "slow"
    margin: float = 0.1
    layer: int | None = None
    doses: tuple[float, ...] = (0.5, 1.0)
    verbose: bool = False
    note: str = ""

    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {"count": (1, 100), "margin": (0, 1), "layer": (0, 50), "doses": (-2, 2)}


def test_defaults_fill_what_is_not_given() -> None:
    assert params_parse(Example, {"count": 3}) == Example(count=3)


def test_values_are_kept_and_whole_numbers_become_floats_where_a_number_is_meant() -> None:
    found = params_parse(Example, {"count": 100, "margin": 1, "layer": 0, "doses": [-2, 0.5], "mode": "fast", "verbose": True, "note": "x"})
    assert found == Example(count=100, mode="fast", margin=1.0, layer=0, doses=(-2.0, 0.5), verbose=True, note="x")
    assert isinstance(found.margin, float)


def test_parsing_what_was_written_out_gives_the_same() -> None:
    first = params_parse(Example, {"count": 3, "doses": [1.5]})
    assert params_parse(Example, asdict(first)) == first


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"count": 1, "cuont": 2}, "unknown parameter cuont; known: count, mode"),
        ({}, "parameter count has no value"),
        ({"count": 101}, "parameter count must be between 1 and 100; given 101"),
        ({"count": 0}, "parameter count must be between 1 and 100; given 0"),
        ({"count": 1, "margin": 1.01}, "parameter margin must be between 0 and 1; given 1.01"),
        ({"count": 1, "layer": -1}, "parameter layer must be between 0 and 50; given -1"),
        ({"count": 1, "doses": [0.1, 3.0]}, "parameter doses must be between -2 and 2; given 3"),
        ({"count": "3"}, "parameter count must be a whole number; given '3'"),
        ({"count": 3.0}, "parameter count must be a whole number; given 3.0"),
        ({"count": True}, "parameter count must be a whole number; given True"),
        ({"count": 1, "margin": "0.1"}, "parameter margin must be a number"),
        ({"count": 1, "margin": False}, "parameter margin must be a number; given False"),
        ({"count": 1, "margin": float("nan")}, "parameter margin must be a finite number"),
        ({"count": 1, "margin": float("inf")}, "parameter margin must be a finite number"),
        ({"count": 1, "mode": "quick"}, "parameter mode must be one of slow, fast; given 'quick'"),
        ({"count": 1, "mode": ["slow"]}, "parameter mode must be one of slow, fast"),
        ({"count": 1, "doses": 0.5}, "parameter doses must be a list of a number"),
        ({"count": 1, "doses": ["a"]}, r"parameter doses\[0\] must be a number"),
        ({"count": 1, "layer": "12"}, "parameter layer must be a whole number"),
        ({"count": 1, "verbose": 1}, "parameter verbose must be true or false"),
        ({"count": 1, "note": 5}, "parameter note must be text"),
    ],
)
def test_a_wrong_entry_is_refused_by_name(given: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        params_parse(Example, given)


def test_none_is_accepted_only_where_a_value_may_be_left_open() -> None:
    assert params_parse(Example, {"count": 1, "layer": None}).layer is None
    with pytest.raises(Refused, match="parameter margin must be a number; given None"):
        params_parse(Example, {"count": 1, "margin": None})
