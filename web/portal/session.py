"""A respondent's visit: a short signed cookie for one request, or their account; and what every page of the portal has in common."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from accounts.models import User
from core import clock
from core.errors import AssayError, InvalidInput
from questionnaires.attachments import LARGEST
from questionnaires.models import Invitation
from questionnaires.respondents import ENTERS, standing
from web.middleware import ANSWERS
from web.uploads import Limited

COOKIE = "assay_portal"
SALT = "assay.portal.visit"
HOURS = 4
"""How long a visit lasts without a page being opened."""
MOST_BODY = LARGEST + 8 * 1024 * 1024
"""Bytes of one request; what says it is larger is not read at all."""
WRONG, WRONG_SECONDS = 20, 300
RELATED = ("request__vendor", "request__owner", "request__organisation", "request__version__template", "request__submission__attestation__entry", "user")
View = Callable[..., HttpResponse]


def visit_begin(response: HttpResponse, invitation: Invitation) -> None:
    """Let the browser in to the invitation's request, and to no other address."""
    value = signing.dumps({"i": str(invitation.pk), "t": invitation.token_hash[:16]}, salt=SALT)
    options = {"httponly": True, "secure": settings.ASSAY_HTTPS, "samesite": "Lax", "path": path_of(invitation)}
    response.set_cookie(COOKIE, value, max_age=HOURS * 3600, **options)


def visit_end(response: HttpResponse, invitation: Invitation) -> None:
    """Forget the visit in this browser."""
    response.delete_cookie(COOKIE, path=path_of(invitation), samesite="Lax")


def path_of(invitation: Invitation) -> str:
    """Where the pages of the invitation's request begin."""
    return reverse("web:portal-overview", args=[invitation.request_id])


def invitation_behind(request: HttpRequest, request_id: UUID) -> Invitation | None:
    """The invitation by which this browser may see the request: that of its visit, or one of the signed-in account."""
    rows = Invitation.objects.filter(request_id=request_id).select_related(*RELATED)
    found = _by_cookie(request, rows)
    if found is None and isinstance(request.user, User):
        found = rows.filter(user=request.user).first()
    return found


def _by_cookie(request: HttpRequest, rows: Any) -> Invitation | None:
    try:
        visit = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=HOURS * 3600)
    except signing.BadSignature:
        return None
    found: Invitation | None = rows.filter(pk=visit["i"], user__isnull=True).first()
    # A renewed link is another secret, so visits that began with the one before end.
    return found if found is not None and found.token_hash[:16] == visit["t"] else None


def portal_page(*methods: str, upload: bool = False) -> Callable[[View], View]:
    """A page of the portal: no role is asked for, the invitation is; ``upload`` puts the limit of size before the form is read."""

    def wrap(view: View) -> View:
        inner = csrf_protect(_visited(view)) if upload else _visited(view)

        @wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in methods and not (request.method == "HEAD" and "GET" in methods):
                return HttpResponseNotAllowed(methods)
            if upload and request.method == "POST":
                if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BODY:
                    return private(shut(request, "too_large", status=413))
                request.upload_handlers.insert(0, Limited(MOST_BODY))
            return private(inner(request, *args, **kwargs))

        return login_not_required(csrf_exempt(page) if upload else page)

    return wrap


def _visited(view: View) -> View:
    @wraps(view)
    def inner(request: HttpRequest, request_id: UUID, **kwargs: Any) -> HttpResponse:
        invitation = invitation_behind(request, request_id)
        if invitation is None:
            return shut(request, "no_visit", status=403)
        word = standing(invitation, invitation.request, clock.now())
        if word not in ENTERS:
            return shut(request, word, invitation)
        try:
            response = view(request, invitation, **kwargs)
        except AssayError as error:
            response = failed(request, invitation, error)
        if invitation.user_id is None and COOKIE not in response.cookies:
            visit_begin(response, invitation)
        return response

    return inner


def private(response: HttpResponse) -> HttpResponse:
    """Nothing of it is kept by browsers and proxies, named to other sites, or found by search engines.

    ``same-origin``, because with ``no-referrer`` browsers hide the origin of forms too, and the check against forged ones would refuse them;
    the one address with a secret in it and the files do without.
    """
    response["Cache-Control"] = "no-store, private"
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


SHUT: dict[str, tuple[int, str, str]] = {
    "unknown": (404, "This link does not work", "Check that it was copied whole. If it still does not work, ask the person who gave it to you for a new one."),
    "expired": (410, "This link has expired", "What was answered is kept. Ask for a new link to go on."),
    "revoked": (410, "This link was switched off", "What was answered is kept. Ask if you should still answer."),
    "withdrawn": (410, "This questionnaire was withdrawn", "You need not answer any more."),
    "not_sent": (403, "This questionnaire is not open yet", "It is still being prepared. Try again later, or ask."),
    "no_visit": (
        403,
        "Please open your link again",
        "Your visit has ended, or this page belongs to somebody else. Saved answers are kept. Open the link that you were given, or sign in.",
    ),
    "too_many": (429, "Too many wrong links", "Wait five minutes, then try the link that you were given once more."),
    "too_large": (413, "This is too large", f"Send files of at most {LARGEST // 1024 // 1024} MiB, one or two at a time. Go back: what was saved is kept."),
}


def shut(request: HttpRequest, word: str, invitation: Invitation | None = None, status: int = 0) -> HttpResponse:
    """A page that says why one cannot come in, and whom to ask; it names people only to who has the secret."""
    code, title, text = SHUT[word]
    context = {"title": title, "text": text, "asked": invitation.request if invitation else None}
    return render(request, "web/portal/shut.html", context, status=status or code)


def failed(request: HttpRequest, invitation: Invitation, error: AssayError) -> HttpResponse:
    """An expected error as a page of the portal."""
    status, title = next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)
    message = error.message if isinstance(error, InvalidInput) else str(error)
    context = {"title": title, "text": message, "asked": invitation.request, "back": path_of(invitation)}
    return render(request, "web/portal/shut.html", context, status=status)


def wrong_links(request: HttpRequest, add: bool = False) -> bool:
    """Whether this address tried too many wrong links lately; ``add`` counts one more."""
    try:
        place = get_adapter().get_client_ip(request)
    except PermissionDenied:
        place = "unknown"
    key = f"portal-wrong:{place}"
    if add:
        cache.add(key, 0, WRONG_SECONDS)
        try:
            cache.incr(key)
        except ValueError:  # it ran out in between
            cache.set(key, 1, WRONG_SECONDS)
    return int(cache.get(key, 0)) >= WRONG
