"""What goes out and what comes in. A ``Row`` reads its columns straight from the database; a ``Body`` refuses what it does not know."""

from functools import cache
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from rest_framework import serializers

from accounts.models import User

Values = dict[str, Any]


class Row(serializers.Serializer[Any]):
    """One kind of object as it is shown. Each field's ``source`` is a path from the model; no model instance is ever made.

    ``computed`` fields have no column: ``complete`` fills them in, for all rows at once, from the columns named in ``helpers``.
    """

    model: ClassVar[type[Model]]
    computed: ClassVar[frozenset[str]] = frozenset()
    helpers: ClassVar[tuple[str, ...]] = ()
    example: ClassVar[Values | None] = None

    @classmethod
    def visible(cls, actor: User) -> QuerySet[Any]:
        """The rows the actor may know of."""
        found: QuerySet[Any] = cls.model.objects.visible_to(actor)  # type: ignore[attr-defined]  # every such model has this manager
        return found

    @classmethod
    def read(cls, queryset: QuerySet[Any], *extra: str) -> tuple[list[Values], list[tuple[Any, ...]]]:
        """Rows of ``queryset``, and beside each the columns ``extra``."""
        paths = columns_of(cls)
        found = list(queryset.values_list(*paths.values(), *extra))
        rows = [dict(zip(paths, values, strict=False)) for values in found]
        cls.complete(rows)
        for row in rows:
            for name in cls.helpers:
                row.pop(f"_{name}", None)
        return rows, [values[len(paths) :] for values in found]

    @classmethod
    def complete(cls, rows: list[Values]) -> None:
        """Fill in the computed fields; helper columns are in each row under their path with a leading underscore."""


@cache
def columns_of(kind: type[Row]) -> dict[str, str]:
    """Path of each column by the name it is read under."""
    shown = {name: (field.source or name).replace(".", "__") for name, field in kind._declared_fields.items() if name not in kind.computed}
    return shown | {f"_{name}": name for name in kind.helpers}


class Body(serializers.Serializer[Any]):
    """A request body: unknown fields are refused by name."""

    example: ClassVar[Values | None] = None

    def to_internal_value(self, data: Any) -> Any:
        """The checked values; ``ValidationError`` naming every field at fault."""
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            known = ", ".join(self.fields) or "none"
            if unknown:
                raise serializers.ValidationError({name: f"unknown field; known: {known}" for name in unknown})
        return super().to_internal_value(data)


class Nothing(Body):
    """An empty object."""
