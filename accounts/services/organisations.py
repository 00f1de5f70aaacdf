"""The first organisation of an installation."""

from django.db import transaction

from accounts.models import Membership, Organisation, Role, User
from accounts.record import Record
from accounts.services.names import checked_username, password_set
from core.errors import Conflict


@transaction.atomic
def organisation_found(*, actor: User | None, record: Record, name: str, username: str, password: str, temporary: bool = False) -> tuple[Organisation, User]:
    """Create the first organisation and its administrator; only on an installation that has no person yet (``actor`` None).

    ``temporary``: the password was written down somewhere, so its first use demands another.
    """
    if actor is not None or User.objects.filter(is_service=False).exists():
        raise Conflict("This installation already has an administrator; ask them to add users.")
    organisation = Organisation.objects.create(name=name)
    user = User(username=checked_username(username), must_change_password=temporary)
    password_set(user, password)
    user.save()
    Membership.objects.create(user=user, organisation=organisation, role=Role.ADMINISTRATOR)
    subject, payload = f"accounts.organisation:{organisation.id}", {"administrator": str(user.id)}
    record(actor=user, action="accounts.organisation.founded", subject=subject, payload=payload, organisation_id=organisation.id)
    return organisation, user
