"""Due-diligence packs on a vendor: asking for one, and handing out the signed PDF and its log entry."""

from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import require
from reports.models import ReportState, VendorPack
from reports.vendor_packs import PDF, vendor_pack_request
from web.fetch import actor_of
from web.handout import bundle_sent, file_sent
from web.vendors import queries

TEXT = (
    "What the record says of {name} now is fixed, drawn, signed, stored as evidence and entered in the log: answers with verdicts, scores, exposure, "
    "flags, incidents and promises. Texts of answers go in as they were written."
)


@require_http_methods(["GET", "POST"])
def vendor_pack_build(request: HttpRequest, vendor_id: UUID) -> HttpResponse:
    """Ask once more, then have the pack drawn and signed by a worker."""
    actor = actor_of(request)
    vendor = queries.vendor_for(actor, vendor_id)
    require(actor, "report.build", vendor)
    back = reverse("web:vendor-detail", args=[vendor.id])
    if request.method == "POST":
        messages.success(request, told(vendor_pack_request(actor=actor, vendor=vendor)))
        return redirect(f"{back}#packs-title")
    words = {"title": "Have a due-diligence pack signed?", "text": TEXT.format(name=vendor.name), "action": "Sign it", "back": back, "nav": "vendors"}
    return render(request, "components/confirm.html", words)


@require_GET
def vendor_pack_pdf(request: HttpRequest, pack_id: UUID) -> FileResponse:
    """The signed PDF, hashed again on the way out."""
    pack = queries.pack_for(actor_of(request), pack_id)
    return file_sent(pack, pack.pdf)


@require_GET
def vendor_pack_bundle(request: HttpRequest, pack_id: UUID) -> HttpResponse:
    """Its signed log entry with its proof, which a verifier wants beside the PDF."""
    pack = queries.pack_for(actor_of(request), pack_id)
    return bundle_sent(pack, pack.entry, PDF)


def told(pack: VendorPack) -> str:
    """What a person reads after asking."""
    if pack.state == ReportState.DONE:
        return f"{pack.reference} already says exactly this; no second one was made."
    return f"{pack.reference} says what the record says now. A worker draws and signs it; load this page again in half a minute."
