"""Rows that a body names by id: each must be one the actor may know of."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Organisation, User
from accounts.permissions import POLICY
from core.errors import InvalidInput


def named(field: str, queryset: QuerySet[Any], key: UUID) -> Any:
    """The row ``key`` of ``queryset``; ``InvalidInput`` on ``field`` where there is none."""
    row = queryset.filter(pk=key).first()
    if row is None:
        raise InvalidInput(field, "there is no such object in your register")
    return row


def organisation_for(actor: User, verb: str, key: UUID | None) -> Organisation:
    """The organisation to write into: the one named, else the only one in which a role of the actor includes ``verb``."""
    homes = sorted({home for home, role in actor.roles_held if verb in POLICY[role]})
    if key is None and len(homes) != 1:
        raise InvalidInput("organisation", "you belong to several organisations; name one of them by its id")
    wanted = homes[0] if key is None else key
    if wanted not in homes:
        raise InvalidInput("organisation", "you belong to no such organisation")
    return Organisation.objects.get(pk=wanted)
