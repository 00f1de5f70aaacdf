"""JSON in and out: written by orjson, read strictly, so that whatever passes can be stored, hashed and signed."""

from typing import IO, Any

import orjson
from django.http import HttpResponse
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

MEDIA_TYPE = "application/json"
LARGEST = 2**53 - 1
"""Integers beyond this do not survive canonical JSON (RFC 8785)."""


def dump(value: Any) -> bytes:
    """``value`` as JSON; moments in UTC with a trailing Z."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def answer(value: Any, status: int = 200) -> HttpResponse:
    """A JSON answer."""
    return HttpResponse(dump(value), status=status, content_type=MEDIA_TYPE)


class StrictJson(BaseParser):
    """RFC 8259 and no more: UTF-8, no NaN, no lone surrogates, no NUL in texts, integers within ±(2⁵³-1), an object at the top."""

    media_type = MEDIA_TYPE

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        """The object in ``stream``; ``ParseError`` saying what is wrong with it."""
        try:
            value = orjson.loads(stream.read())
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise ParseError("The body must be a JSON object, such as {}.")
        _check(value)
        return value


class RawFile(BaseParser):
    """A file as the whole body, as it is; the view says which types it takes and reads them."""

    media_type = "*/*"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> bytes:  # type: ignore[override]  # a file is no mapping
        """The bytes."""
        return stream.read()


class CsvFile(RawFile):
    """CSV in UTF-8."""

    media_type = "text/csv"


class XlsxFile(RawFile):
    """A workbook."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _check(value: Any) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise ParseError("A text in the body contains a NUL character. Remove it.")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check(key)
            _check(inner)
    elif isinstance(value, list):
        for inner in value:
            _check(inner)
    elif isinstance(value, int) and abs(value) > LARGEST:
        raise ParseError(f"A number in the body is beyond ±{LARGEST}. Send it as text or choose a smaller one.")
