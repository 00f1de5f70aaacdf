"""Turns a plain mapping into an instrument's frozen parameters, or says exactly which entry is wrong and what is allowed."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from assessments.contracts import ParamsBase, Refused

P = TypeVar("P", bound=ParamsBase)


def params_parse(kind: type[P], given: Mapping[str, Any]) -> P:
    """Build ``kind`` from ``given``; refuses unknown names, missing values, wrong types and values outside ``kind.bounds``."""
    known = {field.name: field for field in fields(kind)}
    unknown = sorted(str(name) for name in given if name not in known)
    if unknown:
        raise Refused(f"unknown parameter {', '.join(unknown)}; known: {', '.join(known) or 'none'}")
    hints = get_type_hints(kind)
    missing = [name for name, field in known.items() if name not in given and _required(field)]
    if missing:
        raise Refused(f"parameter {', '.join(missing)} has no value and no default")
    values = {name: _value(name, hints[name], value) for name, value in given.items()}
    for name, value in values.items():
        _check_bounds(name, kind.bounds, value)
    return kind(**values)


def _required(field: "Field[Any]") -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _value(name: str, hint: Any, value: Any) -> Any:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _optional(name, hint, value)
    if origin is Literal:
        return _choice(name, get_args(hint), value)
    if origin is tuple:
        return _row(name, get_args(hint)[0], value)
    return _scalar(name, hint, value)


def _optional(name: str, hint: Any, value: Any) -> Any:
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    return None if value is None else _value(name, kinds[0], value)


def _choice(name: str, allowed: tuple[Any, ...], value: Any) -> Any:
    if value not in allowed or isinstance(value, bool) != isinstance(allowed[0], bool):
        raise Refused(f"parameter {name} must be one of {', '.join(map(str, allowed))}; given {value!r}")
    return value


def _row(name: str, kind: Any, value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise Refused(f"parameter {name} must be a list of {_noun(kind)}; given {value!r}")
    return tuple(_value(f"{name}[{index}]", kind, entry) for index, entry in enumerate(value))


def _scalar(name: str, kind: Any, value: Any) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise Refused(f"parameter {name} must be {_noun(kind)}; given {value!r}")
    if kind is float and not math.isfinite(value):
        raise Refused(f"parameter {name} must be a finite number; given {value!r}")
    return value


def _noun(kind: Any) -> str:
    return {int: "a whole number", float: "a number", bool: "true or false", str: "text"}.get(kind, str(kind))


def _check_bounds(name: str, bounds: Mapping[str, tuple[float, float]], value: Any) -> None:
    if name not in bounds or value is None:
        return
    low, high = bounds[name]
    for number in value if isinstance(value, tuple) else (value,):
        if not low <= number <= high:
            raise Refused(f"parameter {name} must be between {low:g} and {high:g}; given {number:g}")
