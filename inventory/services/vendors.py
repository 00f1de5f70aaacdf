"""Writes to vendors."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import require
from core.errors import Conflict
from evidence import ledger
from inventory.models import Tier, Vendor
from inventory.rows import plain, row_change, row_insert, row_log
from inventory.vendor_table import Outcome, VendorPlan, plan_of

EDITABLE = (
    "name", "country", "access", "website", "contact", "notes", "tier", "owner", "review_cycle_months", "contract_reference", "contract_ends_on",
)  # fmt: skip


@transaction.atomic
def vendor_register(
    *,
    actor: User,
    organisation: Organisation,
    name: str,
    country: str,
    access: str,
    website: str = "",
    contact: str = "",
    notes: str = "",
    tier: str = Tier.STANDARD,
    owner: str = "",
    review_cycle_months: int = 12,
    contract_reference: str = "",
    contract_ends_on: date | None = None,
) -> Vendor:
    """Enter a vendor with the access its contract grants, how much we depend on it, and how long a review of its answers holds."""
    vendor = Vendor(organisation=organisation, name=name, country=country, access=access, website=website, contact=contact, notes=notes, owner=owner)
    vendor.tier, vendor.review_cycle_months = tier, review_cycle_months
    vendor.contract_reference, vendor.contract_ends_on = contract_reference, contract_ends_on
    require(actor, "inventory.write", vendor)
    row_insert(vendor)
    held = ("name", "country", "access", "website", "tier", "review_cycle_months", "contract_reference", "contract_ends_on")
    row_log(actor, "inventory.vendor.registered", vendor, {key: plain(getattr(vendor, key)) for key in held})
    return vendor


@transaction.atomic
def vendor_update(*, actor: User, vendor: Vendor, changes: Mapping[str, Any], seen: Mapping[str, Any] | None = None) -> Vendor:
    """Change what the register says of a vendor; ``Conflict`` where a value is no longer the one in ``seen``. No change, no log entry."""
    require(actor, "inventory.write", vendor)
    row, changed = row_change(vendor, editable=EDITABLE, changes=changes, seen=seen)
    if changed:
        row_log(actor, "inventory.vendor.changed", row, {"changed": changed})
    return row


@transaction.atomic
def vendors_import(*, actor: User, organisation: Organisation, rows: Sequence[Mapping[str, Any]], first: int = 1, seen: str = "") -> VendorPlan:
    """Register and change vendors by a table, all or nothing. ``seen``: the digest of the plan somebody agreed to, ``Conflict`` where it is another by now.

    With errors in any row nothing is changed; the plan that is returned names them.
    """
    require(actor, "inventory.write", Vendor(organisation=organisation))
    # Two imports at once would both see a name as free.
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    plan = plan_of(organisation, rows, first)
    if seen and plan.seen != seen:
        raise Conflict("The register was changed since you looked. Look at the preview again before you apply it.")
    if plan.errors:
        return plan
    drafts = [found for row in plan.outcomes if (found := _applied(organisation, row)) is not None]
    ledger.append_many(actor=actor, drafts=drafts)
    return plan


def _applied(organisation: Organisation, row: Outcome) -> ledger.Draft | None:
    """Store one row; what the log is to say of it, None where nothing changed."""
    if row.vendor is None:
        vendor = Vendor(organisation=organisation, **row.values)
        row_insert(vendor)
        said = {name: getattr(vendor, name) for name in ("name", "country", "access", "website")}
        return _draft(vendor, "inventory.vendor.registered", said)
    vendor, changed = row_change(row.vendor, editable=EDITABLE, changes=row.values, seen=None)
    return _draft(vendor, "inventory.vendor.changed", {"changed": changed}) if changed else None


def _draft(vendor: Vendor, action: str, payload: Mapping[str, Any]) -> ledger.Draft:
    return ledger.Draft(action, f"inventory.vendor:{vendor.pk}", payload, None, vendor.organisation_id)
