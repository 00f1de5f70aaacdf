"""The rows of one page and the number of all rows, read together: one query where a paginator asks two."""

from typing import Any

from django.db.models import IntegerField, QuerySet, Subquery
from django_tables2.data import TableQuerysetData

TOTAL = "rows_in_all"


class Total(Subquery):
    """How many rows a query finds. It names nothing of the outer row, so that a database reckons it once."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


class CountedPage(TableQuerysetData):
    """The data of a table of which only one page was read; every other part of it is read when asked for."""

    def __init__(self, rows: QuerySet[Any], start: int, size: int) -> None:
        super().__init__(rows)
        counted = rows.annotate(**{TOTAL: Total(rows.order_by().values("pk"))})
        self.start, self.read = start, list(counted[start : start + size])
        # An empty page says nothing of how many there are: it may lie behind the last one.
        self._length = getattr(self.read[0], TOTAL) if self.read else rows.count()

    def __getitem__(self, key: Any) -> Any:
        """The rows that were read where just these are asked for."""
        mine = isinstance(key, slice) and key.start == self.start and key.stop in (self.start + len(self.read), self._length)
        return self.read if mine else super().__getitem__(key)
