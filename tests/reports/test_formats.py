"""Numbers, dates and digests as people read them."""

import pytest

from reports import formats


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *[(4.456, "4.46"), (0.974, "0.974"), (0.0312, "0.031"), (0.004, "0.0040"), (13.94, "13.9")],
        *[(250.4, "250"), (-0.35, "\u22120.350"), (0, "0.00"), (12345.6, "12\u202f346")],
    ],
)
def test_number_shows_three_significant_digits(value: float, shown: str) -> None:
    assert formats.number(value) == shown


def test_number_keeps_the_exponent_when_it_would_read_as_zero() -> None:
    assert formats.number(-0.0000021) == "\u22122.1e\u221206"


def test_number_never_shows_a_minus_before_zero() -> None:
    assert formats.number(-0.001, 2) == "0.00"


def test_span_uses_one_precision_and_true_minus_signs() -> None:
    assert formats.span(-0.4, 1.1, 2) == "\u22120.40 to 1.10"


def test_span_says_when_an_end_is_open_or_nothing_is_there() -> None:
    assert formats.span(None, 0.2, 1) == "open to 0.2"
    assert formats.span(None, None, 1) == "–"


@pytest.mark.parametrize(("value", "shown"), [(None, "–"), (1 / 101, "0.0099"), (0.44, "0.44"), (1.0, "1.0"), (0.00002, "2.0e\u221205")])
def test_p_text_keeps_two_significant_digits(value: float | None, shown: str) -> None:
    assert formats.p_text(value) == shown


def test_day_and_moment_are_written_out() -> None:
    assert formats.day("2027-12-02") == "2 December 2027"
    assert formats.moment("2026-11-20T20:11:02Z") == "20 November 2026, 20:11:02 UTC"
    assert formats.day(None) == formats.moment("") == "–"


def test_short_keeps_both_ends_of_a_digest_and_leaves_short_text_alone() -> None:
    assert formats.short("0123456789abcdef" * 4) == "01234567 … 89abcdef"
    assert formats.short("abc") == "abc"


def test_plain_writes_json_values_as_a_person_would() -> None:
    assert formats.plain({"layers": [1, -2], "chat": True, "seed": None}) == "layers 1, \u22122, chat yes, seed –"
    assert formats.plain([]) == formats.plain("") == "–"


@pytest.mark.parametrize(("text", "words"), [("P10Y", "10 years"), ("P1M", "1 month"), ("P1Y6M", "1 year, 6 months"), ("immediately", "immediately"), ("", "")])
def test_period_is_said_in_words(text: str, words: str) -> None:
    assert formats.period(text) == words
