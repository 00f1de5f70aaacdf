"""`/healthz`, `/readyz` and `/metrics`: answered before hosts, sessions and sign-in are looked at, so that a probe needs none of them."""

import hmac
import ipaddress
from collections.abc import Callable
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST

from config import metrics, readiness

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")


class ProbeMiddleware:
    """The three addresses for machines."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.pages: dict[str, Callable[[HttpRequest], HttpResponse]] = {"/healthz": healthz, "/readyz": readyz, "/metrics": exposed}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """A probe's answer, or what the application answers."""
        page = self.pages.get(request.path_info)
        if page is None:
            return self.get_response(request)
        answer = page(request) if request.method in ("GET", "HEAD") else HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        answer["Cache-Control"] = "no-store"
        answer["X-Content-Type-Options"] = "nosniff"
        # Django would log every 503 as an error of ours; whoever probes sees it, and a log full of them hides the rest.
        answer._has_been_logged = True  # type: ignore[attr-defined]
        return answer


def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers; it says nothing about anything else."""
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when every check passed, else 503; which one and why only for this machine and for people who are signed in."""
    found = readiness.recent()
    ready = all(row.ok for row in found)
    body: dict[str, object] = {"status": "ready" if ready else "not ready"}
    if from_here(request) or signed_in(request):
        body["checks"] = {row.name: {"ok": row.ok, "reason": row.reason} for row in found}
    return JsonResponse(body, status=200 if ready else 503)


def exposed(request: HttpRequest) -> HttpResponse:
    """The numbers, for the networks and the token that the settings name; for everybody else this page does not exist."""
    if not (token_fits(request) or from_networks(request)):
        return HttpResponse("Not found\n", status=404, content_type="text/plain")
    return HttpResponse(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)


def from_here(request: HttpRequest) -> bool:
    """Whether the request comes from this machine itself, not through a proxy on it."""
    return within(request, ["127.0.0.0/8", "::1/128"])


def from_networks(request: HttpRequest) -> bool:
    """Whether the request comes straight from one of the networks that may read the numbers."""
    return within(request, settings.ASSAY_METRICS_NETWORKS)


def within(request: HttpRequest, networks: list[str]) -> bool:
    """Whether the sender's own address lies in ``networks``; a request that a proxy passed on has no address that could be trusted."""
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)


def token_fits(request: HttpRequest) -> bool:
    """Whether the request carries the token set for this; without one set, none fits."""
    wanted: str = settings.ASSAY_METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())


def signed_in(request: HttpRequest) -> bool:
    """Whether a session cookie comes along that belongs to somebody; a database that is away counts as no."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return False
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    try:
        return bool(get_user(request).is_authenticated)
    except readiness.EXPECTED:
        return False
