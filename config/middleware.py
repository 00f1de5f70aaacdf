"""Around every request: its id, its line in the log, its numbers for Prometheus, its headers; and the short way of programs to the API."""

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.urls import resolve
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from api.v1.base.views import ApiView
from config import metrics
from config.logs import page_name

logger = structlog.get_logger("assay.request")

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
CLOSED = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation", "gyroscope", "magnetometer",
    "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock", "usb", "xr-spatial-tracking",
)  # fmt: skip
PERMISSIONS = ", ".join(f"{name}=()" for name in CLOSED)
"""Nothing of this is used; passkeys and copying stay open to our own pages."""


class RequestMiddleware:
    """First of all middleware but the probes: whatever happens further in is logged under the request's id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Name the request, pass it on, count and log its answer."""
        structlog.contextvars.clear_contextvars()
        name = request_id(request.headers.get("X-Request-ID", ""))
        structlog.contextvars.bind_contextvars(request_id=name)
        begun = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - begun
        response["X-Request-ID"] = name
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        page = page_name(request)
        metrics.count_request(page, request.method or "", response.status_code, seconds)
        logger.info("request", page=page, method=request.method, status=response.status_code, ms=round(1000 * seconds, 1), **who(request))
        return response


def request_id(given: str) -> str:
    """The id a proxy gave, when it is a harmless word; else a new one."""
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def who(request: HttpRequest) -> dict[str, str]:
    """The key of the signed-in person or program; nobody is looked up for it."""
    user = request.__dict__.get("user")
    if type(user) is SimpleLazyObject:
        user = getattr(request, "_cached_user", None)
    return {"user": str(user.pk)} if isinstance(user, User) else {}


class BodyMiddleware:
    """Refuses a form that is announced as larger than any form is, before anything reads it: Django keeps every file of a form, wanted or not.

    Pages that take files have a limit of their own, which stands before the check against forgery; they are known by leaving that check to later.
    The API reads no body beyond Django's limit for forms. A body without an announced length is read as empty.
    """

    MOST = 4 * 1024 * 1024

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        """The refusal, or nothing."""
        if getattr(view, "csrf_exempt", False) or int(request.META.get("CONTENT_LENGTH") or 0) <= self.MOST:
            return None
        words = f"This page takes no more than {self.MOST // 1024**2} MB, and no file. Nothing was changed. Go back, and send less."
        return HttpResponse(words, status=413, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store", "Connection": "close"})


class ProgramMiddleware:
    """Takes the calls of programs straight to the API, past all that serves browsers: sessions, form protection, messages, page rules.

    Only a request with a bearer token for an address of the API: its view knows nobody before it has read the token and asked the API's
    access table. People who use the API through their session, and every page, go the long way.
    """

    POLICY = "default-src 'none'; frame-ancestors 'none'"

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The API's answer to a program, anything else as ever."""
        if not request.path_info.startswith("/api/") or request.headers.get("Authorization", "").partition(" ")[0].lower() != "bearer":
            return self.get_response(request)
        match = resolve(request.path_info)
        if not issubclass(getattr(match.func, "cls", object), ApiView):
            return self.get_response(request)
        request.resolver_match = match
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        response["Content-Security-Policy"] = self.POLICY
        return response
