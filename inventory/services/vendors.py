"""Writes to vendors."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import require
from inventory.models import Vendor
from inventory.rows import row_change, row_insert, row_log

EDITABLE = ("name", "country", "access", "website", "contact", "notes")


@transaction.atomic
def vendor_register(
    *, actor: User, organisation: Organisation, name: str, country: str, access: str, website: str = "", contact: str = "", notes: str = ""
) -> Vendor:
    """Enter a vendor with the access its contract grants."""
    vendor = Vendor(organisation=organisation, name=name, country=country, access=access, website=website, contact=contact, notes=notes)
    require(actor, "inventory.write", vendor)
    row_insert(vendor)
    row_log(actor, "inventory.vendor.registered", vendor, {"name": name, "country": country, "access": access, "website": website})
    return vendor


@transaction.atomic
def vendor_update(*, actor: User, vendor: Vendor, changes: Mapping[str, Any], seen: Mapping[str, Any] | None = None) -> Vendor:
    """Change what the register says of a vendor; ``Conflict`` where a value is no longer the one in ``seen``. No change, no log entry."""
    require(actor, "inventory.write", vendor)
    row, changed = row_change(vendor, editable=EDITABLE, changes=changes, seen=seen)
    if changed:
        row_log(actor, "inventory.vendor.changed", row, {"changed": changed})
    return row
