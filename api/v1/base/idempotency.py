"""Idempotency-Key: the first answer to a POST is kept, in the transaction of its change, and given again to a repetition."""

import re
from collections.abc import Callable
from datetime import timedelta

from django.db import IntegrityError, OperationalError, connection, transaction
from django.http import HttpResponse
from rest_framework.request import Request

from accounts.models import IdempotentRequest, User
from core import clock
from core.errors import Conflict, InvalidInput
from core.hashing import sha256_bytes

KEPT_FOR = timedelta(hours=24)
LONGEST = 255
KEY = r"[\x21-\x7e]+"
REMEMBERED = ("Content-Type", "Location", "ETag")


def once(request: Request, actor: User, make: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer of ``make``; with a key, run at most once in 24 hours. An error undoes the change and forgets the key.

    Two at the same time: the second waits for the first and is given its answer, or 409 when that takes too long.
    """
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return make()
    # An empty key protects from nothing, and whoever sends one believes it does.
    if len(key) > LONGEST or not re.fullmatch(KEY, key):
        raise InvalidInput("Idempotency-Key", f"use 1 to {LONGEST} printable ASCII characters without spaces, for example a UUID")
    digest = _digest(request)
    _sweep(actor, key, digest)
    try:
        return _first(actor, key, digest, make)
    except _Repeated:
        return _again(actor, key, digest)


class _Repeated(Exception):
    """The key is taken."""


def _first(actor: User, key: str, digest: str, make: Callable[[], HttpResponse]) -> HttpResponse:
    with transaction.atomic():
        row = _claim(actor, key, digest)
        response = make()
        row.status, row.body = response.status_code, response.content
        row.headers = {name: response[name] for name in REMEMBERED if response.has_header(name)}
        row.save(update_fields=["status", "headers", "body"])
    return response


def _claim(actor: User, key: str, digest: str) -> IdempotentRequest:
    """The row that keeps others with this key waiting until the transaction ends."""
    if connection.vendor == "postgresql":
        connection.cursor().execute("SET LOCAL lock_timeout = '5s'")
    try:
        with transaction.atomic():
            row = IdempotentRequest.objects.create(user=actor, key=key, request_digest=digest)
    except IntegrityError as error:
        raise _Repeated from error
    except OperationalError as error:
        raise Conflict("The first request with this Idempotency-Key is still being worked on. Repeat it in a moment.") from error
    if connection.vendor == "postgresql":
        connection.cursor().execute("SET LOCAL lock_timeout = DEFAULT")
    return row


def _again(actor: User, key: str, digest: str) -> HttpResponse:
    row = IdempotentRequest.objects.filter(user=actor, key=key).first()
    if row is None or row.status is None:
        raise Conflict("The first request with this Idempotency-Key failed just now. Repeat the request.")
    if row.request_digest != digest:
        raise InvalidInput("Idempotency-Key", "was used for another request within the last 24 hours; use a new key for a new request")
    response = HttpResponse(bytes(row.body), status=row.status, headers=row.headers)
    response["Idempotent-Replayed"] = "true"
    return response


def _sweep(actor: User, key: str, digest: str) -> None:
    """Forget this key when its day is over, and, once in some 256 requests, all keys of the caller's whose day is."""
    over = IdempotentRequest.objects.filter(user=actor, created_at__lt=clock.now() - KEPT_FOR)
    (over if digest.startswith("00") else over.filter(key=key)).delete()


def _digest(request: Request) -> str:
    return sha256_bytes(b"\0".join([(request.method or "").encode(), request.get_full_path().encode(), request.body]))
