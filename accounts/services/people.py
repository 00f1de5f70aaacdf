"""People: who they are, which roles they have, and whether they may still come in."""

from collections.abc import Iterable
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction

from accounts.models import ApiToken, ClientSecret, Membership, Organisation, Role, User
from accounts.permissions import PERSONAL, allowed, require
from accounts.record import Owner, Record, homes_of
from accounts.services.names import checked_email, checked_name, checked_username, password_set
from core import clock
from core.errors import InvalidInput, InvalidState, NotAllowed


@transaction.atomic
def user_create(
    *, actor: User, record: Record, organisation: Organisation, username: str, roles: Iterable[str], email: str = "", name: str = "", password: str = ""
) -> User:
    """Create a person with roles in ``organisation``. Without a password they come in by an invitation, so that nobody else ever knows one."""
    require(actor, "accounts.manage", Owner(organisation.id))
    wanted = _checked_roles(roles)
    user = User(username=checked_username(username), email=checked_email(email), first_name=checked_name(name))
    if password:
        password_set(user, password)
    else:
        user.set_unusable_password()
    user.save()
    Membership.objects.bulk_create(Membership(user=user, organisation=organisation, role=role) for role in wanted)
    record(actor=actor, action="accounts.user.created", subject=_subject(user), payload={"roles": wanted}, organisation_id=organisation.id)
    return user


@transaction.atomic
def user_invite(*, actor: User, record: Record, user: User) -> str:
    """The key of a link with which ``user`` sets a password; it works once, for a day, and ends the links made before."""
    _require_manages(actor, user)
    if user.is_service:
        raise InvalidState("A service account has no password. Give it an API token instead.")
    if not user.is_active:
        raise InvalidState(f"{user} is deactivated. Reactivate the account first.")
    if user.pk == actor.pk:
        raise NotAllowed("Change your own password on your profile.")
    joined = user.has_usable_password()
    if not joined:
        # A fresh unusable password is another random text, and the key is bound to it.
        user.set_unusable_password()
        user.save(update_fields=["password"])
    _note(record, actor, "accounts.user.reset_link_made" if joined else "accounts.user.invited", user)
    return default_token_generator.make_token(user)


@transaction.atomic
def roles_change(*, actor: User, record: Record, user: User, organisation: Organisation, roles: Iterable[str]) -> User:
    """Give ``user`` exactly ``roles`` in ``organisation``; nobody changes their own."""
    require(actor, "accounts.manage", Owner(organisation.id))
    if user.pk == actor.pk:
        raise NotAllowed("Nobody changes their own roles. Ask another administrator.")
    if user.is_service:
        raise InvalidState("The roles of a service account are fixed. Limit it with the scopes of its tokens.")
    wanted = _checked_roles(roles)
    _lock(organisation.id)
    held = sorted(Membership.objects.filter(user=user, organisation=organisation).values_list("role", flat=True))
    if held == wanted:
        return user
    if not held:
        raise NotAllowed("This person does not belong to your organisation.")
    if Role.ADMINISTRATOR in held and Role.ADMINISTRATOR not in wanted:
        _require_another_administrator(organisation.id, user)
    Membership.objects.filter(user=user, organisation=organisation).exclude(role__in=wanted).delete()
    added = [Membership(user=user, organisation=organisation, role=role) for role in wanted if role not in held]
    Membership.objects.bulk_create(added)
    payload = {"before": held, "after": wanted}
    record(actor=actor, action="accounts.roles.changed", subject=_subject(user), payload=payload, organisation_id=organisation.id)
    user.__dict__.pop("roles_held", None)
    return user


@transaction.atomic
def user_deactivate(*, actor: User, record: Record, user: User) -> User:
    """Shut ``user`` out at once: sessions, password, tokens and invitations end; what they did stays in the log."""
    _require_manages(actor, user)
    if user.pk == actor.pk:
        raise NotAllowed("Nobody deactivates their own account. Ask another administrator.")
    if user.is_service and Role.WORKER in {role for _, role in user.roles_held}:
        raise InvalidState("The workers run assessments under this account. Without it nothing could be assessed.")
    for home in homes_of(user):
        _lock(home)
        if (home, Role.ADMINISTRATOR) in user.roles_held:
            _require_another_administrator(home, user)
    if not User.objects.select_for_update().get(pk=user.pk).is_active:
        raise InvalidState(f"{user} is deactivated already.")
    user.is_active = False
    # Sessions are bound to the password: without one they stay ended even when the account is opened again.
    user.set_unusable_password()
    user.save(update_fields=["is_active", "password"])
    ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=clock.now())
    ClientSecret.objects.filter(user=user, revoked_at=None).update(revoked_at=clock.now())
    _note(record, actor, "accounts.user.deactivated", user)
    return user


