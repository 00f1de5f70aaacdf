"""What each call takes by way of authentication, as the OpenAPI description says it: tokens, client credentials, a person's session."""

from collections.abc import Collection
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from accounts.models import Role
from accounts.permissions import POLICY, SCOPES, VERBS
from api.v1.access import ANYONE

Way = tuple[str, ...]
TOKEN, CLIENT, SESSION = "token", "client_credentials", "session"
EXCHANGED_AT = "/api/v1/oauth/token"
PROGRAMS = {scope: verbs for scope, verbs in SCOPES.items() if verbs <= POLICY[Role.API_CLIENT]}
"""Scopes that a service account can be given; the others are for tokens of people."""


def ways(verb: str | None, also: Collection[str]) -> list[Way]:
    """The scopes that open a call: each way is enough, and needs all of its scopes. None where no token can."""
    if not also:
        return [(scope,) for scope, verbs in SCOPES.items() if verb in verbs]
    wanted = {verb or "", *also}
    whole: list[Way] = [(scope,) for scope, verbs in SCOPES.items() if wanted <= verbs]
    return whole or [tuple(sorted({_narrowest(one) for one in wanted}))]


def _narrowest(verb: str) -> str:
    """The scope that opens ``verb`` and least beside it."""
    return min((scope for scope, verbs in SCOPES.items() if verb in verbs), key=lambda scope: len(SCOPES[scope]))


class TokenSchemes(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """How tokens are described: those issued by hand, and those exchanged for a client secret. Both are sent as bearer tokens."""

    target_class = "api.v1.base.authentication.BearerToken"
    name = [TOKEN, CLIENT]  # noqa: RUF012 - as the library declares it

    def get_security_definition(self, auto_schema: Any) -> Any:
        """A bearer token; and OAuth 2 client credentials with the scopes of service accounts."""
        scopes = {scope: "; ".join(VERBS[verb] for verb in sorted(verbs)) for scope, verbs in PROGRAMS.items()}
        exchange = "A service account's id and client secret, exchanged for a token of 15 minutes (RFC 6749, section 4.4)."
        return [
            {"type": "http", "scheme": "bearer", "description": "An API token: “assay_…”, issued under Settings, API tokens."},
            {"type": "oauth2", "description": exchange, "flows": {"clientCredentials": {"tokenUrl": EXCHANGED_AT, "scopes": scopes}}},
        ]

    def get_security_requirement(self, auto_schema: Any) -> Any:
        """One line for each way in; nothing where only a signed-in person is let through."""
        verb, also = auto_schema.asks()
        if verb == ANYONE:
            return [{TOKEN: []}, {CLIENT: []}]
        found = ways(verb, also)
        programs = [way for way in found if set(way) <= set(PROGRAMS)]
        return [*({TOKEN: list(way)} for way in found), *({CLIENT: list(way)} for way in programs)]


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """Sessions of people, for the interactive page and for what only a person may do."""

    target_class = "api.v1.base.authentication.PersonSession"
    name = SESSION

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """A session cookie."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "A signed-in person; used by the interactive page."}
