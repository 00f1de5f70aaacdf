"""The OpenAPI description of each call, derived from its view: parameters, bodies, answers, headers, problems."""

from functools import cache
from typing import Any
from uuid import UUID

import django_filters
from django.urls import resolve
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from api.v1.access import ANYONE, also_for, verb_for
from api.v1.base import problem, security, views
from api.v1.base.filters import DayFilter
from api.v1.base.idempotency import KEY, LONGEST
from api.v1.base.pagination import MOST, USUAL, both_ways
from api.v1.base.rows import Values

TAGS = {
    "about": "about",
    "vendors": "vendors",
    "systems": "systems and deployments",
    "ai_models": "models and versions",
    "plans": "plans",
    "pilots": "pilots",
    "runs": "runs",
    "findings": "findings",
    "instruments": "instruments",
    "blind": "instruments",
    "probe_sets": "instruments",
    "requirements": "requirements and coverage",
    "imports": "imports of frameworks",
    "incidents": "incidents",
    "decisions": "decisions",
    "webhooks": "webhooks",
    "questionnaire_templates": "questionnaires",
    "questionnaires": "questionnaires",
    "inbound": "questionnaires of customers",
    "evidence": "evidence and log",
    "cases": "cases",
    "reports": "reports",
    "packs": "due-diligence packs",
}
SAMPLES = {"id": UUID(int=0), "index": 0, "slug": "x"}
EVERY = (401, 403, 429, 500, 503)
WRITES = (400, 409, 413, 415, 422)
FILES = (409, 507)


class Fault(serializers.Serializer[Values]):
    """One wrong field."""

    field = serializers.CharField(help_text="path of the field, or empty")
    message = serializers.CharField()


