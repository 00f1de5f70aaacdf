"""Vendors' public keys: pinned by a person who compared the fingerprint, withdrawn when they may not be trusted any more."""

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from assessments.models import VendorKey
from core import clock
from core.errors import Conflict, IntegrityFailed, InvalidInput, InvalidState, NotAllowed
from core.hashing import sha256_bytes
from evidence import ledger
from evidence.trust import TrustedRoot
from inventory.models import Vendor

LARGEST = 256 * 1024
"""Bytes of a key file; one with a dozen retired keys has a few thousand."""


@transaction.atomic
def vendor_key_pin(*, actor: User, vendor: Vendor, trusted_root: bytes, fingerprint: str, compared: str) -> VendorKey:
    """Trust the keys in the vendor's ``trusted_root.json`` from now on.

    ``fingerprint``: the hex SHA-256 of that file as the vendor told it by another way than the file came; only a person can have compared it.
    """
    require(actor, "vendor_key.pin", vendor)
    if actor.is_service:
        raise NotAllowed("A program cannot have compared a fingerprint with the vendor; a person has to pin the key.")
    trust, found = _read(trusted_root), sha256_bytes(trusted_root)
    if plain(fingerprint) != found:
        raise InvalidInput("fingerprint", "this is not the fingerprint of the file. Ask the vendor again: either may have been changed on the way.")
    if compared not in VendorKey.Compared.values:
        raise InvalidInput("compared", "say how you obtained the fingerprint")
    if VendorKey.objects.filter(vendor=vendor, fingerprint=found, withdrawn_at__isnull=True).exists():
        raise Conflict(f"This key file is pinned for {vendor.name} already.")
    origin = next(iter(trust.logs), "")
    row = VendorKey(
        vendor=vendor,
        fingerprint=found,
        trusted_root=trusted_root.decode(),
        statement_keys=sorted(trust.statements),
        origin=origin[:200],
        compared=compared,
        pinned_by=actor,
    )
    payload = {"vendor": str(vendor.pk), "fingerprint": found, "origin": row.origin, "compared": compared}
    row.entry = ledger.append(actor=actor, action="assessments.vendorkey.pinned", subject=row.subject, payload=payload, organisation_id=vendor.organisation_id)
    row.save(force_insert=True)
    return row


@transaction.atomic
def vendor_key_withdraw(*, actor: User, key: VendorKey, reason: str) -> VendorKey:
    """Trust the key no more. Cases accepted under it stay, marked with the day on which it was withdrawn."""
    require(actor, "vendor_key.pin", key)
    if not reason.strip():
        raise InvalidInput("reason", "say in one sentence why the key is not to be trusted any more")
    row = VendorKey.objects.select_for_update(of=("self",)).select_related("vendor").get(pk=key.pk)
    if row.withdrawn_at is not None:
        raise InvalidState(f"This key was withdrawn on {row.withdrawn_at:%d %B %Y} already.")
    row.withdrawn_at, row.withdrawn_by, row.withdrawn_reason = clock.now(), actor, reason.strip()
    row.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])
    payload = {"vendor": str(row.vendor_id), "fingerprint": row.fingerprint}
    ledger.append(actor=actor, action="assessments.vendorkey.withdrawn", subject=row.subject, payload=payload, organisation_id=row.organisation_id)
    return row


def plain(fingerprint: str) -> str:
    """A fingerprint as people write it, with spaces, colons or capitals, as 64 hex digits."""
    return fingerprint.replace(" ", "").replace(":", "").strip().lower()


def _read(data: bytes) -> TrustedRoot:
    if len(data) > LARGEST:
        raise InvalidInput("file", f"the file is larger than {LARGEST // 1024} KiB; a key file is much smaller")
    try:
        trust = TrustedRoot.parse(data)
    except IntegrityFailed as error:
        raise InvalidInput("file", f"this is not the public key file of an installation: {error}") from error
    if not trust.statements or not trust.logs:
        raise InvalidInput("file", "the file holds no statement key or no log key, so no case could be checked against it")
    return trust
