"""Access tokens by client credentials (RFC 6749, section 4.4), in the words of that RFC and not as problem documents; and the metadata of RFC 8414."""

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import unquote_plus

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from accounts.oauth import ScopeBeyond, UnknownClient, access_token_issue
from accounts.permissions import SCOPES
from api.v1.base.rendering import answer
from api.v1.base.throttling import Rate, rate_take
from core.hashing import sha256_bytes

FORM = "application/x-www-form-urlencoded"
GRANT = "client_credentials"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
CHALLENGE = 'Basic realm="assay", charset="UTF-8"'


class Refused(Exception):
    """An error of RFC 6749, section 5.2: its code and what to do about it."""

    def __init__(self, code: str, says: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.says, self.status = code, says, status


@dataclass(frozen=True)
class Client:
    """Who asks, as far as it says."""

    key: str
    secret: str


@csrf_exempt
@login_not_required
def token(request: HttpRequest) -> HttpResponse:
    """Answer a client's id and secret with an access token for some of its scopes."""
    try:
        return _issued(request)
    except Refused as error:
        response = answer({"error": error.code, "error_description": error.says}, error.status)
        if error.status == 401:
            response["WWW-Authenticate"] = CHALLENGE
        return _closed(response)


@login_not_required
@require_safe
def metadata(request: HttpRequest) -> HttpResponse:
    """What this authorization server can do."""
    root = settings.ASSAY_PUBLIC_ADDRESS or request.build_absolute_uri("/").rstrip("/")
    return answer(
        {
            "issuer": root,
            "token_endpoint": f"{root}{reverse('api:oauth-token')}",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "grant_types_supported": [GRANT],
            "response_types_supported": [],
            "scopes_supported": list(SCOPES),
            "service_documentation": f"{root}{reverse('api:docs')}",
        }
    )


def _issued(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        raise Refused("invalid_request", "Send a POST.", 405)
    given = _parameters(request)
    client = _client(request, given)
    _limit(request, client)
    if given.get("grant_type") != GRANT:
        code = "unsupported_grant_type" if "grant_type" in given else "invalid_request"
        raise Refused(code, f"Send grant_type={GRANT}; there is no other.")
    try:
        secret, scopes, seconds = access_token_issue(client.key, client.secret, given["scope"].split() if "scope" in given else None)
    except UnknownClient as error:
        raise Refused("invalid_client", "The client or its secret is unknown, revoked or expired, or the service account is deactivated.", 401) from error
    except ScopeBeyond as error:
        raise Refused("invalid_scope", "Ask for scopes that the secret was given, separated by spaces, or for none to get all of them.") from error
    return _closed(answer({"access_token": secret, "token_type": "Bearer", "expires_in": seconds, "scope": " ".join(scopes)}))


def _parameters(request: HttpRequest) -> dict[str, str]:
    """The form's fields; one given twice or one with a NUL is malformed, an empty one counts as absent."""
    if request.content_type != FORM:
        raise Refused("invalid_request", f"Send a form: Content-Type {FORM}.")
    try:
        lists = dict(request.POST.lists())
    except (RequestDataTooBig, TooManyFieldsSent) as error:
        raise Refused("invalid_request", "The request is too large.") from error
    if any(len(values) > 1 or "\x00" in values[0] for values in lists.values()):
        raise Refused("invalid_request", "Send each parameter once.")
    return {name: values[0] for name, values in lists.items() if values[0]}


def _client(request: HttpRequest, given: dict[str, str]) -> Client:
    """By HTTP Basic or in the form, never both."""
    header = request.headers.get("Authorization", "")
    if header and "client_secret" in given:
        raise Refused("invalid_request", "Authenticate in the header or in the form, not in both.")
    if header:
        return _basic(header, given)
    if "client_id" not in given or "client_secret" not in given:
        raise Refused("invalid_client", "Send the client id and secret, by HTTP Basic or as client_id and client_secret.", 401)
    return Client(given["client_id"], given["client_secret"])


def _basic(header: str, given: dict[str, str]) -> Client:
    scheme, _, coded = header.partition(" ")
    try:
        decoded = base64.b64decode(coded.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, ValueError):
        decoded = ""
    key, mark, secret = decoded.partition(":")
    if not mark or "\x00" in decoded:
        raise Refused("invalid_client", "The Authorization header is not HTTP Basic.", 401)
    client = Client(unquote_plus(key), unquote_plus(secret))
    if given.get("client_id", client.key) != client.key:
        raise Refused("invalid_request", "The client ids in header and form differ.")
    return client


def _limit(request: HttpRequest, client: Client) -> None:
    """So many tries a minute for each client at each address, so that nobody shuts a client out from elsewhere; four times as many for an address."""
    try:
        place = get_adapter(request).get_client_ip(request)
    except PermissionDenied:
        place = "unknown"
    most = settings.ASSAY_OAUTH_TRIES_PER_MINUTE
    taken: list[Rate] = [rate_take(f"oauth-client:{place}:{sha256_bytes(client.key.encode())}", most), rate_take(f"oauth-place:{place}", 4 * most)]
    if any(rate.exceeded for rate in taken):
        raise Refused("temporarily_unavailable", f"Too many tries; wait {max(rate.reset for rate in taken)} seconds. A token can be used for minutes.", 429)


def _closed(response: HttpResponse) -> HttpResponse:
    for name, value in NO_STORE.items():
        response[name] = value
    return response
