"""What comes before all else after signing in: a password of one's own, and a second factor where it is demanded."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import Role, User

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
PASSWORD_PAGES = frozenset({"account_change_password"})


class FirstStepMiddleware:
    """Leads people to the step that is still missing; signing out and the step itself stay open."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """A redirect to the missing step, or nothing."""
        match = request.resolver_match
        if not isinstance(request.user, User) or match is None or match.url_name in {"login", "logout", "account_logout"}:
            return None
        if request.user.must_change_password:
            return None if match.url_name in PASSWORD_PAGES else _lead(request, "account_change_password", "Choose a password of your own first.")
        if factor_missing(request.user) and not match.route.startswith("account/"):
            return _lead(request, "mfa_index", "Administrators of this installation need a second factor. Add one to go on.")
        return None


def factor_missing(user: User) -> bool:
    """Whether this installation demands a second factor of ``user``, who has none."""
    if not settings.ASSAY_REQUIRE_MFA or Role.ADMINISTRATOR not in {role for _, role in user.roles_held}:
        return False
    return not get_adapter().is_mfa_enabled(user, FACTORS)


def _lead(request: HttpRequest, name: str, why: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(reverse(name))
    messages.warning(request, why)
    return redirect(name)
