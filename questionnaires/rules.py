"""Rules over answers: when a question is asked, when an answer earns points, when a cap, a flag or a clause holds. Plain Python."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.clock import add_months
from questionnaires.rule_text import rule_parse

Value = str | float | int | list[Any] | dict[str, Any] | None
DECLINED = "declined"


@dataclass(frozen=True)
class Given:
    """What stands against one question: the value (see ``values``), how many files, and what a reviewer made of it.

    ``verdict`` is empty until somebody judged the answer; ``points`` are a reviewer's, for questions with levels.
    """

    value: Value = None
    exhibits: int = 0
    verdict: str = ""
    points: float | None = None

    @property
    def declined(self) -> bool:
        """Whether the vendor said that it does not disclose this."""
        return isinstance(self.value, dict) and DECLINED in self.value

    @property
    def answered(self) -> bool:
        """Whether something stands there: a value, or a file where a file is the answer. Declining is an answer too."""
        return self.value not in (None, "", []) or self.exhibits > 0

    @property
    def told(self) -> Value:
        """The value as rules read it: nothing when the vendor declined."""
        return None if self.declined else self.value


@dataclass(frozen=True)
class Sight:
    """What a rule looks at: answers, points reached (caps, flags and clauses only) and the day on which ages are counted."""

    given: Mapping[str, Given]
    on: date
    points: Mapping[str, float] = field(default_factory=dict)

    def at(self, question: str) -> Given:
        """What stands against ``question``."""
        return self.given.get(question, Given())


class Rule(BaseModel):
    """One test of one answer, or ``all``, ``any``, ``not`` of other rules. Tests: exactly one of the fields below ``question``.

    May also be given as a line of text, see ``rule_text``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)

    all_: Annotated[tuple["Rule", ...], Field(alias="all")] = ()
    any_: Annotated[tuple["Rule", ...], Field(alias="any")] = ()
    not_: Annotated["Rule | None", Field(alias="not")] = None
    question: str = ""
    one_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    chosen_at_least: Annotated[int, Field(ge=1)] | None = None
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    within_months: Annotated[int, Field(ge=1, le=1200)] | None = None
    answered: bool | None = None
    attached: bool | None = None
    points_at_most: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, raw: Any) -> Any:
        return rule_parse(raw) if isinstance(raw, str) else raw

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        groups = [name for name in ("all_", "any_", "not_") if getattr(self, name)]
        tests = [name for name in TESTS if getattr(self, name) not in (None, ())]
        if len(groups) + bool(self.question) != 1:
            raise ValueError("rule: give either a question with a test, or one of all, any, not")
        if self.question and len(tests) != 1:
            raise ValueError(f"rule: give the question “{self.question}” exactly one test: {', '.join(TESTS)}")
        if groups and tests:
            raise ValueError("rule: a test needs a question")
        return self


def holds(rule: Rule, sight: Sight) -> bool:
    """Whether ``rule`` holds. An unanswered or declined question meets no test but ``answered``, ``attached`` and ``points_at_most``.

    A question that is not asked meets no test at all, and a ``not`` over such questions alone does not hold: what nobody was asked says nothing.
    """
    if rule.all_:
        return all(holds(row, sight) for row in rule.all_)
    if rule.any_:
        return any(holds(row, sight) for row in rule.any_)
    if rule.not_:
        return any(name in sight.given for name in asked_about(rule.not_)) and not holds(rule.not_, sight)
    name = next(name for name in TESTS if getattr(rule, name) not in (None, ()))
    return TESTS[name](rule, sight)


def asked_about(rule: Rule) -> Iterator[str]:
    """Keys of the questions that ``rule`` looks at."""
    if rule.question:
        yield rule.question
    for row in (*rule.all_, *rule.any_, *([rule.not_] if rule.not_ else [])):
        yield from asked_about(row)


def behind(rule: Rule, sight: Sight) -> Iterator[str]:
    """Keys of the questions whose answers make ``rule`` hold: of alternatives only those that do. Nothing while it does not hold."""
    if not holds(rule, sight):
        return
    if rule.question:
        yield rule.question
    for row in (*rule.all_, *rule.any_):
        yield from behind(row, sight)
    if rule.not_:
        yield from asked_about(rule.not_)


def _chosen(value: Value) -> set[str]:
    rows = value if isinstance(value, list) else [value]
    return {row for row in rows if isinstance(row, str) and row}


def _one_of(rule: Rule, sight: Sight) -> bool:
    return bool(_chosen(sight.at(rule.question).told) & set(rule.one_of))


def _none_of(rule: Rule, sight: Sight) -> bool:
    chosen = _chosen(sight.at(rule.question).told)
    return bool(chosen) and not chosen & set(rule.none_of)


def _chosen_at_least(rule: Rule, sight: Sight) -> bool:
    return len(_chosen(sight.at(rule.question).told)) >= (rule.chosen_at_least or 0)


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _at_least(rule: Rule, sight: Sight) -> bool:
    value = _number(sight.at(rule.question).told)
    return value is not None and rule.at_least is not None and value >= rule.at_least


def _at_most(rule: Rule, sight: Sight) -> bool:
    value = _number(sight.at(rule.question).told)
    return value is not None and rule.at_most is not None and value <= rule.at_most


def _above(rule: Rule, sight: Sight) -> bool:
    value = _number(sight.at(rule.question).told)
    return value is not None and rule.above is not None and value > rule.above


def _below(rule: Rule, sight: Sight) -> bool:
    value = _number(sight.at(rule.question).told)
    return value is not None and rule.below is not None and value < rule.below


def _within_months(rule: Rule, sight: Sight) -> bool:
    value = sight.at(rule.question).told
    if not isinstance(value, str):
        return False
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return False
    return add_months(sight.on, -(rule.within_months or 0)) <= day <= sight.on


def _answered(rule: Rule, sight: Sight) -> bool:
    given = sight.given.get(rule.question)
    return given is not None and (given.answered and not given.declined) is rule.answered


def _attached(rule: Rule, sight: Sight) -> bool:
    given = sight.given.get(rule.question)
    return given is not None and (given.exhibits > 0) is rule.attached


def _points_at_most(rule: Rule, sight: Sight) -> bool:
    reached = sight.points.get(rule.question)
    return reached is not None and rule.points_at_most is not None and reached <= rule.points_at_most


TESTS: Mapping[str, Callable[[Rule, Sight], bool]] = {
    "one_of": _one_of,
    "none_of": _none_of,
    "chosen_at_least": _chosen_at_least,
    "at_least": _at_least,
    "at_most": _at_most,
    "above": _above,
    "below": _below,
    "within_months": _within_months,
    "answered": _answered,
    "attached": _attached,
    "points_at_most": _points_at_most,
}
