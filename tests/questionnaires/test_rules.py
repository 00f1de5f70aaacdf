"""Rules as text and as tests of answers."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from questionnaires.document import document_read
from questionnaires.effects import effects_of
from questionnaires.rule_text import rule_parse, rule_write
from questionnaires.rules import Given, Rule, Sight, holds
from questionnaires.scoring import Sitting
from questionnaires.wording import rule_words
from tests.factories import questionnaire_document

ON = date(2026, 11, 21)
NAMES = st.one_of(st.from_regex(r"\A[a-z0-9][a-z0-9_-]{0,8}\Z"), st.sampled_from(["not", "and", "or", "all", "any", "in", "has", "1e5", 'a"b', "ä b"]))
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TESTS = st.one_of(
    st.fixed_dictionaries({"one_of": st.lists(NAMES, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"none_of": st.lists(NAMES, min_size=1, max_size=3)}),
    *(st.fixed_dictionaries({name: NUMBERS}) for name in ("at_least", "at_most", "above", "below", "points_at_most")),
    st.fixed_dictionaries({"chosen_at_least": st.integers(1, 99)}),
    st.fixed_dictionaries({"within_months": st.integers(1, 1200)}),
    st.fixed_dictionaries({"answered": st.booleans()}),
    st.fixed_dictionaries({"attached": st.booleans()}),
)
ONE = st.builds(lambda question, test: {"question": question, **test}, NAMES, TESTS)
RULES: Any = st.recursive(
    ONE,
    lambda rows: st.one_of(
        st.lists(rows, min_size=1, max_size=3).map(lambda found: {"all": found}),
        st.lists(rows, min_size=1, max_size=3).map(lambda found: {"any": found}),
        rows.map(lambda found: {"not": found}),
    ),
    max_leaves=6,
)


@given(RULES)
@settings(max_examples=100, deadline=None)
def test_text_is_read_as_the_rule_it_was_written_from(raw: dict[str, Any]) -> None:
    rule = Rule.model_validate(raw)
    assert Rule.model_validate(rule_write(rule)) == rule


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_text_is_read_or_refused_with_a_reason(text: str) -> None:
    try:
        rule_parse(text)
    except ValueError as error:
        assert str(error).startswith("rule: ")  # noqa: PT017 - it may also be read


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it is empty"),
        ("q02", "a test is missing"),
        ("q02 =", "a choice is missing after “q02 =”"),
        ("q02 = yes q03 = no", "“q03” comes unexpectedly"),
        ("(q02 = yes", "“)” is missing"),
        ("q02 in yes", "“(” is missing"),
        ("q02 <= soon", "“soon” is no number"),
        ("q02 within 3", "“months” is missing"),
        ("= yes", "a question is missing at the beginning"),
        ("q02 ! yes", "cannot be read"),
        ("q = " + "x" * 3000, "at most 2000 characters"),
        ("(" * 40 + "q = a" + ")" * 40, "nested more than 20 deep"),
        ("not " * 40 + "q = a", "more than 20 times not"),
    ],
)
def test_error_says_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(ValueError, match="rule: ") as caught:
        rule_parse(text)
    assert told in str(caught.value)


def test_and_binds_more_tightly_than_or() -> None:
    assert rule_parse("a = x or b = y and c = z") == rule_parse("a = x or (b = y and c = z)")
    assert rule_parse("not a = x and b = y") == rule_parse("(not a = x) and b = y")


GIVEN = {
    "yes": Given("yes"),
    "multi": Given(["a", "b"]),
    "four": Given(4),
    "day": Given("2026-05-21"),
    "future": Given("2026-11-22"),
    "file": Given(None, exhibits=1),
    "declined": Given({"declined": "No."}),
    "empty": Given(),
    "text": Given("words"),
}


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("yes = yes", True),
        ("yes = no", False),
        ("yes != no", True),
        ("empty != no", False),
        ("declined != no", False),
        ("multi = a", True),
        ("multi in (c, b)", True),
        ("multi not in (c, d)", True),
        ("multi != a", False),
        ("multi has at least 2", True),
        ("multi has at least 3", False),
        ("four >= 4", True),
        ("four > 4", False),
        ("four <= 4", True),
        ("four < 4", False),
        ("four > 3.9", True),
        ("empty <= 4", False),
        ("empty > 0", False),
        ("text <= 4", False),
        ("day within 6 months", True),
        ("day within 5 months", False),
        ("future within 1200 months", False),
        ("text within 6 months", False),
        ("yes answered", True),
        ("file answered", True),
        ("empty answered", False),
        ("empty not answered", True),
        ("declined not answered", True),
        ("file has file", True),
        ("yes has no file", True),
        ("empty points <= 0", True),
        ("yes points <= 2", False),
        ("text points <= 9", False),
        ("not yes = no", True),
        ("not yes = yes", False),
        ("not empty = yes", True),
        # A question that is not asked says nothing, in either direction.
        ("hidden not answered", False),
        ("hidden has no file", False),
        ("hidden points <= 0", False),
        ("not hidden = yes", False),
        ("not (hidden = yes and hidden <= 3)", False),
        ("not (hidden = yes and yes = yes)", True),
        ("yes = yes and hidden = yes", False),
        ("yes = yes or hidden = yes", True),
    ],
)
def test_what_holds(text: str, held: bool) -> None:
    assert holds(Rule.model_validate(text), Sight(GIVEN, ON, {"empty": 0.0, "yes": 3.0})) is held


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({}, "give either a question"),
        ({"question": "a"}, "exactly one test"),
        ({"question": "a", "one_of": ["x"], "at_least": 1}, "exactly one test"),
        ({"all": [{"question": "a", "answered": True}], "answered": True}, "a test needs a question"),
        ({"question": "a", "at_least": float("nan")}, "finite"),
        ({"question": "a", "within_months": 1201}, "1200"),
    ],
)
def test_rule_that_says_nothing_is_refused(raw: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Rule.model_validate(raw)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("raised = perhaps", "“perhaps” is no choice of “raised”"),
        ("raised <= 3", "“raised” is no number"),
        ("hours = yes", "“hours” has no choices"),
        ("hours within 3 months", "is no date"),
        ("raised has at least 2", "is no multiple choice"),
        ("hours points <= 0", "is not scored"),
        ("nobody = yes", "which is no question"),
    ],
)
def test_rule_that_could_never_hold_is_refused_in_a_document(rule: str, told: str) -> None:
    flag = {"id": "x", "when": rule, "title": "T", "because": "B"}
    with pytest.raises(InvalidInput) as caught:
        questionnaire_document(flags=[flag])
    assert told in str(caught.value)


def test_points_cannot_decide_what_is_asked() -> None:
    raw = questionnaire_document().stored()
    raw["sections"][0]["questions"][1]["show_if"] = "raised points <= 0"
    with pytest.raises(InvalidInput, match="known only at the end"):
        document_read(raw)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("raised = yes", "raised is “Yes”"),
        ("raised in (yes, no)", "raised is “Yes” or “No”"),
        ("methods != none", "methods is answered, not with “None”"),
        ("hours <= 24", "hours is at most 24 hours"),
        ("hours > 0.5", "hours is more than 0.5 hours"),
        ("methods has at least 1", "methods has at least 1 choice"),
        ("raised points <= 0", "raised earns no point"),
        ("raised points <= 1", "raised earns at most 1 point"),
        ("not raised = yes", "it is not so that raised is “Yes”"),
        ("raised = yes and (hours < 1 or hours >= 9)", "raised is “Yes” and (hours is less than 1 hours or hours is at least 9 hours)"),
        ("judged answered", "judged is answered"),
        ("judged has no file", "judged has no file"),
    ],
)
def test_rule_in_words(text: str, words: str) -> None:
    assert rule_words(Rule.model_validate(text), questionnaire_document()) == words


def test_an_answer_raises_a_problem_only_by_the_part_of_a_rule_that_it_makes_hold() -> None:
    text = {"type": "yes_no", "text": "?"}
    caps = [{"id": "cap", "when": "a = no or (b = no and not (c = yes))", "at_most": 50, "because": "It cannot be checked."}]
    flags = [{"id": "flag", "when": "d = no and e = no", "title": "Nobody can look", "because": "Both say no."}]
    questions = [{"id": key, **text} for key in "abcdef"]
    document = {
        "format": "urn:assay:questionnaire:v1",
        "title": "T",
        "sections": [{"id": "s", "title": "S", "questions": questions}],
        "caps": caps,
        "flags": flags,
    }

    def seen(**answers: str) -> tuple[dict[str, list[str]], str]:
        found = effects_of(Sitting(document_read(document), {key: Given(value) for key, value in answers.items()}, ON))
        return {key: [row.kind for row in rows] for key, rows in sorted(found.set_off.items())}, "".join(sorted(found.watched))

    assert seen(a="no", b="yes", c="yes", d="no", e="yes") == ({"a": ["cap"]}, "bcde")
    assert seen(a="yes", b="no", c="no", d="no", e="no") == ({"b": ["cap"], "c": ["cap"], "d": ["exposure"], "e": ["exposure"]}, "a")
    assert seen(a="yes", b="yes", c="no", d="yes", e="no", f="no") == ({}, "abcde")