@transaction.atomic
def user_reactivate(*, actor: User, record: Record, user: User) -> User:
    """Open a deactivated account again; the person needs a new invitation, a program new tokens."""
    _require_manages(actor, user)
    if User.objects.select_for_update().get(pk=user.pk).is_active:
        raise InvalidState(f"{user} is active already.")
    user.is_active = True
    user.save(update_fields=["is_active"])
    _note(record, actor, "accounts.user.reactivated", user)
    return user


@transaction.atomic
def details_change(*, actor: User, record: Record, user: User, name: str, email: str) -> User:
    """Change a person's name and e-mail address, one's own or as an administrator; the log hears that it happened, not what they are."""
    if user.pk == actor.pk:
        require(actor, "account.self")
    else:
        _require_manages(actor, user)
    wanted_name, wanted_email = checked_name(name), checked_email(email, user)
    changed = [key for key, old, new in (("name", user.get_full_name(), wanted_name), ("email", user.email, wanted_email)) if old != new]
    if not changed:
        return user
    user.first_name, user.last_name, user.email = wanted_name, "", wanted_email
    user.save(update_fields=["first_name", "last_name", "email"])
    _note(record, actor, "accounts.user.changed", user, {"fields": changed})
    return user


@transaction.atomic
def user_change(*, actor: User, record: Record, user: User, organisation: Organisation, name: str, email: str, roles: Iterable[str]) -> User:
    """Change name, address and roles in ``organisation`` together, or nothing."""
    if (name.strip(), email.strip().lower()) != (user.get_full_name(), user.email):
        details_change(actor=actor, record=record, user=user, name=name, email=email)
    return roles_change(actor=actor, record=record, user=user, organisation=organisation, roles=roles)


@transaction.atomic
def factors_remove(*, actor: User, record: Record, user: User) -> int:
    """Remove the second factors of somebody who lost theirs; returns how many there were."""
    _require_manages(actor, user)
    if user.pk == actor.pk:
        raise NotAllowed("Remove your own second factors on your profile, where you prove that it is you.")
    removed = int(Authenticator.objects.filter(user=user).delete()[0])
    if not removed:
        raise InvalidState(f"{user} has no second factor.")
    _note(record, actor, "accounts.second_factor.removed", user)
    return removed


def temporary_password_end(*, actor: User) -> bool:
    """Whether the actor's password was temporary until now; called after they chose their own, which is logged with that change."""
    return bool(User.objects.filter(pk=actor.pk, must_change_password=True).update(must_change_password=False))


def manages(actor: User, user: User) -> bool:
    """Whether the actor administers every organisation ``user`` has a role in: less would reach into another register."""
    homes = homes_of(user)
    return bool(homes) and all(allowed(actor, "accounts.manage", Owner(home)) for home in homes)


def _require_manages(actor: User, user: User) -> None:
    require(actor, "accounts.manage")
    if not manages(actor, user):
        raise NotAllowed("This person belongs to an organisation that you do not administer.")


def _checked_roles(roles: Iterable[str]) -> list[str]:
    wanted = sorted(set(roles))
    if not wanted:
        raise InvalidInput("roles", "choose at least one role; to shut somebody out, deactivate the account")
    unknown = [role for role in wanted if role not in PERSONAL]
    if unknown:
        raise InvalidInput("roles", f"unknown role {unknown[0]}; choose from {', '.join(sorted(PERSONAL))}")
    return wanted


def _lock(organisation_id: UUID) -> None:
    """Two administrators who demote each other at the same moment must not both succeed."""
    Organisation.objects.select_for_update().get(pk=organisation_id)


def _require_another_administrator(organisation_id: UUID, leaving: User) -> None:
    others = User.objects.filter(is_active=True, memberships__organisation=organisation_id, memberships__role=Role.ADMINISTRATOR)
    if not others.exclude(pk=leaving.pk).exists():
        raise InvalidState(f"{leaving} is the last active administrator of the organisation. Make somebody else administrator first.")


def _subject(user: User) -> str:
    return f"accounts.user:{user.id}"


def _note(record: Record, actor: User, action: str, user: User, payload: dict[str, object] | None = None) -> None:
    for home in homes_of(user):
        record(actor=actor, action=action, subject=_subject(user), payload=payload or {}, organisation_id=home)
