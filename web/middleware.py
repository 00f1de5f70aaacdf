"""Asks the access table before every page; turns the expected errors into a status and a calm page that names the way out."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.shortcuts import render
from django.urls import ResolverMatch

from accounts.models import User
from accounts.permissions import require
from assessments.contracts import Refused
from core.errors import AssayError, Conflict, IntegrityFailed, InvalidInput, InvalidState, NotAllowed, NotFound, StorageFailed
from web.access import ACCESS, ACCOUNT, ACCOUNT_OPEN, ACCOUNT_PREFIX, OPEN, Methods, verb_for

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

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Mapping[str, Any]) -> HttpResponse | None:
        """A refusal of any text with a NUL, which no browser sends and PostgreSQL takes nowhere."""
        sent = [*kwargs.items(), *pairs(request.GET)]
        # A page that limits its uploads must see the body first: its form refuses a NUL itself.
        if request.method == "POST" and table_of(request.resolver_match)[0] is not None and not getattr(view, "csrf_exempt", False):
            sent += pairs(request.POST)
        field = next((name for name, value in sent if "\x00" in f"{name}{value}"), None)
        if field is None:
            return None
        return error_page(request, InvalidInput(field.replace("\x00", ""), "This holds a NUL character, which no text may. Remove it."))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The error page for an expected error, nothing for any other."""
        if not isinstance(exception, AssayError):
            return None
        return error_page(request, exception)


def pairs(sent: QueryDict) -> list[tuple[str, str]]:
    """Each name with each of its values."""
    return [(name, value) for name, values in sent.lists() for value in values if isinstance(value, str)]


def error_page(request: HttpRequest, error: AssayError) -> HttpResponse:
    """What a person sees of an expected error."""
    status, title = next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)
    field = error.field if isinstance(error, InvalidInput) else ""
    message = error.message if isinstance(error, InvalidInput) else str(error)
    return render(request, "web/error.html", {"status": status, "title": title, "field": field, "message": message}, status=status)


class AccessMiddleware:
    """Default deny for the browser face: the access table names a verb for this page and method, and one of the actor's roles includes it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """A refusal unless the table and the roles agree; nothing for other faces and for pages without a role."""
        match = request.resolver_match
        table, open_to_all = table_of(match)
        if match is None or table is None or match.url_name in open_to_all:
            return None
        name = match.url_name or ""
        verb = verb_for(name, request.method or "", table)
        if verb is None and name in table:
            return HttpResponseNotAllowed(table[name])
        if verb is None or not isinstance(request.user, User):
            return error_page(request, NotAllowed("This page is not open to anyone: it has no line in the access table."))
        try:
            require(request.user, verb)
        except NotAllowed as error:
            return error_page(request, error)
        return None


def table_of(match: ResolverMatch | None) -> tuple[Mapping[str, Methods] | None, frozenset[str]]:
    """The access table an address is looked up in, and the addresses beside it that are open; no table for other faces."""
    if match is not None and match.namespaces[:1] == ["web"]:
        return ACCESS, OPEN
    if match is not None and match.route.startswith(ACCOUNT_PREFIX):
        return ACCOUNT, ACCOUNT_OPEN
    return None, frozenset()
