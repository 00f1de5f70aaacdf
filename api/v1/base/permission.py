"""Asks the access table before every call: what is not listed there is refused."""

from typing import Any

from rest_framework import exceptions
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.permissions import allowed
from api.v1.access import ACCESS, ANYONE, also_for, verb_for
from api.v1.base.authentication import actor_of
from core.errors import NotAllowed


class TableAccess(BasePermission):
    """Somebody asks, the table names a verb for this address and method, and their roles and token include it."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """True, or an error that says why not."""
        actor, name = actor_of(request), address_of(request)
        verb = verb_for(name, request.method or "")
        if verb is None and name in ACCESS:
            raise exceptions.MethodNotAllowed(request.method or "", detail=f"This address takes {', '.join(ACCESS[name])}.")
        if verb is None:
            raise NotAllowed("This address is not open to anyone: it has no line in the access table.")
        for needed in () if verb == ANYONE else (verb, *sorted(also_for(name, request.method or ""))):
            if not allowed(actor, needed):
                missing = "the token's scopes" if not actor.may_ever(needed) and actor.is_active else "the roles"
                raise NotAllowed(f"This needs “{needed}”, which {missing} do not include.")
        return True


def address_of(request: Request) -> str:
    """The name of the address that was called."""
    match = request.resolver_match
    return (match.url_name if match else None) or ""
