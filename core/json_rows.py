"""The rows of one query as a list inside the rows of another: small sets that belong to a row come along with it instead of by a query of their own."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db.models import DateTimeField, Expression, FloatField, Func, JSONField, Model, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils.dateparse import parse_datetime

M = TypeVar("M", bound=Model)
SQLITE = {"JSON": "JSON(%(expressions)s)", "FRACTION": "JSON(IIF(%(expressions)s IS NULL, 'null', PRINTF('%%%%!.17g', %(expressions)s)))"}
"""How SQLite is to put into an object what is JSON already (else it becomes a text of JSON), and fractions (else they lose digits)."""


class JsonRow(JSONObject):
    """One row as an object."""

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """As SQLite says it."""
        said = self.copy()
        said.set_source_expressions([_in_sqlite(row) for row in said.get_source_expressions()])
        return said.as_sql(compiler, connection, **context)


class JsonRows(Subquery):
    """``rows`` as a list of objects with the named fields, in their order; empty where there are none. ``named``: fields under another name."""

    template = "(SELECT COALESCE(JSONB_AGG(listed.item), '[]'::jsonb) FROM (%(subquery)s) listed)"
    output_field = JSONField()
    empty_result_set_value = "[]"
    """What stands where Django sees that there can be no rows and asks nothing."""

    def __init__(self, rows: QuerySet[Any], *fields: str, **named: str) -> None:
        super().__init__(rows.values(item=JsonRow(**{name: name for name in fields}, **named)))

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """As SQLite says it."""
        template = "(SELECT JSON_GROUP_ARRAY(JSON(listed.item)) FROM (%(subquery)s) listed)"
        return self.as_sql(compiler, connection, template=template, **context)


def rows_of(model: type[M], items: Iterable[Mapping[str, Any]], **more: Any) -> list[M]:
    """Objects that came along as rows of ``model``; ``more`` holds for each of them."""
    fields = {"pk": model._meta.pk} | {field.attname: field for field in model._meta.concrete_fields}
    return [model(**{name: _value(fields[name], value) for name, value in item.items()}, **more) for item in items]


def moment(text: str) -> datetime:
    """A point in time out of an object; SQLite writes none of its zone, which is UTC."""
    found = parse_datetime(text)
    assert found is not None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _value(field: Any, value: Any) -> Any:
    return moment(value) if value and isinstance(field, DateTimeField) else field.to_python(value)


def _in_sqlite(expression: Any) -> Expression:
    kinds = {"JSON": JSONField, "FRACTION": FloatField}
    template = next((SQLITE[name] for name, kind in kinds.items() if isinstance(expression.output_field, kind)), None)
    return Func(expression, template=template) if template else expression
