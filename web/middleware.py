"""Turns the expected errors into answers, in one place: the status, and a calm page that names the way out."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from assessments.contracts import Refused
from core.errors import AssayError, Conflict, IntegrityFailed, InvalidInput, InvalidState, NotAllowed, NotFound, StorageFailed

ANSWERS: dict[type[AssayError], tuple[int, str]] = {
    NotAllowed: (403, "You may not do this"),
    NotFound: (404, "Not found"),
    InvalidState: (409, "This cannot be done now"),
    Conflict: (409, "Something changed in the meantime"),
    InvalidInput: (422, "One entry needs another value"),
    Refused: (422, "This model or plan cannot be used"),
    StorageFailed: (507, "The evidence could not be stored"),
    IntegrityFailed: (500, "Stored evidence does not match its record"),
    AssayError: (500, "This did not work"),
}


class ErrorMiddleware:
    """Maps every ``AssayError`` to a status and the error page; all other errors stay what they are."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The error page for an expected error, nothing for any other."""
        if not isinstance(exception, AssayError):
            return None
        status, title = next(ANSWERS[kind] for kind in type(exception).__mro__ if kind in ANSWERS)
        field = exception.field if isinstance(exception, InvalidInput) else ""
        message = exception.message if isinstance(exception, InvalidInput) else str(exception)
        return render(request, "web/error.html", {"status": status, "title": title, "field": field, "message": message}, status=status)
