"""ETags: the hash of what was answered, so that equal tags mean equal bytes."""

import hashlib

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.request import Request

from api.v1.base.problem import PreconditionFailed, PreconditionRequired


def etag_of(body: bytes) -> str:
    """The strong tag of an answer's bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def unchanged(request: HttpRequest | Request, response: HttpResponseBase) -> HttpResponseBase:
    """``response`` with its tag, or 304 without a body when the caller has exactly that already."""
    if isinstance(response, HttpResponse) and not response.has_header("ETag"):
        response["ETag"] = etag_of(response.content)
    return not_modified(request, response.get("ETag", "")) or response


def not_modified(request: HttpRequest | Request, etag: str) -> HttpResponse | None:
    """304 when the caller reads and has ``etag`` already."""
    if request.method not in ("GET", "HEAD") or not _named(request.META.get("HTTP_IF_NONE_MATCH", ""), etag):
        return None
    answer = HttpResponseNotModified()
    answer["ETag"] = etag
    return answer


def match_require(request: Request, body: bytes) -> None:
    """428 without If-Match, 412 unless it names the object's present state."""
    given = request.META.get("HTTP_IF_MATCH", "")
    if given.strip() in ("", "*"):
        raise PreconditionRequired
    if etag_of(body) not in parse_etags(given):
        raise PreconditionFailed


def _named(given: str, etag: str) -> bool:
    found = [tag.removeprefix("W/") for tag in parse_etags(given)]
    return bool(found) and (found == ["*"] or etag in found)
