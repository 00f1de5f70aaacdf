"""A vendor's due-diligence pack as a signed PDF: fixed when asked for, drawn outside any transaction, then signed into the log."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.permissions import require
from core import clock
from core.canonical import canonical_digest, canonical_json, parse_canonical
from evidence.models import Attestation, LedgerEntry
from inventory.models import Vendor
from questionnaires.models import QuestionnaireRequest
from reports.charts import figure_svg
from reports.models import VendorPack
from reports.presentation import data_uri
from reports.signed_pages import Pages, pages_html, pages_make
from reports.signed_rows import Shelf, row_ask, row_close, row_make, row_ring
from reports.vendor_pack import pack_read

SCHEMA = "urn:assay:vendor-pack:v1"
PDF, KIND = "vendor-pack.pdf", "vendor_pack"
PAPER_WIDTH = 560
"""Width of a figure on paper, in points of the drawing."""
BEHIND = {
    "questionnaires.request.submitted": "Statement: the vendor submitted its answers",
    "questionnaires.review.closed": "Statement: the review was closed",
}
"""Statements that a pack rests on, by the action of their log entry."""
READS = ("questionnaires.read", "incidents.read")
"""What a pack tells beside the register; whoever asks for one must be allowed to know it."""


def _locked(pack: VendorPack) -> VendorPack:
    return VendorPack.objects.select_for_update(of=("self",)).select_related("vendor").get(pk=pack.pk)


SHELF = Shelf("reports.vendor_pack", "reports.tasks.build_vendor_pack", _locked, lambda row: {"report": row.reference})


@transaction.atomic
def vendor_pack_request(*, actor: User, vendor: Vendor) -> VendorPack:
    """The pack as the record stands now; the existing one where it says the same. A worker is rung for."""
    for verb in ("report.build", *READS):
        require(actor, verb, vendor)
    content = pack_read(vendor, clock.now().date())
    digest = canonical_digest(content)
    found: VendorPack | None = VendorPack.objects.filter(vendor=vendor, content_digest=digest).first()
    if found is None:
        found = VendorPack(vendor=vendor, content=content, content_digest=digest, asked_by=actor, number=0)
        row_ask(actor=actor, shelf=SHELF, row=found, payload={"vendor": str(vendor.pk), "content": digest, "as_of": content["as_of"]})
    row_ring(SHELF, found)
    return found


def vendor_pack_make(*, actor: User, pack: VendorPack) -> VendorPack:
    """Draw, sign, store and log a requested pack. Safe to repeat: one that is made is returned as it is."""
    return row_make(actor=actor, shelf=SHELF, row=pack, build=_build)


def pack_html(snapshot: Mapping[str, Any]) -> str:
    """The pages as one HTML document; every text in it is escaped."""
    plain = parse_canonical(canonical_json(snapshot))
    return pages_html("vendor_pack.html", snapshot, scores_drawn=_drawn(plain["scores"]), history_drawn=_drawn(plain["history"]))


def _drawn(figure: Mapping[str, Any] | None) -> str:
    return data_uri(figure_svg({**figure["spec"], "width": PAPER_WIDTH})) if figure else ""


def _build(actor: User, pack: VendorPack) -> VendorPack:
    made = pages_make(_pages(pack))
    return row_close(actor=actor, shelf=SHELF, row=pack, made=made, file=made.stored(PDF, KIND, f"{pack.reference}, due-diligence pack"))


def _pages(pack: VendorPack) -> Pages:
    """What was fixed, with the keys, the statement that exactly this was asked for, and those of the submissions and reviews behind it."""
    named = {"id": str(pack.id), "number": pack.number, "reference": pack.reference, "content_digest": pack.content_digest}
    return Pages(
        schema=SCHEMA,
        draw=pack_html,
        heading=named,
        said=pack.content,
        about={"report": str(pack.id), "number": pack.number, "content": pack.content_digest},
        statements=_statements(pack),
        title=lambda row: BEHIND.get(row.entry.action, "Statement: this pack was asked for, with the digest of what it says"),
    )


def _statements(pack: VendorPack) -> QuerySet[Attestation]:
    """Of the request for the pack, and of every submission and review of the requests it tells of, up to then."""
    asked = Q(subject=pack.subject, entry__action=f"{SHELF.action}.requested")
    until = LedgerEntry.objects.get(subject=pack.subject, action=f"{SHELF.action}.requested").index
    requests = [f"{QuestionnaireRequest._meta.label_lower}:{row['request']}" for row in pack.content["questionnaires"]]
    behind = Q(subject__in=requests, entry__action__in=BEHIND, entry__index__lt=until)
    return Attestation.objects.filter(asked | behind).select_related("entry")
