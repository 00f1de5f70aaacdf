"""Every error as RFC 9457 problem details: what went wrong, where, and what to do about it."""

import logging
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import IntegrityError, OperationalError
from django.http import Http404, HttpResponse
from rest_framework import exceptions, status
from rest_framework.views import set_rollback

from api.v1.base.rendering import dump
from assessments.contracts import Refused
from core.errors import AssayError, Conflict, IntegrityFailed, InvalidInput, InvalidState, NotAllowed, NotFound, StorageFailed

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"


class PreconditionRequired(exceptions.APIException):
    """A change was asked for without saying which state it starts from."""

    status_code, default_code = status.HTTP_428_PRECONDITION_REQUIRED, "precondition-required"
    default_detail = "Send If-Match with the ETag of the object as you last read it, so that nobody else's change is overwritten."


class PreconditionFailed(exceptions.APIException):
    """The object is no longer what the caller saw."""

    status_code, default_code = status.HTTP_412_PRECONDITION_FAILED, "precondition-failed"
    default_detail = "The object changed since you read it. Read it again, look at what changed, and send your change with the new ETag."


class TooLarge(exceptions.APIException):
    """The body is larger than this installation takes."""

    status_code, default_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, "too-large"
    default_detail = "The body is too large. Send less."


TITLES: dict[int, tuple[str, str]] = {
    400: ("malformed", "The request cannot be read"),
    401: ("not-authenticated", "A token is needed"),
    403: ("not-allowed", "You may not do this"),
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "This address does not take this method"),
    409: ("conflict", "This cannot be done now"),
    412: ("precondition-failed", "Something changed in the meantime"),
    413: ("too-large", "The body is too large"),
    415: ("unsupported-media-type", "Send JSON"),
    422: ("invalid-input", "An entry needs another value"),
    428: ("precondition-required", "Say which state you saw"),
    429: ("too-many-requests", "Too many requests"),
    500: ("internal", "This did not work"),
    503: ("unavailable", "Try again"),
    507: ("storage-failed", "The evidence could not be stored or read"),
}

STATUSES: dict[type[Exception], int] = {
    NotAllowed: 403,
    PermissionDenied: 403,
    NotFound: 404,
    Http404: 404,
    InvalidState: 409,
    Conflict: 409,
    Refused: 422,
    InvalidInput: 422,
    exceptions.ValidationError: 422,
    StorageFailed: 507,
    IntegrityFailed: 500,
    AssayError: 500,
    RequestDataTooBig: 413,
}

UNWORDED: dict[type[Exception], tuple[int, str]] = {
    IntegrityError: (409, "Another change came first. Read the object again and repeat the request."),
    OperationalError: (503, "The database is busy or away. Nothing was changed; repeat the request in a moment."),
}
"""Errors whose own words are not for callers."""


def problem_handler(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """The answer to any error of a call; what nobody expected is logged with its trace and says nothing of itself."""
    set_rollback()
    code, detail = _status_and_detail(error)
    if code >= 500:
        logger.error("%s %s answered %d", context["request"].method, context["request"].path, code, exc_info=error)
    answer = problem(code, detail, list(_faults(error)))
    for name, value in _headers(error).items():
        answer[name] = value
    return answer


def problem(code: int, detail: str, errors: list[dict[str, str]] | None = None) -> HttpResponse:
    """A problem document."""
    slug, title = TITLES[code]
    body: dict[str, Any] = {"type": f"urn:assay:problem:{slug}", "title": title, "status": code, "detail": detail}
    if errors:
        body |= {"field": errors[0]["field"], "errors": errors}
    return HttpResponse(dump(body), status=code, content_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})


def _status_and_detail(error: Exception) -> tuple[int, str]:
    for kind in type(error).__mro__:
        if kind in UNWORDED:
            return UNWORDED[kind]
        if kind in STATUSES:
            return STATUSES[kind], _detail(error)
    if isinstance(error, exceptions.APIException) and error.status_code in TITLES:
        return error.status_code, _detail(error)
    return 500, "The server met a fault of its own. Nothing was changed. If it happens again, tell the administrator when it did."


def _detail(error: Exception) -> str:
    faults = list(_faults(error))
    if faults:
        return f"{faults[0]['field']}: {faults[0]['message']}" if faults[0]["field"] else faults[0]["message"]
    detail = getattr(error, "detail", None) or str(error)
    return str(detail) if detail else "There is nothing here."


def _faults(error: Exception) -> Iterator[dict[str, str]]:
    if isinstance(error, InvalidInput):
        yield {"field": error.field, "message": error.message}
    elif isinstance(error, exceptions.ValidationError):
        yield from _flattened(error.detail, "")


def _flattened(detail: Any, path: str) -> Iterator[dict[str, str]]:
    """One line per wrong field, nested ones by their path: ``items[0].key``."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            whole = path if name == "non_field_errors" else f"{path}[{name}]" if isinstance(name, int) else f"{path}.{name}".lstrip(".")
            yield from _flattened(inner, whole)
    elif isinstance(detail, list) and any(isinstance(inner, dict | list) for inner in detail):
        for place, inner in enumerate(detail):
            yield from _flattened(inner, f"{path}[{place}]")
    else:
        yield {"field": path, "message": " ".join(map(str, detail)) if isinstance(detail, list) else str(detail)}


def _headers(error: Exception) -> dict[str, str]:
    found = {"WWW-Authenticate": getattr(error, "auth_header", None)}
    if isinstance(error, exceptions.Throttled):
        found["Retry-After"] = str(int(getattr(error, "wait", None) or 1))
    if isinstance(error, OperationalError):
        found["Retry-After"] = "1"
    return {name: value for name, value in found.items() if value}
