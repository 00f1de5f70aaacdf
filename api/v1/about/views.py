"""Who the caller is, what there is to call, and a page to try it."""

import json
from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from rest_framework import serializers
from rest_framework.request import Request

from accounts.permissions import SCOPES
from api.v1.base.authentication import actor_of
from api.v1.base.filters import parameters_check
from api.v1.base.problem import problem
from api.v1.base.rendering import MEDIA_TYPE, answer
from api.v1.base.rows import Values
from api.v1.base.views import ApiView


class RoleRow(serializers.Serializer[Values]):
    """A role in an organisation."""

    organisation = serializers.UUIDField()
    role = serializers.CharField()


class Caller(serializers.Serializer[Values]):
    """Who asks, and what is left of the roles by the token's scopes."""

    id = serializers.UUIDField()
    roles = RoleRow(many=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=list(SCOPES)), allow_null=True, help_text="null: a person's session")


class Me(ApiView):
    """The caller."""

    out = Caller
    noun = "caller"

    def get(self, request: Request) -> HttpResponse:
        """Who you are to this installation: your roles and your token's scopes."""
        parameters_check(request, ())
        actor = actor_of(request)
        roles = [{"organisation": home, "role": role} for home, role in actor.roles_held]
        scopes = None if actor.limited_to is None else [name for name, verbs in SCOPES.items() if verbs <= actor.limited_to]
        return answer({"id": actor.pk, "roles": roles, "scopes": scopes})


class Schema(ApiView):
    """The description of this API."""

    schema = None

    def get(self, request: Request) -> HttpResponse:
        """OpenAPI 3.1."""
        return HttpResponse(schema_text(), content_type=MEDIA_TYPE)


@cache
def schema_document() -> Any:
    """The OpenAPI document; it does not depend on who asks."""
    generator: Any = SchemaGenerator
    return generator().get_schema(request=None, public=True)


@cache
def schema_text() -> str:
    """The same as text, as it is committed."""
    return json.dumps(schema_document(), indent=1, ensure_ascii=False) + "\n"


@csrf_exempt
@login_not_required
def elsewhere(request: HttpRequest) -> HttpResponse:
    """Whatever address there is not: a problem document, whoever asks."""
    return problem(404, "There is no such address. The list of all is at /api/v1/openapi.json.")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The interactive page, for signed-in people."""
    return render(request, "api/docs.html", {"nav": "settings"})
