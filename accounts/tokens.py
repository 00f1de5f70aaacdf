"""API tokens: issued once, kept as a hash, narrower than the roles of their owner, ended by time or by hand."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import models, transaction

from accounts.models import ApiToken, Role, User
from accounts.permissions import POLICY, SCOPES, require
from accounts.record import Record, homes_of
from accounts.services.people import manages
from core import clock
from core.errors import InvalidInput, InvalidState, NotAllowed

LEAD = "assay_"
SHOWN = 12
DAYS_MOST = 365
USE_NOTED_EVERY = timedelta(minutes=1)


def hash_of(secret: str) -> str:
    """What is kept of a secret. It has 256 random bits, so a slow password hash would add nothing."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def scopes_open_to(owner: User) -> list[str]:
    """The scopes whose every verb one of the owner's roles includes."""
    verbs = frozenset[str]().union(*(POLICY[role] for _, role in owner.roles_held))
    return [scope for scope, wanted in SCOPES.items() if wanted <= verbs]


@transaction.atomic
def token_issue(*, actor: User, record: Record, name: str, scopes: Iterable[str], days: int, user: User | None = None) -> tuple[ApiToken, str]:
    """A new token of the actor, or of the service account ``user``, and its secret, which nobody can read again later."""
    require(actor, "token.issue")
    owner = actor if user is None else user
    _require_owner(actor, owner)
    name, wanted = name.strip(), scopes_checked(owner, scopes)
    if not name or len(name) > 100:
        raise InvalidInput("name", "say in at most 100 characters which program will use it")
    if not 1 <= days <= DAYS_MOST:
        raise InvalidInput("days", f"choose between 1 and {DAYS_MOST} days; before it ends, issue another")
    secret = LEAD + secrets.token_urlsafe(32)
    ends = clock.now() + timedelta(days=days)
    token = ApiToken.objects.create(user=owner, name=name, prefix=secret[:SHOWN], secret_hash=hash_of(secret), scopes=wanted, expires_at=ends, created_by=actor)
    _note(record, actor, "accounts.token.issued", token, {"token": str(token.id), "scopes": wanted, "expires_at": clock.iso(ends)})
    return token, secret


@transaction.atomic
def token_revoke(*, actor: User, record: Record, token: ApiToken) -> ApiToken:
    """End ``token`` now: one's own, or as an administrator anyone's of the organisation."""
    require(actor, "account.self")
    if token.user_id != actor.pk and not manages(actor, token.user):
        raise NotAllowed("This token belongs to somebody else. Its owner or an administrator of their organisation can revoke it.")
    locked = ApiToken.objects.select_for_update().get(pk=token.pk)
    if locked.revoked_at is not None:
        raise InvalidState(f"The token “{locked.name}” is revoked already.")
    locked.revoked_at = clock.now()
    locked.save(update_fields=["revoked_at"])
    _note(record, actor, "accounts.token.revoked", locked, {"token": str(locked.id)})
    return locked


def token_authenticate(secret: str, moment: datetime) -> User | None:
    """The owner of a usable token, limited to what its scopes allow; None for one unknown, expired, revoked or of an inactive owner."""
    # Token, owner and roles in one query, since every call of a program begins with it: a row per role, or one row without a role.
    found = ApiToken.objects.filter(secret_hash=hash_of(secret)).select_related("user").order_by()
    rows = list(found.annotate(home=models.F("user__memberships__organisation_id"), role=models.F("user__memberships__role")))
    if not rows or not rows[0].usable_at(moment) or not rows[0].user.is_active:
        return None
    token, user = rows[0], rows[0].user
    _note_use(token, moment)
    user.roles_held = tuple((row.home, row.role) for row in rows if row.role)
    user.limited_to = frozenset[str]().union(*(SCOPES.get(scope, frozenset()) for scope in token.scopes))
    user.token_id = token.id
    return user


def _note_use(token: ApiToken, moment: datetime) -> None:
    """Once a minute at most, and only one of several requests that come together: a busy program must not make every read a write."""
    due = moment - USE_NOTED_EVERY
    if token.last_used_at is None or token.last_used_at <= due:
        unused = models.Q(last_used_at=None) | models.Q(last_used_at__lte=due)
        ApiToken.objects.filter(unused, pk=token.pk).update(last_used_at=moment)


def _require_owner(actor: User, owner: User) -> None:
    if owner.pk == actor.pk:
        return
    if not owner.is_service or Role.API_CLIENT not in {role for _, role in owner.roles_held}:
        raise NotAllowed("A token acts in its owner's name, so people issue their own. Administrators issue those of service accounts.")
    if not manages(actor, owner):
        raise NotAllowed("Only an administrator of the organisation issues tokens of its service accounts.")
    if not owner.is_active:
        raise InvalidState("This service account is deactivated. Reactivate it first.")


def scopes_checked(owner: User, scopes: Iterable[str]) -> list[str]:
    """``scopes`` sorted; ``InvalidInput`` when there is none, an unknown one, or one beyond the roles of ``owner``."""
    wanted = sorted(set(scopes))
    if not wanted:
        raise InvalidInput("scopes", "choose at least one; a token without a scope can do nothing")
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown:
        raise InvalidInput("scopes", f"unknown scope “{unknown[0]}”; choose from {', '.join(SCOPES)}")
    beyond = [scope for scope in wanted if scope not in scopes_open_to(owner)]
    if beyond:
        raise InvalidInput("scopes", f"“{beyond[0]}” permits more than the roles of the token's owner")
    return wanted


def _note(record: Record, actor: User, action: str, token: ApiToken, payload: dict[str, object]) -> None:
    for home in homes_of(token.user):
        record(actor=actor, action=action, subject=f"accounts.user:{token.user_id}", payload=payload, organisation_id=home)
