"""Rules and scorings in words, for pages and comparisons. Plain Python."""

from collections.abc import Mapping, Sequence
from typing import Final

from questionnaires.document import Document, Question
from questionnaires.rule_text import number_write
from questionnaires.rules import Rule

KINDS: Final[Mapping[str, str]] = {
    "yes_no": "yes or no",
    "yes_no_partly": "yes, partly or no",
    "single": "one of several",
    "multi": "any of several",
    "number": "number",
    "date": "day",
    "text": "text",
    "file": "file",
    "table": "table",
}
COMPARED: Final[Mapping[str, str]] = {"at_least": "at least", "at_most": "at most", "above": "more than", "below": "less than"}


def rule_words(rule: Rule, document: Document) -> str:
    """``rule`` as part of a sentence, such as “q02 is “Yes” and q02-hours is at most 24 hours”."""
    for rows, joint in ((rule.all_, " and "), (rule.any_, " or ")):
        if rows:
            return joint.join(_part(row, document, len(rows) > 1) for row in rows)
    if rule.not_:
        return f"it is not so that {rule_words(rule.not_, document)}"
    return f"{rule.question} {_test(rule, document.by_id.get(rule.question))}"


def _part(rule: Rule, document: Document, several: bool) -> str:
    text = rule_words(rule, document)
    return f"({text})" if several and (len(rule.all_) > 1 or len(rule.any_) > 1 or rule.not_) else text


def _test(rule: Rule, question: Question | None) -> str:
    labels = question.choices if question else {}
    if rule.one_of:
        return f"is {_listed([labels.get(key, key) for key in rule.one_of], 'or')}"
    if rule.none_of:
        return f"is answered, not with {_listed([labels.get(key, key) for key in rule.none_of], 'or')}"
    unit = f" {question.unit}" if question and question.unit else ""
    for name, words in COMPARED.items():
        if getattr(rule, name) is not None:
            return f"is {words} {number_write(getattr(rule, name))}{unit}"
    return _other(rule)


def _other(rule: Rule) -> str:
    if rule.chosen_at_least is not None:
        return f"has at least {counted(rule.chosen_at_least, 'choice')}"
    if rule.within_months is not None:
        return f"is a day within the last {counted(rule.within_months, 'month')}"
    if rule.answered is not None:
        return "is answered" if rule.answered else "is not answered"
    if rule.attached is not None:
        return "has a file" if rule.attached else "has no file"
    return f"earns at most {counted(rule.points_at_most or 0, 'point')}" if rule.points_at_most else "earns no point"


def _listed(labels: Sequence[str], joint: str) -> str:
    quoted = [f"“{label}”" for label in labels]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {joint} {quoted[-1]}"


def scoring_words(question: Question, document: Document) -> list[str]:
    """What earns how many points, one line each; empty for a question that is not scored."""
    if question.most is None:
        return []
    awards = [f"{counted(row.points, 'point')}, {f'if {rule_words(row.when, document)}' if row.when else 'for any answer'}" for row in question.awards]
    levels = [f"{counted(row.points, 'point')}, a reviewer judges: {row.label}" for row in question.levels]
    options = [f"{counted(row.points, 'point')}: {row.label}" for row in question.options if row.points is not None]
    return awards + levels + options


def counted(number: float, noun: str) -> str:
    """A number with its noun."""
    return f"{number_write(number)} {noun}{'' if number == 1 else 's'}"
