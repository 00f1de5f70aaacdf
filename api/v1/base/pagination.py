"""Pages that stay put while rows are added: each begins after a row, not after a number of rows. Cursors are signed, so only ours work."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import orjson
from django.core.signing import BadSignature, Signer
from django.db.models import Q, QuerySet
from rest_framework.request import Request

from api.v1.base.rows import Row, Values
from core.errors import InvalidInput

USUAL, MOST = 50, 200
PARAMETERS = ("limit", "cursor", "ordering")


def page_read(request: Request, kind: type[Row], queryset: QuerySet[Any], orderings: Sequence[str]) -> Values:
    """One page of ``queryset``: its items and the addresses of the pages around it. ``orderings``: field names, the first is the usual one."""
    ordering = _ordering(request, orderings)
    field, descending = ordering.lstrip("-"), ordering.startswith("-")
    limit, signer = _limit(request), Signer(salt=f"{request.path}?{ordering}")
    backward, after = _opened(request.query_params.get("cursor"), signer)
    if after is not None:
        queryset = queryset.filter(_beyond(field, after, descending != backward))
    sign = "-" if descending != backward else ""
    items, places = kind.read(queryset.order_by(f"{sign}{field}", f"{sign}pk")[: limit + 1], field, "pk")
    more = len(items) > limit
    items, places = items[:limit], places[:limit]
    if backward:
        items, places = items[::-1], places[::-1]
    ends = {"next": (False, -1, more or backward), "previous": (True, 0, more if backward else after is not None)}
    links = {name: _link(request, signer, back, places[end]) if there and places else None for name, (back, end, there) in ends.items()}
    return {"items": items, **links}


def items_page(request: Request, items: Sequence[Values], key: str, orderings: Sequence[str]) -> Values:
    """One page of ``items`` that were worked out, not read, and stand in the order of ``key``, a field with a different value in each; taken out of them."""
    ordering = _ordering(request, orderings)
    descending = ordering.startswith("-")
    limit, signer = _limit(request), Signer(salt=f"{request.path}?{ordering}")
    backward, after = _opened(request.query_params.get("cursor"), signer)
    upwards = descending == backward
    rows = list(items) if upwards else list(reversed(items))
    if after is not None:
        rows = [row for row in rows if (row[key] > after[0] if upwards else row[key] < after[0])]
    more, shown = len(rows) > limit, rows[:limit]
    shown = shown[::-1] if backward else shown
    ends = {"next": (False, -1, more or backward), "previous": (True, 0, more if backward else after is not None)}
    links = {name: _link(request, signer, back, [shown[end][key]]) if there and shown else None for name, (back, end, there) in ends.items()}
    return {"items": [{name: value for name, value in row.items() if name != key} for row in shown], **links}


def _beyond(field: str, after: Sequence[Any], descending: bool) -> Q:
    side = "lt" if descending else "gt"
    return Q(**{f"{field}__{side}": after[0]}) | Q(**{field: after[0], f"pk__{side}": after[1]})


def _ordering(request: Request, orderings: Sequence[str]) -> str:
    given = request.query_params.get("ordering", orderings[0])
    known = both_ways(orderings)
    if given not in known:
        raise InvalidInput("ordering", f"choose one of {', '.join(known)}")
    return given


def both_ways(orderings: Sequence[str]) -> list[str]:
    """Each field upwards and downwards."""
    names = [name.lstrip("-") for name in orderings]
    return [*names, *(f"-{name}" for name in names)]


def _limit(request: Request) -> int:
    given = request.query_params.get("limit", str(USUAL))
    if not (given.isascii() and given.isdecimal() and len(given) <= 3 and 1 <= int(given) <= MOST):
        raise InvalidInput("limit", f"choose a whole number from 1 to {MOST}")
    return int(given)


def _opened(given: str | None, signer: Signer) -> tuple[bool, list[Any] | None]:
    if given is None:
        return False, None
    try:
        backward, *after = orjson.loads(bytes.fromhex(signer.unsign(given)))
    except (BadSignature, ValueError) as error:
        raise InvalidInput("cursor", "this is no cursor of this list in this order; follow “next” and “previous” as they are") from error
    return backward, after


def _link(request: Request, signer: Signer, backward: bool, place: Sequence[Any]) -> str:
    cursor = signer.sign(orjson.dumps([backward, *place]).hex())
    kept = {name: value for name, value in request.query_params.items() if name != "cursor"}
    return request.build_absolute_uri(f"{request.path}?{urlencode({**kept, 'cursor': cursor})}")
