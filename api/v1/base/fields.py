"""Fields of request bodies that take one JSON type and no other: nothing is silently turned into something else."""

import base64
from datetime import UTC
from typing import Any

from rest_framework import serializers


class Text(serializers.CharField):
    """A JSON string."""

    def to_internal_value(self, data: Any) -> str:
        """The text, trimmed."""
        if not isinstance(data, str):
            raise serializers.ValidationError("must be text")
        return str(super().to_internal_value(data))


class File(Text):
    """The bytes of a file in Base64."""

    def to_internal_value(self, data: Any) -> Any:
        """The bytes."""
        try:
            return base64.b64decode(super().to_internal_value(data), validate=True)
        except ValueError as error:
            raise serializers.ValidationError("must be the file in Base64 (RFC 4648), without line breaks") from error


class Choice(serializers.ChoiceField):
    """A JSON string out of a fixed few."""

    def to_internal_value(self, data: Any) -> str:
        """The value."""
        if not isinstance(data, str) or data not in self.choices:
            raise serializers.ValidationError(f"choose one of {', '.join(map(str, self.choices))}")
        return data


class Key(serializers.UUIDField):
    """The id of another object."""

    def to_internal_value(self, data: Any) -> Any:
        """The id."""
        if not isinstance(data, str):
            raise serializers.ValidationError("must be the id of an object, as text")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """A JSON integer."""

    def to_internal_value(self, data: Any) -> int:
        """The number."""
        if type(data) is not int:
            raise serializers.ValidationError("must be a whole number")
        return super().to_internal_value(data)


class Number(serializers.FloatField):
    """A JSON number."""

    def to_internal_value(self, data: Any) -> float:
        """The number."""
        if type(data) not in (int, float):
            raise serializers.ValidationError("must be a number")
        return super().to_internal_value(data)


class Day(serializers.DateField):
    """A day as ``2026-11-20``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%d"], **options)

    def to_internal_value(self, value: Any) -> Any:
        """The day."""
        if not isinstance(value, str) or len(value) != 10:
            raise serializers.ValidationError("must be a day such as 2026-11-20")
        return super().to_internal_value(value)


class Flag(serializers.BooleanField):
    """A JSON true or false."""

    def to_internal_value(self, data: Any) -> bool:
        """The value."""
        if not isinstance(data, bool):
            raise serializers.ValidationError("must be true or false")
        return data


class Moment(serializers.DateTimeField):
    """A moment as ``2027-03-03T10:15:00Z``, with its offset."""

    def to_internal_value(self, value: Any) -> Any:
        """The moment in UTC."""
        if not isinstance(value, str) or not (value.endswith(("Z", "z")) or value[-6:-5] in ("+", "-")):
            raise serializers.ValidationError("must be a moment with its offset, such as 2027-03-03T10:15:00Z")
        try:
            return super().to_internal_value(value).astimezone(UTC)
        except (OverflowError, ValueError) as error:
            raise serializers.ValidationError("there is no such moment; write it such as 2027-03-03T10:15:00Z") from error
