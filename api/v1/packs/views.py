"""Calls about due-diligence packs."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from accounts.models import User
from api.v1.base.authentication import actor_of
from api.v1.base.files import document, file_sent
from api.v1.base.filters import parameters_check
from api.v1.base.related import named
from api.v1.base.rows import Values
from api.v1.base.views import ApiView, CreateView, DetailView
from api.v1.evidence.serializers import Document
from api.v1.packs.filters import PackFilter
from api.v1.packs.serializers import VendorPackBody, VendorPackRow, VendorPackWhole
from core.errors import InvalidState, NotFound
from evidence.bundle import MEDIA_TYPE as BUNDLE
from evidence.proofs import bundle_read
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


class PackPdf(ApiView):
    """The PDF of a pack."""

    out, noun, media_types = VendorPackRow, "due-diligence pack", ("application/pdf",)

    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        """The signed PDF, hashed again on the way out; its SHA-256 is the ETag."""
        pack = _made(request, id)
        return file_sent(request, pack.pdf, "application/pdf", f"{pack.reference}.pdf")


class PackProof(ApiView):
    """The log entry of a pack."""

    out = Document
    noun, media_types = "due-diligence pack", (BUNDLE,)

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """Its signed statement with the proof: what ``assay verify`` wants beside the PDF."""
        return document(bundle_read(_made(request, id).entry.attestation), BUNDLE)


def _made(request: Request, key: UUID) -> Any:
    """A pack whose PDF and log entry are there."""
    parameters_check(request, ())
    row = VendorPack.objects.visible_to(actor_of(request)).select_related("pdf", "entry__attestation__entry").filter(pk=key).first()
    if row is None:
        raise NotFound("There is no such due-diligence pack in your register.")
    if row.pdf is None or row.entry is None:
        raise InvalidState(f"{row.reference} is {row.get_state_display().lower()}; there is no file yet.")
    return row
