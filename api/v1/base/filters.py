"""Filters of lists: each names the column it narrows; what cannot be understood is refused, never ignored."""

import datetime
import re
from collections.abc import Sequence
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from api.v1.base.pagination import PARAMETERS
from core.errors import InvalidInput

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def text(field: str, help_text: str, lookup: str = "exact", longest: int = 200) -> django_filters.CharFilter:
    """A text."""
    return django_filters.CharFilter(field_name=field, lookup_expr=lookup, help_text=help_text, max_length=longest)


class KeyField(forms.UUIDField):
    """An id as the answers write it, and in no other way: no blanks around it, no braces, with its hyphens."""

    def to_python(self, value: Any) -> Any:
        """The id, or None."""
        if value and not KEY.fullmatch(value):
            raise ValidationError("must be an id such as 2d806c52-e6ed-49e2-afb1-23da58ac4506")
        return super().to_python(value)


class KeyFilter(django_filters.UUIDFilter):
    """The id of another object."""

    field_class = KeyField


def key(field: str, help_text: str) -> KeyFilter:
    """The id of another object."""
    return KeyFilter(field_name=field, help_text=help_text)


def choice(field: str, choices: Sequence[tuple[str, Any]], help_text: str) -> django_filters.ChoiceFilter:
    """One of a fixed few."""
    return django_filters.ChoiceFilter(field_name=field, choices=choices, help_text=help_text)


def flag(field: str, help_text: str) -> django_filters.TypedChoiceFilter:
    """True or false."""
    return django_filters.TypedChoiceFilter(
        field_name=field, choices=[("true", "true"), ("false", "false")], coerce=lambda value: value == "true", help_text=help_text
    )


class DayField(forms.DateField):
    """A day as ``2026-11-20`` and in no other way."""

    def to_python(self, value: Any) -> Any:
        """The day, or None."""
        if not value:
            return None
        try:
            return datetime.date.fromisoformat(value if DAY.fullmatch(value) else "")
        except ValueError as error:
            raise ValidationError("must be a day such as 2026-11-20") from error


class DayFilter(django_filters.Filter):  # the library is untyped
    """A day."""

    field_class = DayField


def day(help_text: str, **options: Any) -> DayFilter:
    """A day; give ``field_name`` and ``lookup_expr``, or ``method``."""
    return DayFilter(help_text=help_text, **options)


def narrow(request: Request, filters: type[django_filters.FilterSet] | None, queryset: QuerySet[Any], also: Sequence[str] = PARAMETERS) -> QuerySet[Any]:
    """``queryset`` under the filters in the address; ``InvalidInput`` on a parameter that is unknown, empty or given twice."""
    known = [*(filters.base_filters if filters else ()), *also]
    parameters_check(request, known)
    if filters is None or not set(request.query_params) - set(also):
        return queryset
    bound = filters(data=request.query_params, queryset=queryset)
    if not bound.form.is_valid():
        raise serializers.ValidationError({name: [str(message) for message in messages] for name, messages in bound.form.errors.items()})
    narrowed: QuerySet[Any] = bound.qs
    return narrowed


def wish_of(request: Request, bound: django_filters.FilterSet, also: Sequence[str]) -> dict[str, Any]:
    """The checked values of filters whose rows are worked out and not read; the same refusals as ``narrow``."""
    parameters_check(request, [*bound.base_filters, *also])
    if not bound.form.is_valid():
        raise serializers.ValidationError({name: [str(message) for message in messages] for name, messages in bound.form.errors.items()})
    return dict(bound.form.cleaned_data)


def parameters_check(request: Request, known: Sequence[str]) -> None:
    """``InvalidInput`` on a query parameter that is unknown, empty or blank, given twice or holds a NUL, which PostgreSQL takes in no text."""
    for name, values in request.query_params.lists():
        if name not in known:
            raise InvalidInput(name, f"unknown parameter; known here: {', '.join(known) or 'none'}")
        if len(values) != 1 or not values[0].strip():
            raise InvalidInput(name, "give it once and with a value, or leave it out")
        if "\x00" in values[0]:
            raise InvalidInput(name, "contains a NUL character; remove it")
