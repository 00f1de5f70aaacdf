"""Rules as a line of text, such as ``q02 = yes and q02-hours <= 24``: read into what ``rules.Rule`` takes, and written back. Plain Python.

Tests: ``q = yes``, ``q != no``, ``q in (a, b)``, ``q not in (a, b)``, ``q has at least 2`` (choices), ``q <= 24``, ``>=``, ``<``, ``>``,
``q within 12 months``, ``q answered``, ``q not answered``, ``q has file``, ``q has no file``, ``q points <= 0``. They are joined by ``and``,
``or``, ``not`` and brackets; ``and`` binds more tightly than ``or``.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Protocol

LONGEST: Final = 2000
DEEPEST: Final = 20
TOKEN: Final = re.compile(r'\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<sign><=|>=|!=|[=<>(),])|(?P<word>[^\s()",=<>!]+))')
PLAIN: Final = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
WORDS: Final = frozenset({"and", "or", "not", "all", "any"})
COMPARISONS: Final[Mapping[str, str]] = {">=": "at_least", "<=": "at_most", ">": "above", "<": "below"}
EXAMPLE: Final = "write for example: q02 = yes and q02-hours <= 24"


class Written(Protocol):
    """What ``rule_write`` needs of a rule."""

    all_: tuple[Any, ...]
    any_: tuple[Any, ...]
    not_: Any
    question: str


def rule_parse(text: str) -> dict[str, Any]:
    """The rule as plain values; ``ValueError`` names the place and what was expected there."""
    if len(text) > LONGEST:
        raise ValueError(f"rule: at most {LONGEST} characters; this has {len(text)}")
    reader = _Reader(_tokens(text))
    found = reader.either(0)
    if not reader.done:
        raise ValueError(f"rule: “{reader.peek()}” comes unexpectedly after “{reader.before()}”; join tests by and, or")
    return found


def _tokens(text: str) -> list[str]:
    """Words, signs, and quoted words with their quotation marks."""
    place = 0
    found: list[str] = []
    end = len(text.rstrip())
    while place < end:
        match = TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"rule: “{text[place:].strip()[:20]}” cannot be read; {EXAMPLE}")
        found.append(match[match.lastgroup or 0])
        place = match.end()
    if not found:
        raise ValueError(f"rule: it is empty; {EXAMPLE}")
    return found


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.place = tokens, 0

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return self.place >= len(self.tokens)

    def peek(self, ahead: int = 0) -> str:
        """The next token; empty at the end."""
        return self.tokens[self.place + ahead] if self.place + ahead < len(self.tokens) else ""

    def before(self) -> str:
        """The last tokens read, to say where a fault is."""
        return " ".join(self.tokens[max(0, self.place - 3) : self.place])

    def take(self, *wanted: str) -> bool:
        """Go past ``wanted`` if that is what comes."""
        if [self.peek(step) for step in range(len(wanted))] != list(wanted):
            return False
        self.place += len(wanted)
        return True

    def need(self, *wanted: str) -> None:
        """Go past ``wanted``, which must come."""
        if not self.take(*wanted):
            raise ValueError(f"rule: “{' '.join(wanted)}” is missing after “{self.before()}”; {EXAMPLE}")

    def name(self, what: str) -> str:
        """A word or quoted word."""
        token = self.peek()
        if not token or token in ("(", ")", ",", "=", "!=", *COMPARISONS) or token in WORDS:
            raise ValueError(f"rule: {what} is missing {f'after “{self.before()}”' if self.place else 'at the beginning'}; {EXAMPLE}")
        self.place += 1
        return _unquoted(token)

    def number(self) -> float:
        """A number."""
        said = self.name("a number")
        try:
            return float(said)
        except ValueError as error:
            raise ValueError(f"rule: “{said}” is no number; write digits, with a point for the fraction") from error

    def either(self, depth: int) -> dict[str, Any]:
        """Rules joined by ``or``."""
        if depth > DEEPEST:
            raise ValueError(f"rule: brackets are nested more than {DEEPEST} deep; write it flatter")
        found = [self.both(depth)]
        while self.take("or"):
            found.append(self.both(depth))
        return found[0] if len(found) == 1 else {"any": found}

    def both(self, depth: int) -> dict[str, Any]:
        """Rules joined by ``and``."""
        found = [self.one(depth)]
        while self.take("and"):
            found.append(self.one(depth))
        return found[0] if len(found) == 1 else {"all": found}

    def one(self, depth: int) -> dict[str, Any]:
        """One test, a rule in brackets, or a rule with ``not``, ``all`` or ``any`` in front."""
        if self.take("not"):
            if depth > DEEPEST:
                raise ValueError(f"rule: more than {DEEPEST} times not; write it flatter")
            return {"not": self.one(depth + 1)}
        alone = next((word for word in ("all", "any") if self.take(word, "(")), "")
        if alone or self.take("("):
            found = self.either(depth + 1)
            self.need(")")
            return {alone: [found]} if alone else found
        return self.test()

    def test(self) -> dict[str, Any]:
        """One test of one question."""
        question = self.name("a question")
        for sign, field in COMPARISONS.items():
            if self.take(sign):
                return {"question": question, field: self.number()}
        return {"question": question, **(self.choice() or self.other())}

    def choice(self) -> dict[str, Any]:
        """What is chosen; empty when the test is of another kind."""
        if self.take("="):
            return {"one_of": [self.name("a choice")]}
        if self.take("!="):
            return {"none_of": [self.name("a choice")]}
        if self.take("in"):
            return {"one_of": self.names()}
        return {"none_of": self.names()} if self.take("not", "in") else {}

    def names(self) -> list[str]:
        """Several choices in brackets."""
        self.need("(")
        found = [self.name("a choice")]
        while self.take(","):
            found.append(self.name("a choice"))
        self.need(")")
        return found

    def other(self) -> dict[str, Any]:
        """The tests that are written in words."""
        plain: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
            (("answered",), {"answered": True}),
            (("not", "answered"), {"answered": False}),
            (("has", "file"), {"attached": True}),
            (("has", "no", "file"), {"attached": False}),
        )
        for words, found in plain:
            if self.take(*words):
                return found
        if self.take("has", "at", "least"):
            return {"chosen_at_least": self.number()}
        if self.take("within"):
            months = self.number()
            self.need("months")
            return {"within_months": months}
        if self.take("points", "<="):
            return {"points_at_most": self.number()}
        raise ValueError(f"rule: after “{self.before()}” a test is missing, such as = yes, in (a, b), <= 24, answered, within 12 months")


def _unquoted(token: str) -> str:
    if not token.startswith('"'):
        return token
    try:
        return str(json.loads(token))
    except ValueError as error:
        raise ValueError(f"rule: {token} cannot be read; leave the quotation marks away") from error


def rule_write(rule: Written) -> str:
    """``rule`` as text; ``rule_parse`` makes the same of it again."""
    for name, rows, joint in (("all", rule.all_, " and "), ("any", rule.any_, " or ")):
        if len(rows) == 1:
            return f"{name}({rule_write(rows[0])})"
        if rows:
            return joint.join(_bracketed(row) for row in rows)
    return f"not {_bracketed(rule.not_)}" if rule.not_ else f"{_word(rule.question)} {_test(rule)}"


def _bracketed(rule: Written) -> str:
    text = rule_write(rule)
    return f"({text})" if max(len(rule.all_), len(rule.any_)) > 1 else text


def _test(rule: Any) -> str:
    for field, one, several in (("one_of", "=", "in"), ("none_of", "!=", "not in")):
        values = [_word(value) for value in getattr(rule, field)]
        if values:
            return f"{one} {values[0]}" if len(values) == 1 else f"{several} ({', '.join(values)})"
    for sign, field in COMPARISONS.items():
        if getattr(rule, field) is not None:
            return f"{sign} {number_write(getattr(rule, field))}"
    return _in_words(rule)


def _in_words(rule: Any) -> str:
    if rule.answered is not None:
        return "answered" if rule.answered else "not answered"
    if rule.attached is not None:
        return "has file" if rule.attached else "has no file"
    if rule.chosen_at_least is not None:
        return f"has at least {rule.chosen_at_least}"
    return f"within {rule.within_months} months" if rule.within_months is not None else f"points <= {number_write(rule.points_at_most)}"


def number_write(number: float) -> str:
    """The shortest text that is read as the same number."""
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


def _word(text: str) -> str:
    return text if PLAIN.fullmatch(text) and text not in WORDS else json.dumps(text)
