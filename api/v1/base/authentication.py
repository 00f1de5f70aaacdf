"""Who asks: a program by its token, or a signed-in person by the session (with CSRF), so that the interactive docs work."""

from django.http import HttpRequest
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from accounts.models import User
from accounts.tokens import token_authenticate
from core import clock

REFUSED = "This token is unknown, expired or revoked, or its owner was deactivated. Issue another under Settings, API tokens."


class BearerToken(authentication.BaseAuthentication):
    """``Authorization: Bearer assay_…``; any other scheme counts as none."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """The token's owner, limited to its scopes; ``AuthenticationFailed`` for a token that cannot be used."""
        scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        user = token_authenticate(secret.strip(), clock.now())
        if user is None:
            raise exceptions.AuthenticationFailed(REFUSED)
        return user, None

    def authenticate_header(self, request: Request) -> str:
        """Sent as ``WWW-Authenticate`` with every 401."""
        return 'Bearer realm="assay"'


class PersonSession(authentication.SessionAuthentication):
    """A person signed in to the pages of the same installation."""


def actor_of(request: Request | HttpRequest) -> User:
    """Who asks; ``NotAuthenticated`` when nobody says."""
    if not isinstance(request.user, User):
        raise exceptions.NotAuthenticated("Send “Authorization: Bearer” with an API token. People issue theirs under Settings, API tokens.")
    return request.user
