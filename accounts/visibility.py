"""The row-level gate of every app: which rows an actor may know of, as one semi-join and never as a list of keys."""

from typing import ClassVar, Self, TypeVar

from django.db import models

from accounts.models import Membership, User
from accounts.permissions import roles_with

M = TypeVar("M", bound=models.Model)


class VisibleQuerySet(models.QuerySet[M]):
    """Rows of organisations in which one of the actor's roles includes ``read_verb``."""

    owner_path: ClassVar[str] = "organisation"
    read_verb: ClassVar[str] = "inventory.read"

    def visible_to(self, actor: User) -> Self:
        """Rows the actor may know of; none for an inactive actor or one whose token leaves the verb out."""
        return self._where(actor, self.read_verb)

    def doable_by(self, actor: User, verb: str) -> Self:
        """Rows the actor may know of and whose organisation gives them ``verb``."""
        return self.visible_to(actor)._where(actor, verb)

    def _where(self, actor: User, verb: str) -> Self:
        if not actor.may_ever(verb):
            return self.none()
        held = Membership.objects.filter(user=actor, role__in=roles_with(verb), organisation=models.OuterRef(self.owner_path))
        return self.filter(models.Exists(held))


def users_visible_to(actor: User, verb: str = "accounts.read") -> models.QuerySet[User]:
    """Users who share an organisation with the actor in which one of the actor's roles includes ``verb``."""
    if not actor.may_ever(verb):
        return User.objects.none()
    held = Membership.objects.filter(user=actor, role__in=roles_with(verb), organisation=models.OuterRef("organisation"))
    shared = Membership.objects.filter(models.Exists(held), user=models.OuterRef("pk"))
    return User.objects.filter(models.Exists(shared))
