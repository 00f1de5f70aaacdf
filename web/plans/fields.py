"""Form fields derived from an instrument's parameters: type, bounds, default and choices come from its frozen declaration."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from django import forms

from web.instruments.parameters import Parameter

LONGEST_LIST = 100


class NumberList(forms.CharField):
    """Numbers with commas between them, each within the bounds."""

    def __init__(self, *, kind: type, low: float | None, high: float | None, **options: Any) -> None:
        super().__init__(**options)
        self.kind, self.low, self.high = kind, low, high

    def clean(self, value: Any) -> list[Any]:
        """The numbers; an error names the first entry that is none, or lies outside."""
        parts = [part.strip() for part in super().clean(value).replace(";", ",").split(",") if part.strip()]
        if len(parts) > LONGEST_LIST:
            raise forms.ValidationError(f"At most {LONGEST_LIST} numbers.")
        return [self._number(part) for part in parts]

    def _number(self, text: str) -> Any:
        try:
            number = self.kind(text)
        except ValueError as error:
            noun = "whole number" if self.kind is int else "number"
            raise forms.ValidationError(f"“{text}” is no {noun}; write numbers with commas between them, for example 1, 2.") from error
        if not math.isfinite(number) or (self.low is not None and number < self.low) or (self.high is not None and number > self.high):
            raise forms.ValidationError(f"{text} is outside {self.low:g} to {self.high:g}.")
        return number


def field_of(parameter: Parameter) -> forms.Field:
    """The form field of one parameter; it must be filled unless the parameter may be empty."""
    allowed = f"{parameter.allowed}; " if parameter.allowed and not parameter.choices else ""
    options: dict[str, Any] = {"label": parameter.label, "required": not parameter.may_be_empty, "help_text": f"{allowed}usually {parameter.usual_text}"}
    if parameter.choices:
        return forms.ChoiceField(choices=[(str(value), parameter.titles.get(str(value), str(value))) for value in parameter.choices], label=parameter.label)
    if parameter.many:
        return NumberList(kind=parameter.kind, low=parameter.low, high=parameter.high, **options)
    if parameter.kind is bool:
        return forms.BooleanField(**{**options, "required": False})
    if parameter.kind is str:
        return forms.CharField(max_length=500, **options)
    return _number_field(parameter.kind)(min_value=parameter.low, max_value=parameter.high, **options)


def _number_field(kind: type) -> Callable[..., forms.Field]:
    return forms.IntegerField if kind is int else forms.FloatField


def given(parameter: Parameter, cleaned: Mapping[str, Any]) -> Any:
    """The value to seal, as the declaration's own type."""
    value = cleaned.get(parameter.name)
    return next((choice for choice in parameter.choices if str(choice) == value), value)
