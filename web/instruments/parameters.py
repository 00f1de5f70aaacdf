"""An instrument's frozen parameters as people see them: kind, default, what is allowed, what each is for."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from assessments.contracts import ParamsBase
from reports.formats import grouped

NOUNS = {int: "whole number", float: "number", bool: "yes or no", str: "text"}


@dataclass(frozen=True)
class Parameter:
    """One field of ``Params``. ``kind`` is the type of a single value, ``many`` says that a list of them is wanted."""

    name: str
    kind: type
    choices: tuple[Any, ...]
    many: bool
    optional: bool
    default: Any
    low: float | None
    high: float | None
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The name as words."""
        return self.name.replace("_", " ").capitalize()

    @property
    def may_be_empty(self) -> bool:
        """Whether nothing is a value too: for a text whose default is empty it is the empty text."""
        return self.optional or self.default == ""

    @property
    def noun(self) -> str:
        """What kind of value is wanted."""
        noun = "choice" if self.choices else NOUNS.get(self.kind, self.kind.__name__)
        return f"list of {noun}s" if self.many else noun

    @property
    def allowed(self) -> str:
        """Choices or bounds in words; empty where anything of the kind will do."""
        if self.choices:
            return ", ".join(map(str, self.choices))
        return "" if self.low is None or self.high is None else f"{figure(self.low)} to {figure(self.high)}"

    @property
    def usual(self) -> str:
        """The default as it is typed."""
        return typed(self.default)

    @property
    def usual_text(self) -> str:
        """The default in words."""
        return self.usual or "empty"


def parameters_of(kind: type[ParamsBase]) -> list[Parameter]:
    """The parameters of an instrument in the order of its declaration."""
    hints, offered = get_type_hints(kind), kind.offered()
    return [_parameter(row, hints[row.name], kind.bounds, offered.get(row.name, {})) for row in fields(kind)]


def with_choices(parameter: Parameter, more: Mapping[str, str]) -> Parameter:
    """``parameter`` with ``more`` values, given with their titles, to choose from."""
    return replace(parameter, choices=(*parameter.choices, *more), titles={**parameter.titles, **more}) if more else parameter


def _parameter(field: "Field[Any]", hint: Any, bounds: Mapping[str, tuple[float, float]], titles: Mapping[str, str]) -> Parameter:
    optional = get_origin(hint) in (Union, UnionType)
    inner = next(kind for kind in get_args(hint) if kind is not NoneType) if optional else hint
    many = get_origin(inner) is tuple
    inner = get_args(inner)[0] if many else inner
    choices = get_args(inner) if get_origin(inner) is Literal else tuple(titles)
    low, high = bounds.get(field.name, (None, None))
    return Parameter(field.name, type(choices[0]) if choices else inner, choices, many, optional or many, _default(field), low, high, titles)


def _default(field: "Field[Any]") -> Any:
    if field.default is not MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not MISSING else None


def typed(value: Any) -> str:
    """A parameter's value as a person types it: lists with commas, nothing for none."""
    if value is None or value is False:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(typed(entry) for entry in value)
    return "on" if value is True else str(value)


def figure(value: float) -> str:
    """A bound without needless decimals."""
    return grouped(int(value)) if float(value).is_integer() else f"{value:g}"


def explained(kind: type[ParamsBase]) -> str:
    """The declaration's own words about its parameters, without its code marks."""
    return " ".join(_sentences(kind.__doc__ or ""))


def _sentences(text: str) -> Iterator[str]:
    yield from re.sub(r"``(.+?)``", r"“\1”", text).split()
