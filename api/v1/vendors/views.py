"""Calls about vendors."""

from accounts.models import User
from api.v1.base.related import organisation_for
from api.v1.base.rows import Values
from api.v1.base.views import CreateView, PatchView
from api.v1.vendors.filters import VendorFilter
from api.v1.vendors.serializers import VendorBody, VendorPatch, VendorRow
from inventory.models import Vendor
from inventory.services import vendor_register, vendor_update


class VendorDetail(PatchView):
    """One vendor."""

    out, body, noun = VendorRow, VendorPatch, "vendor"

    def change(self, actor: User, row: Vendor, changes: Values) -> None:
        """Change what the register says of it; the log keeps what was before and after."""
        vendor_update(actor=actor, vendor=row, changes=changes)


class VendorList(CreateView):
    """Vendors of your register."""

    out, body, noun, detail, address = VendorRow, VendorBody, "vendor", VendorDetail, "vendor"
    filters, orderings = VendorFilter, ("name", "created_at")

    def create(self, actor: User, data: Values) -> Vendor:
        """Enter a vendor with the access its contract grants."""
        organisation = organisation_for(actor, "inventory.write", data.pop("organisation", None))
        return vendor_register(actor=actor, organisation=organisation, **data)
