"""The document of a questionnaire: sections, questions, rules, scoring. Read from JSON, checked whole, never changed after publication."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from core.canonical import canonical_json
from core.errors import InvalidInput
from core.hashing import sha256_bytes
from frameworks.imports.limits import HIDDEN
from questionnaires.rule_checks import rule_check
from questionnaires.rules import Rule, asked_about

FORMAT = "urn:assay:questionnaire:v1"
MOST_QUESTIONS = 500
DEEPEST = 60
NO_TEXT = re.compile("[\ufffe\uffff]")

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=4000, strip_whitespace=True)]
Points = Annotated[float, Field(ge=0, le=100)]

Kind = Literal["yes_no", "yes_no_partly", "single", "multi", "number", "date", "text", "file", "table"]
YES_NO: Mapping[str, str] = {"yes": "Yes", "no": "No"}
YES_NO_PARTLY: Mapping[str, str] = {"yes": "Yes", "partly": "Partly", "no": "No"}


class Part(BaseModel):
    """Base of the parts: nothing unknown is let in, nothing changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Option(Part):
    """A choice of a single or multiple choice; ``points`` count when it is chosen, up to the question's ``most``."""

    id: Key
    label: Line
    points: Points | None = None


class Column(Part):
    """A column of a table question."""

    id: Key
    label: Line
    type: Literal["text", "number", "date"] = "text"


class Award(Part):
    """Points for an answer that meets a rule; the first award whose rule holds counts, one without a rule always holds."""

    when: Rule | None = None
    points: Points


class Level(Part):
    """Points a reviewer may give for an answer that no rule can read, and what deserves them."""

    points: Points
    label: Line


class Question(Part):
    """One thing asked. ``most`` is the highest number of points, None when it is not scored; at most one of the scorings may be given.

    With ``weight`` 0 its points are given and shown, and caps, flags and clauses may look at them, but they do not count.
    """

    id: Key
    text: Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]
    type: Kind
    help: Text = ""
    options: tuple[Option, ...] = ()
    columns: tuple[Column, ...] = ()
    unit: Annotated[str, StringConstraints(max_length=40)] = ""
    least: float | None = None
    greatest: float | None = None
    required: bool = False
    show_if: Rule | None = None
    required_if: Rule | None = None
    evidence: Literal["none", "welcome", "required"] = "none"
    weight: Annotated[float, Field(ge=0, le=100)] = 1
    most: Annotated[float, Field(gt=0, le=100)] | None = None
    awards: tuple[Award, ...] = ()
    levels: tuple[Level, ...] = ()

    @property
    def choices(self) -> Mapping[str, str]:
        """Labels by the value that is stored, for questions that are answered by choosing."""
        if self.type == "yes_no":
            return YES_NO
        return YES_NO_PARTLY if self.type == "yes_no_partly" else {row.id: row.label for row in self.options}

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if (self.type in ("single", "multi")) != bool(self.options):
            raise ValueError("options: give them for single and multi, and for nothing else")
        if (self.type == "table") != bool(self.columns):
            raise ValueError("columns: give them for table, and for nothing else")
        _need_distinct("options", [row.id for row in self.options])
        _need_distinct("columns", [row.id for row in self.columns])
        if self.least is not None and self.greatest is not None and self.least > self.greatest:
            raise ValueError("least: may not be above greatest")
        return self

    @model_validator(mode="after")
    def _scored_one_way(self) -> Self:
        ways = [bool(self.awards), bool(self.levels), any(row.points is not None for row in self.options)]
        if sum(ways) > 1:
            raise ValueError("most: score by awards, by levels or by points on options, not by several")
        if any(ways) != (self.most is not None):
            raise ValueError("most: a scored question needs the highest number of points, an unscored one has none")
        given = [row.points for row in self.awards] + [row.points for row in self.levels]
        if self.most is not None and given and max(given) != self.most:
            raise ValueError(f"most: is {self.most:g}, but the best award or level gives {max(given):g}")
        return self


class Category(Part):
    """A group of sections that a request can leave out as a whole; ``on`` says whether it is asked unless switched."""

    id: Key
    title: Line
    on: bool = True


class Section(Part):
    """Questions under one heading; its share of the total is its ``weight``, whatever the number of questions."""

    id: Key
    title: Line
    help: Text = ""
    category: str = ""
    weight: Annotated[float, Field(gt=0, le=100)] = 1
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]


class Cap(Part):
    """While the rule holds, the section (or the whole, when empty) cannot score above ``at_most`` per cent."""

    id: Key
    when: Rule
    section: str = ""
    at_most: Annotated[float, Field(ge=0, le=100)]
    because: Line


class Flag(Part):
    """An exposure that an answer reveals, such as that nobody can audit the model in an incident."""

    id: Key
    when: Rule
    title: Line
    because: Line


class Clause(Part):
    """What the contract should say, because an answer leaves it open."""

    id: Key
    when: Rule
    title: Line
    text: Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]


