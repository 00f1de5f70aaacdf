"""Whether a rule can ever mean something: it asks choices of questions with choices, numbers of numbers, days of days. Plain Python."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from questionnaires.rules import Rule


class Asked(Protocol):
    """What a rule must know of a question."""

    @property
    def type(self) -> str:
        """Its type."""

    @property
    def choices(self) -> Mapping[str, str]:
        """Labels by stored value."""

    @property
    def most(self) -> float | None:
        """The highest number of points."""


TYPES: Mapping[str, tuple[Collection[str], str]] = {
    "one_of": (("yes_no", "yes_no_partly", "single", "multi"), "has no choices"),
    "none_of": (("yes_no", "yes_no_partly", "single", "multi"), "has no choices"),
    "chosen_at_least": (("multi",), "is no multiple choice"),
    "at_least": (("number",), "is no number"),
    "at_most": (("number",), "is no number"),
    "above": (("number",), "is no number"),
    "below": (("number",), "is no number"),
    "within_months": (("date",), "is no date"),
}
"""Of which types a test may ask, and what is wrong with the others."""


def rule_check(rule: Rule, questions: Mapping[str, Asked], *, points: bool) -> None:
    """``ValueError`` says which test can never hold. Questions that are not among ``questions`` are left to others; ``points``: they are known by then."""
    for test in tests_of(rule):
        question = questions.get(test.question)
        if question is not None:
            _test_check(test, question, points)


def tests_of(rule: Rule) -> Iterator[Rule]:
    """The tests of single questions in ``rule``, from left to right."""
    if rule.question:
        yield rule
    for row in (*rule.all_, *rule.any_, *([rule.not_] if rule.not_ else [])):
        yield from tests_of(row)


def _test_check(test: Rule, question: Asked, points: bool) -> None:
    for name, (types, wrong) in TYPES.items():
        if getattr(test, name) not in (None, ()) and question.type not in types:
            raise ValueError(f"rule: “{test.question}” {wrong}, so “{name}” never holds")
    unknown = [value for value in (*test.one_of, *test.none_of) if value not in question.choices]
    if unknown:
        raise ValueError(f"rule: “{unknown[0]}” is no choice of “{test.question}”; choices: {', '.join(question.choices)}")
    if test.points_at_most is not None and not points:
        raise ValueError(f"rule: the points of “{test.question}” are known only at the end; use them in caps, flags and clauses")
    if test.points_at_most is not None and question.most is None:
        raise ValueError(f"rule: “{test.question}” is not scored, so it never has points")
