"""Service accounts: programs that act under a name of their own and cannot sign in."""

from django.db import transaction

from accounts.models import Membership, Organisation, Role, User
from accounts.permissions import require
from accounts.record import Owner, Record
from accounts.services.names import checked_username


@transaction.atomic
def service_account_create(*, actor: User, record: Record, organisation: Organisation, username: str) -> User:
    """An account for a program that uses the API; it has no password, only the tokens an administrator gives it."""
    require(actor, "accounts.manage", Owner(organisation.id))
    return _created(actor, record, organisation, checked_username(username), Role.API_CLIENT)


@transaction.atomic
def service_account_ensure(*, actor: User, record: Record, organisation: Organisation, name: str) -> User:
    """The workers' account ``name`` of ``organisation``, created on first call."""
    require(actor, "accounts.manage", Owner(organisation.id))
    return User.objects.filter(username=name).first() or _created(actor, record, organisation, name, Role.WORKER)


def _created(actor: User, record: Record, organisation: Organisation, name: str, role: str) -> User:
    user = User(username=name, is_service=True)
    user.set_unusable_password()
    user.save()
    Membership.objects.create(user=user, organisation=organisation, role=role)
    subject, payload = f"accounts.user:{user.id}", {"name": name, "role": str(role)}
    record(actor=actor, action="accounts.service_account.created", subject=subject, payload=payload, organisation_id=organisation.id)
    return user