class Problem(serializers.Serializer[Values]):
    """RFC 9457 problem details."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="what went wrong and what to do about it")
    field = serializers.CharField(required=False, help_text="the first wrong field")
    errors = Fault(many=True, required=False)  # type: ignore[assignment]  # a field may be called so


@cache
def page_of(kind: type[Any]) -> type[serializers.Serializer[Any]]:
    """The serializer of a page of ``kind``."""
    parts = {
        "__doc__": "One page. Follow ``next`` until it is null; rows added meanwhile do not move the others.",
        "items": kind(many=True),
        "next": serializers.CharField(allow_null=True, help_text="address of the next page"),
        "previous": serializers.CharField(allow_null=True, help_text="address of the page before"),
    }
    return type(f"{kind.__name__.removesuffix('Row')}Page", (serializers.Serializer,), parts)


class ApiSchema(AutoSchema):
    """Reads a view's declarations."""

    view: Any

    def get_tags(self) -> list[str]:
        """The section."""
        return [TAGS[type(self.view).__module__.split(".")[2]]]

    def get_operation_id(self) -> str:
        """Words of the address and what is done there."""
        words = [part.replace("-", "_").replace(".", "_") for part in self._tokenize_path() if part not in ("api", "v1")]
        listed = getattr(self.view, "listed", False)
        done = {"GET": "list" if listed else "get", "PATCH": "change", "POST": "create" if listed else ""}[self.method]
        return "_".join([*words, done] if done else words)

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        """``VendorRow`` is called Vendor outside."""
        return type(serializer).__name__.removesuffix("Row")

    def get_summary(self) -> str:
        """First line of the view."""
        return str(self._said().partition("\n")[0])

    def get_description(self) -> str:  # type: ignore[override]  # as in the library's own class
        """The whole text of the method that does it, and what a token needs for it."""
        verb, also = self.asks()
        ways = " or ".join(" and ".join(way) for way in security.ways(verb, also))
        needed = "" if verb == ANYONE else ways or "none: only a signed-in person can"
        return self._said() + (f"\n\nScope: {needed}." if needed else "")

    def asks(self) -> tuple[str | None, frozenset[str]]:
        """The verb that this call needs, and those it needs beside it."""
        name = resolve(self.path.format_map(SAMPLES)).url_name or ""
        return verb_for(name, self.method), also_for(name, self.method)

    def _said(self) -> str:
        teller = {
            "POST": "create" if isinstance(self.view, views.CreateView) else "act" if isinstance(self.view, views.ActionView) else "post",
            "PATCH": "change",
        }.get(self.method, self.method.lower())
        own = vars(type(self.view)).get(teller)
        return str((own or type(self.view)).__doc__ or "").strip()

    def get_request_serializer(self) -> Any:
        """The body."""
        if self.method not in ("POST", "PATCH"):
            return None
        files = {media_type: {"type": "string", "format": "binary"} for media_type in getattr(self.view, "files", ())}
        return {"application/json": self.view.body, **files} if files else self.view.body

    def get_response_serializers(self) -> Any:
        """The answer and every problem there may be."""
        listed = isinstance(self.view, views.ListView)
        out = page_of(self.view.out) if listed and self.method == "GET" else self._out()
        code = 201 if listed and self.method == "POST" else 200
        found: dict[Any, Any] = {code: OpenApiResponse(out, description="Created." if code == 201 else "The answer.")}
        media_types = getattr(self.view, "media_types", None)
        if media_types:
            found = {(200, *media_types): found[200]}
        if self.method == "GET":
            found[304] = OpenApiResponse(None, description="You have exactly this already.")
        problems = {(status, problem.MEDIA_TYPE): OpenApiResponse(Problem, description=problem.TITLES[status][1]) for status in self._problems()}
        return found | problems

    def _out(self) -> Any:
        if getattr(self.view, "media_types", ("",))[0] in ("application/octet-stream", "application/pdf", "application/zip"):
            return {"type": "string", "format": "binary"}
        kind = self.view.out
        return self.view.detail.out if isinstance(self.view, views.CreateView) and self.method == "POST" else kind

    def _problems(self) -> list[int]:
        found = {*EVERY, 422}
        found |= {404} if "{" in self.path or "checkpoint" in self.path else set()
        found |= set(WRITES) if self.method in ("POST", "PATCH") else set()
        found |= {412, 428} if self.method == "PATCH" else set()
        found |= set(FILES) if getattr(self.view, "media_types", ()) or self.method == "POST" else set()
        return sorted(found)

    def get_override_parameters(self) -> Any:
        """Query parameters, request headers and headers of answers."""
        made = {"GET": self._reading, "POST": self._adding, "PATCH": self._changing}[self.method]()
        return [*made, *_answer_headers(self.method)]

    def _reading(self) -> list[OpenApiParameter]:
        found = [_header("If-None-Match", "an ETag you have; equal content is answered with 304")]
        days = {"type": "string", "format": "date"}
        found += [_query(name, days, text) for name, text in getattr(self.view, "days", {}).items()]
        found += [_query(name, {"type": "string", "format": "uuid"}, text) for name, text in getattr(self.view, "keys", {}).items()]
        found += [_query(name, {"type": "string", "minLength": 1, "maxLength": 60}, text) for name, text in getattr(self.view, "texts", {}).items()]
        if isinstance(self.view, views.ListView):
            filters = self.view.filters.base_filters if self.view.filters else {}
            found += [_query(name, _kind(row), row.extra.get("help_text", "")) for name, row in filters.items()]
            found += _paging(self.view.orderings)
        return found

    def _adding(self) -> list[OpenApiParameter]:
        limit = {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": f"^{KEY}$"}
        asked = [_query(name, kind, text) for name, (kind, text) in getattr(self.view, "asked", {}).items()]
        return [*asked, _header("Idempotency-Key", "repeat the request with the same key and it is done once; kept for 24 hours", limit)]

    def _changing(self) -> list[OpenApiParameter]:
        return [_header("If-Match", "the ETag of the object as you last read it", required=True)]

    def get_examples(self) -> list[OpenApiExample]:
        """The body's example."""
        example = getattr(getattr(self.view, "body", None), "example", None)
        return [OpenApiExample("Example", value=example, request_only=True)] if example and self.method != "GET" else []


def _query(name: str, schema: Values, text: str) -> OpenApiParameter:
    return OpenApiParameter(name, schema, OpenApiParameter.QUERY, description=text)


def _header(name: str, text: str, schema: Values | None = None, required: bool = False) -> OpenApiParameter:
    return OpenApiParameter(name, schema or {"type": "string"}, OpenApiParameter.HEADER, description=text, required=required)


def _paging(orderings: tuple[str, ...]) -> list[OpenApiParameter]:
    orders = {"type": "string", "enum": both_ways(orderings), "default": orderings[0]}
    return [
        _query("limit", {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}, "rows on a page"),
        _query("cursor", {"type": "string"}, "from “next” or “previous” of another page"),
        _query("ordering", orders, "field to order by; “-” for descending"),
    ]


def _kind(row: django_filters.Filter) -> Values:
    if isinstance(row, django_filters.UUIDFilter):
        return {"type": "string", "format": "uuid"}
    if isinstance(row, DayFilter):
        return {"type": "string", "format": "date"}
    if "choices" in row.extra:
        return {"type": "string", "enum": [value for value, _ in row.extra["choices"]]}
    return {"type": "string", "minLength": 1, "maxLength": row.extra["max_length"]}


def _answer_headers(method: str) -> list[OpenApiParameter]:
    found: list[tuple[str, str, bool | list[int]]] = [
        ("RateLimit", "calls left in this minute (r) and seconds until it ends (t)", True),
        ("RateLimit-Policy", "calls allowed a minute", True),
        ("ETag", "hash of the answer", [200, 201, 304]),
        ("WWW-Authenticate", "how to authenticate", [401]),
        ("Retry-After", "seconds to wait", [429]),
    ]
    if method == "POST":
        found += [("Location", "address of the new object", [201]), ("Idempotent-Replayed", "true: this answer was given before", [200, 201])]
    return [OpenApiParameter(name, {"type": "string"}, OpenApiParameter.HEADER, description=text, response=codes) for name, text, codes in found]


def strict_bodies(result: Values, generator: Any, request: Any, public: bool) -> Values:
    """Say what bodies do: unknown fields are refused, and required texts may not be blank."""
    for name, component in result["components"]["schemas"].items():
        if name.endswith(("Body", "Patch")):
            component["additionalProperties"] = False
    return result
