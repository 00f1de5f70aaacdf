"""The secret address of a person's calendar: made anew, shown once, kept as a hash, ended by hand or with the account."""

import secrets

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from accounts.record import homes_of
from accounts.tokens import hash_of
from core import clock
from core.errors import NotFound
from decisions.models import CalendarKey
from evidence import ledger

LEAD = "assay_cal_"
"""Logs strike out everything that begins so."""


@transaction.atomic
def calendar_open(*, actor: User) -> str:
    """A new secret for the actor's calendar; the address before it stops working. Nobody can read the secret again later."""
    require(actor, "account.self")
    secret = LEAD + secrets.token_urlsafe(32)
    CalendarKey.objects.update_or_create(user=actor, defaults={"secret_hash": hash_of(secret), "last_used_at": None, "created_at": clock.now()})
    _note(actor, "accounts.calendar.opened")
    return secret


@transaction.atomic
def calendar_close(*, actor: User) -> None:
    """End the actor's calendar; ``NotFound`` where there is none."""
    require(actor, "account.self")
    row = CalendarKey.objects.select_for_update().filter(user=actor).first()
    if row is None:
        raise NotFound("You have no calendar address.")
    row.delete()
    _note(actor, "accounts.calendar.closed")


def _note(actor: User, action: str) -> None:
    for home in homes_of(actor):
        ledger.append(actor=actor, action=action, subject=f"accounts.user:{actor.pk}", payload={}, organisation_id=home)
