"""Writes to users and organisations. This app lies below the log, so the caller hands in ``record`` (ledger.append)."""

from typing import Any, Protocol

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Membership, Organisation, Role, User
from accounts.permissions import require
from core.errors import Conflict, InvalidInput


class Record(Protocol):
    """How a write reaches the log."""

    def __call__(self, *, actor: User, action: str, subject: str, payload: dict[str, Any]) -> object:
        """Append one entry inside the open transaction."""


@transaction.atomic
def organisation_found(*, actor: User | None, record: Record, name: str, username: str, password: str) -> tuple[Organisation, User]:
    """Create the first organisation and its administrator; only on an installation that has no person yet (``actor`` None)."""
    if actor is not None or User.objects.filter(is_service=False).exists():
        raise Conflict("This installation already has an administrator; ask them to add users.")
    organisation = Organisation.objects.create(name=name)
    user = _user_with_password(username, password)
    Membership.objects.create(user=user, organisation=organisation, role=Role.ADMINISTRATOR)
    record(actor=user, action="accounts.organisation.founded", subject=f"accounts.organisation:{organisation.id}", payload={"administrator": str(user.id)})
    return organisation, user


@transaction.atomic
def user_create(*, actor: User, record: Record, organisation: Organisation, username: str, password: str, roles: list[str]) -> User:
    """Create a person with roles in ``organisation``; raises ``InvalidInput`` on a taken name, weak password or unknown role."""
    require(actor, "accounts.manage", _Owner(organisation))
    unknown = set(roles) - (set(Role.values) - {Role.WORKER})
    if unknown:
        raise InvalidInput("roles", f"unknown role {sorted(unknown)[0]}; choose from {', '.join(Role.values)}")
    user = _user_with_password(username, password)
    Membership.objects.bulk_create(Membership(user=user, organisation=organisation, role=role) for role in roles)
    record(actor=actor, action="accounts.user.created", subject=f"accounts.user:{user.id}", payload={"roles": sorted(roles)})
    return user


@transaction.atomic
def service_account_ensure(*, actor: User, record: Record, organisation: Organisation, name: str) -> User:
    """The service account ``name`` of ``organisation``, created on first call; it cannot log in."""
    require(actor, "accounts.manage", _Owner(organisation))
    user, created = User.objects.get_or_create(username=name, defaults={"is_service": True, "password": "!"})
    if created:
        Membership.objects.create(user=user, organisation=organisation, role=Role.WORKER)
        record(actor=actor, action="accounts.service_account.created", subject=f"accounts.user:{user.id}", payload={"name": name})
    return user


def _user_with_password(username: str, password: str) -> User:
    if User.objects.filter(username=username).exists():
        raise InvalidInput("username", f"“{username}” is taken; choose another")
    user = User(username=username)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput("password", " ".join(error.messages)) from error
    user.set_password(password)
    user.save()
    return user


class _Owner:
    """An organisation seen as the owner of itself."""

    def __init__(self, organisation: Organisation) -> None:
        self.organisation_id = organisation.id
