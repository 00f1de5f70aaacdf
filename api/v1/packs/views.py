"""Calls about due-diligence packs."""

from accounts.models import User
from api.v1.base.related import named
from api.v1.base.rows import Values
from api.v1.base.views import CreateView, DetailView
from api.v1.evidence.signed import PdfView, ProofView
from api.v1.packs.filters import PackFilter
from api.v1.packs.serializers import VendorPackBody, VendorPackRow, VendorPackWhole
from inventory.models import Vendor
from reports.models import VendorPack
from reports.vendor_packs import vendor_pack_request


class PackDetail(DetailView):
    """One pack with everything it says."""

    out, noun = VendorPackWhole, "due-diligence pack"


class PackList(CreateView):
    """Due-diligence packs on vendors."""

    out, body, noun, detail, address = VendorPackRow, VendorPackBody, "due-diligence pack", PackDetail, "vendor-pack"
    filters, orderings = PackFilter, ("-number", "created_at")

    def create(self, actor: User, data: Values) -> VendorPack:
        """Ask for the pack as the record stands now; where one says exactly this already, it is the answer. A worker draws and signs it."""
        return vendor_pack_request(actor=actor, vendor=named("vendor", Vendor.objects.visible_to(actor), data["vendor"]))


class PackPdf(PdfView):
    """The signed PDF of a pack, hashed again on the way out; its SHA-256 is the ETag."""

    out, noun, model = VendorPackRow, "due-diligence pack", VendorPack


class PackProof(ProofView):
    """The signed statement of a pack with its proof: what ``assay verify`` wants beside the PDF."""

    noun, model = "due-diligence pack", VendorPack
