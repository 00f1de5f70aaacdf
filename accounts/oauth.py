"""OAuth 2 for programs: secrets of service accounts, and the short-lived access tokens issued for them (RFC 6749, section 4.4)."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.models import ApiToken, ClientSecret, Role, User
from accounts.permissions import require
from accounts.record import Record, homes_of
from accounts.services.people import manages
from accounts.tokens import DAYS_MOST, LEAD, SHOWN, hash_of, scopes_checked
from core import clock
from core.errors import InvalidInput, InvalidState, NotAllowed

SECRET_LEAD = "assay_cs_"  # noqa: S105 - the beginning by which a leaked one is recognised
LIFETIME = timedelta(minutes=15)
OVERLAP_MOST = 168


class UnknownClient(Exception):
    """No such client, or not its secret, or neither may be used any more; which of these is nobody's business."""


class ScopeBeyond(Exception):
    """A scope was asked for that the secret was not given."""


@transaction.atomic
def client_secret_issue(*, actor: User, record: Record, user: User, scopes: Iterable[str], days: int) -> tuple[ClientSecret, str]:
    """A new secret of the service account ``user``, whose id is the client id. Earlier ones go on; nobody can read this one again later."""
    _require_program(actor, user)
    wanted = scopes_checked(user, scopes)
    if not 1 <= days <= DAYS_MOST:
        raise InvalidInput("days", f"choose between 1 and {DAYS_MOST} days; before it ends, exchange it")
    return _made(actor, record, user, wanted, clock.now() + timedelta(days=days))


@transaction.atomic
def client_secret_rotate(*, actor: User, record: Record, secret: ClientSecret, overlap_hours: int = 24) -> tuple[ClientSecret, str]:
    """Another secret with the same scopes and length of life; the former one ends after ``overlap_hours``."""
    _require_program(actor, secret.user)
    row = _usable(secret)
    if not 0 <= overlap_hours <= OVERLAP_MOST:
        raise InvalidInput("overlap_hours", f"choose from 0, for a secret that leaked, to {OVERLAP_MOST}")
    now = clock.now()
    made = _made(actor, record, row.user, row.scopes, now + (row.expires_at - row.created_at))
    if overlap_hours == 0:
        _end(row, now)
    else:
        row.expires_at = min(row.expires_at, now + timedelta(hours=overlap_hours))
        row.save(update_fields=["expires_at"])
    _note(record, actor, "accounts.client_secret.rotated", row, {"overlap_hours": overlap_hours})
    return made


@transaction.atomic
def client_secret_revoke(*, actor: User, record: Record, secret: ClientSecret) -> ClientSecret:
    """End a secret and every access token that was issued for it, now."""
    _require_program(actor, secret.user, ended=True)
    row = _usable(secret)
    _end(row, clock.now())
    _note(record, actor, "accounts.client_secret.revoked", row, {})
    return row


@transaction.atomic
def access_token_issue(client_id: str, secret: str, scopes: Iterable[str] | None) -> tuple[str, list[str], int]:
    """An access token for a client that knows its secret: the token, its scopes, and for how many seconds it opens. Not logged: the secret is."""
    row, now = _client(client_id, secret), clock.now()
    wanted = sorted(set(row.scopes if scopes is None else scopes))
    if not wanted or not set(wanted) <= set(row.scopes):
        raise ScopeBeyond
    token = LEAD + secrets.token_urlsafe(32)
    ends = min(now + LIFETIME, row.expires_at)
    ApiToken.objects.filter(client_secret=row, expires_at__lt=now).delete()
    ApiToken.objects.create(
        user=row.user, name="OAuth 2", prefix=token[:SHOWN], secret_hash=hash_of(token), scopes=wanted, expires_at=ends, created_by=row.user, client_secret=row
    )
    ClientSecret.objects.filter(pk=row.pk).update(last_used_at=now)
    return token, wanted, max(int((ends - now).total_seconds()), 1)


def _client(client_id: str, secret: str) -> ClientSecret:
    # Found by the hash of 256 random bits, so that there is nothing to compare in constant time.
    row = ClientSecret.objects.select_for_update(of=("self",)).select_related("user").filter(secret_hash=hash_of(secret)).first()
    if row is None or str(row.user_id) != _canonical(client_id) or not row.usable_at(clock.now()):
        raise UnknownClient
    if not row.user.is_active or not row.user.is_service:
        raise UnknownClient
    return row


def _canonical(client_id: str) -> str:
    try:
        return str(UUID(client_id))
    except ValueError:
        return ""


def _require_program(actor: User, user: User, ended: bool = False) -> None:
    require(actor, "accounts.manage")
    if not user.is_service or Role.API_CLIENT not in {role for _, role in user.roles_held}:
        raise NotAllowed("Only service accounts have client secrets. People issue tokens of their own.")
    if not manages(actor, user):
        raise NotAllowed("Only an administrator of the organisation manages secrets of its service accounts.")
    if not user.is_active and not ended:
        raise InvalidState("This service account is deactivated. Reactivate it first.")


def _usable(secret: ClientSecret) -> ClientSecret:
    row = ClientSecret.objects.select_for_update(of=("self",)).select_related("user").get(pk=secret.pk)
    if not row.usable_at(clock.now()):
        raise InvalidState("This secret is revoked or expired already.")
    return row


def _made(actor: User, record: Record, user: User, scopes: list[str], ends: datetime) -> tuple[ClientSecret, str]:
    secret = SECRET_LEAD + secrets.token_urlsafe(32)
    shown = len(SECRET_LEAD) + 6
    row = ClientSecret.objects.create(user=user, prefix=secret[:shown], secret_hash=hash_of(secret), scopes=scopes, expires_at=ends, created_by=actor)
    _note(record, actor, "accounts.client_secret.issued", row, {"scopes": scopes, "expires_at": clock.iso(ends)})
    return row, secret


def _end(row: ClientSecret, now: datetime) -> None:
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])
    ApiToken.objects.filter(client_secret=row, revoked_at=None).update(revoked_at=now)


def _note(record: Record, actor: User, action: str, row: ClientSecret, payload: dict[str, object]) -> None:
    for home in homes_of(row.user):
        record(actor=actor, action=action, subject=f"accounts.user:{row.user_id}", payload={"secret": str(row.pk), **payload}, organisation_id=home)
