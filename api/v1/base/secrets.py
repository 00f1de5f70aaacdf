"""Secrets in answers: put in last, so that the copy kept for a repetition with the same Idempotency-Key does not hold them."""

import orjson
from django.http import HttpResponse

from api.v1.base.rendering import dump


def revealed(response: HttpResponse, secret: str, name: str = "secret") -> HttpResponse:
    """``response`` with the secret that was made just now as its field ``name``, if one was."""
    if secret:
        response.content = dump({**orjson.loads(response.content), name: secret})
    return response