class Document(Part):
    """A questionnaire as it is frozen into a request."""

    format: Literal["urn:assay:questionnaire:v1"]
    title: Line
    about: Text = ""
    source: Text = ""
    headline: tuple[Key, ...] = ()
    categories: tuple[Category, ...] = ()
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]
    caps: tuple[Cap, ...] = ()
    flags: tuple[Flag, ...] = ()
    clauses: tuple[Clause, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, Question]:
        """Questions by key, in the order of asking."""
        return {row.id: row for section in self.sections for row in section.questions}

    def stored(self) -> dict[str, Any]:
        """As it is stored, hashed and exported: without what is left at its default."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def digest(self) -> str:
        """SHA-256 of the canonical JSON (RFC 8785) of ``stored``."""
        return sha256_bytes(canonical_json(self.stored()))

    @model_validator(mode="after")
    def _keys_are_distinct(self) -> Self:
        ids = [row.id for section in self.sections for row in section.questions]
        if len(ids) > MOST_QUESTIONS:
            raise ValueError(f"sections: at most {MOST_QUESTIONS} questions; split the questionnaire")
        _need_distinct("questions", ids)
        for name in ("sections", "categories", "caps", "flags", "clauses"):
            _need_distinct(name, [row.id for row in getattr(self, name)])
        return self

    @model_validator(mode="after")
    def _references_exist(self) -> Self:
        known = {row.id for row in self.categories}
        for row in self.sections:
            if row.category and row.category not in known:
                raise ValueError(f"sections: section “{row.id}” is of the unknown category “{row.category}”")
        for name in (*self.headline, *_asked_at_the_end(self)):
            if name not in self.by_id:
                raise ValueError(f"questions: something refers to “{name}”, which is no question")
        sections = {row.id for row in self.sections}
        for cap in self.caps:
            if cap.section and cap.section not in sections:
                raise ValueError(f"caps: “{cap.id}” caps the unknown section “{cap.section}”")
        return self

    @model_validator(mode="after")
    def _looks_back_only(self) -> Self:
        seen: set[str] = set()
        for row in self.by_id.values():
            for rule in (row.show_if, row.required_if):
                for name in asked_about(rule) if rule else ():
                    if name not in seen:
                        raise ValueError(f"questions: “{row.id}” depends on “{name}”, which must come before it")
            seen.add(row.id)
        return self

    @model_validator(mode="after")
    def _rules_can_hold(self) -> Self:
        for place, rule, points in rules_of(self):
            try:
                rule_check(rule, self.by_id, points=points)
            except ValueError as error:
                raise ValueError(f"{place}: {str(error).removeprefix('rule: ')}") from error
        return self


def rules_of(document: Document) -> Iterator[tuple[str, Rule, bool]]:
    """Every rule with its place, and whether points are known when it is read."""
    for row in document.by_id.values():
        early = [("show if", row.show_if), ("required if", row.required_if), *(("award", award.when) for award in row.awards)]
        yield from ((f"{name} of “{row.id}”", rule, False) for name, rule in early if rule)
    late: list[tuple[str, tuple[Cap | Flag | Clause, ...]]] = [("cap", document.caps), ("flag", document.flags), ("clause", document.clauses)]
    for name, rows in late:
        yield from ((f"{name} “{end.id}”", end.when, True) for end in rows)


def _asked_at_the_end(document: Document) -> Iterator[str]:
    for _, rule, _ in rules_of(document):
        yield from asked_about(rule)


def _need_distinct(name: str, keys: list[str]) -> None:
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"{name}: the key “{twice[0]}” is used twice")


def document_read(raw: Any) -> Document:
    """A checked document; ``InvalidInput`` names the first place that is wrong, such as ``sections.2.questions.0.type``, and how to mend it."""
    try:
        return Document.model_validate(_clean(raw))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "document"
        raise InvalidInput(place, str(first["msg"]).removeprefix("Value error, ")) from error


def document_kept(raw: Any) -> Document:
    """The same for what is stored, read once for each content: checking it again is what most of a page's time would go into."""
    return _kept(orjson.dumps(raw))


@lru_cache(maxsize=64)
def _kept(content: bytes) -> Document:
    return document_read(orjson.loads(content))


def _clean(raw: Any, depth: int = 0) -> Any:
    """``raw`` with one kind of line ends; ``InvalidInput`` on characters that nobody sees, which some databases do not keep."""
    if depth > DEEPEST:
        raise InvalidInput("document", f"it is nested more than {DEEPEST} deep; write its rules flatter")
    if isinstance(raw, str):
        found = HIDDEN.search(raw) or NO_TEXT.search(raw)
        if found:
            raise InvalidInput("document", f"“{raw[:40].encode('ascii', 'replace').decode()}” holds the invisible character U+{ord(found[0]):04X}; remove it")
        return raw.replace("\r\n", "\n").replace("\r", "\n")
    if isinstance(raw, dict):
        return {key: _clean(value, depth + 1) for key, value in raw.items()}
    return [_clean(value, depth + 1) for value in raw] if isinstance(raw, list | tuple) else raw
