"""The bases of all views: a list, an object, an action. A section's views say what they read and which service they call."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import User
from api.v1.base import idempotency
from api.v1.base.authentication import actor_of
from api.v1.base.etag import match_require, unchanged
from api.v1.base.filters import narrow, parameters_check
from api.v1.base.pagination import page_read
from api.v1.base.problem import TooLarge
from api.v1.base.rendering import MEDIA_TYPE, answer, dump
from api.v1.base.rows import Body, Nothing, Values
from api.v1.base.throttling import Rate, rate_take
from core.errors import NotFound


class ApiView(APIView):
    """One address. ``out`` is what it answers with, ``noun`` what people call that."""

    out: ClassVar[Any]
    noun: ClassVar[str] = "object"
    rate: Rate | None = None

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[JSONRenderer, str]:
        """JSON, whatever is preferred: there is nothing to choose from."""
        return JSONRenderer(), MEDIA_TYPE

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Whether the body is small enough, who asks, how often, and whether they may."""
        try:
            _ = request.body  # kept from here on, for the parser and for the digest of the request
        except RequestDataTooBig as error:
            raise TooLarge from error
        super().initial(request, *args, **kwargs)

    def perform_authentication(self, request: Request) -> None:
        """Find out who asks and count the call before the permission is looked at: refusals count too."""
        actor = actor_of(request)
        self.rate = rate_take(str(actor.token_id or actor.pk))
        if self.rate.exceeded:
            raise exceptions.Throttled(wait=self.rate.reset)

    def finalize_response(self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        """The headers every answer carries."""
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[arg-type]
        if response.status_code in (200, 201):
            response = unchanged(request, response)
        response["Cache-Control"] = "no-store"
        for name, value in (self.rate.headers() if self.rate else {}).items():
            response[name] = value
        return response

    def checked(self, request: Request, body: type[Body]) -> Values:
        """The request's body as ``body`` describes it."""
        parameters_check(request, ())
        bound = body(data=request.data)
        bound.is_valid(raise_exception=True)
        return dict(bound.validated_data)

    def shown(self, actor: User, key: Any) -> Values:
        """The object ``key`` as it is shown, or ``NotFound``."""
        rows, _ = self.out.read(self.out.visible(actor).filter(pk=key))
        if not rows:
            raise NotFound(f"There is no such {self.noun} in your register.")
        found: Values = rows[0]
        return found


class ListView(ApiView):
    """A list in pages."""

    filters: ClassVar[type[django_filters.FilterSet] | None] = None
    orderings: ClassVar[tuple[str, ...]] = ("-created_at",)
    listed: ClassVar[bool] = True

    def get(self, request: Request) -> HttpResponse:
        """One page of the list."""
        queryset = narrow(request, self.filters, self.out.visible(actor_of(request)))
        return answer(page_read(request, self.out, queryset, self.orderings))


class CreateView(ListView):
    """A list that can be added to."""

    body: ClassVar[type[Body]]
    detail: ClassVar[type["DetailView"]]
    address: ClassVar[str]
    """Name of the address of one object."""

    def post(self, request: Request) -> HttpResponse:
        """Add an object."""
        actor = actor_of(request)
        data = self.checked(request, self.body)
        return idempotency.once(request, actor, lambda: self._created(actor, data))

    def create(self, actor: User, data: Values) -> Any:
        """Call the service; returns the new row."""
        raise NotImplementedError

    def _created(self, actor: User, data: Values) -> HttpResponse:
        row = self.create(actor, data)
        response = answer(self.detail().shown(actor, row.pk), 201)
        response["Location"] = reverse(f"api:{self.address}", args=[row.pk])
        return response


class DetailView(ApiView):
    """One object."""

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The object."""
        parameters_check(request, ())
        return answer(self.shown(actor_of(request), id))


class PatchView(DetailView):
    """One object that can be changed by who saw its present state."""

    body: ClassVar[type[Body]]

    @transaction.atomic
    def patch(self, request: Request, id: UUID) -> HttpResponse:
        """Change the fields given, if the object is still what If-Match names."""
        actor = actor_of(request)
        changes = self.checked(request, self.body)
        row = self.out.visible(actor).select_for_update(of=("self",)).filter(pk=id).first()
        before = self.shown(actor, id)
        match_require(request, dump(before))
        self.change(actor, row, changes)
        return answer(self.shown(actor, id))

    def change(self, actor: User, row: Any, changes: Values) -> None:
        """Call the service."""
        raise NotImplementedError


class ActionView(ApiView):
    """Something done with one object by POST; answers with the object as it is then."""

    body: ClassVar[type[Body]] = Nothing

    def post(self, request: Request, id: UUID) -> HttpResponse:
        """Do it."""
        actor = actor_of(request)
        data = self.checked(request, self.body)
        return idempotency.once(request, actor, lambda: self._done(actor, id, data))

    def act(self, actor: User, row: Any, data: Values) -> None:
        """Call the service."""
        raise NotImplementedError

    def _done(self, actor: User, key: UUID, data: Values) -> HttpResponse:
        row = self.out.visible(actor).filter(pk=key).first()
        if row is None:
            raise NotFound(f"There is no such {self.noun} in your register.")
        self.act(actor, row, data)
        return answer(self.shown(actor, key))
