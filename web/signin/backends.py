"""Who is signed in, read together with the roles: every page needs both."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import F

from accounts.models import User


class PersonBackend(AuthenticationBackend):
    """Checks passwords as allauth does."""

    def get_user(self, user_id: Any) -> User | None:
        """The account with its roles, in one query; None where it is gone or deactivated."""
        rows = list(User.objects.filter(pk=user_id, is_active=True).annotate(held_in=F("memberships__organisation"), held_role=F("memberships__role")))
        if not rows:
            return None
        person = rows[0]
        person.roles_held = tuple((row.held_in, row.held_role) for row in rows if row.held_role)
        return person
