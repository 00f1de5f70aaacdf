"""The signed pack on a vendor: archivable, verified by a stranger, made once, refused to those who may not know it."""

import io
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from accounts.models import Role, User
from config.celery import app
from core.canonical import canonical_digest, canonical_json, parse_canonical
from core.errors import NotAllowed
from evidence.keys import installed
from evidence.models import LedgerEntry
from evidence.proofs import bundle_read
from evidence.storage import blob_read
from evidence.verify.report import verify_report
from evidence.verify.result import Result
from inventory.models import Vendor
from questionnaires.models import Answer, ExhibitState, QuestionnaireRequest, ScoreReason
from questionnaires.respondents import actor_behind, invitation_of
from questionnaires.services.answering import answer_write, exhibit_attach
from questionnaires.services.reviews import review_close
from questionnaires.services.submitting import answers_submit
from questionnaires.sitting import score_add
from reports.models import ReportState, VendorPack
from reports.render import embedded_files, render_pdf
from reports.tasks import build_vendor_pack
from reports.vendor_packs import pack_html, vendor_pack_make, vendor_pack_request
from tests import factories
from tests.questionnaires import review_rows as rows
from tests.questionnaires.files import PDF, stream
from webhooks.events import BY_ACTION

pytestmark = pytest.mark.django_db


@pytest.fixture
def vendor(admin: User) -> Vendor:
    """A vendor with a reviewed disclosure, counted twice, with a file, a flag and an incident."""
    vendor = factories.vendor(admin, name="Example Models", owner="A. Person", contact="B. Person", contract_reference="C-7")
    row = rows.reviewed(admin, {"headline": "no", "method": "Two probes."}, vendor=vendor)
    rows.exhibit(admin, rows.answer_of(row, "method"), ExhibitState.RELEASED)
    factories.incident(admin).vendors.set([vendor])
    score_add(row, ScoreReason.REVIEWED)
    return vendor


def build(actor: User, vendor: Vendor) -> VendorPack:
    return vendor_pack_make(actor=actor, pack=vendor_pack_request(actor=actor, vendor=vendor))


def pdf_of(pack: VendorPack) -> bytes:
    assert pack.pdf is not None
    return blob_read(pack.pdf.sha256)


def document_of(pdf: bytes) -> Any:
    return parse_canonical(dict(embedded_files(pdf))["snapshot.json"])


def test_pdf_is_archivable_tagged_stored_and_logged(admin: User, vendor: Vendor) -> None:
    pack = build(admin, vendor)
    assert (pack.state, pack.reference) == (ReportState.DONE, "V-000001")
    assert pack.entry is not None
    assert pack.entry.action == "reports.vendor_pack.built"
    assert BY_ACTION[pack.entry.action] == "report.ready"
    pdf = pdf_of(pack)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        with opened.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
        assert 'pdfuaid:part="1"' in opened.Root.Metadata.read_bytes().decode()
        assert (bool(opened.Root.MarkInfo.Marked), str(opened.Root.Lang)) == (True, "en-GB")
        assert str(opened.docinfo["/Title"]) == "V-000001: due diligence on Example Models"
        figures = [item for item in opened.objects if isinstance(item, pikepdf.Dictionary) and item.get("/S") == "/Figure"]
        assert [len(str(item.Alt)) > 20 for item in figures] == [True, True, True]
    attached = dict(embedded_files(pdf))
    document = parse_canonical(attached.pop("snapshot.json"))
    assert canonical_digest(pack.content) == pack.content_digest
    assert {name: document[name] for name in pack.content} == parse_canonical(canonical_json(pack.content))
    assert render_pdf(document, attached, pack_html) == render_pdf(document, attached, pack_html)


def test_strangers_can_verify_it_and_no_byte_can_change(admin: User, vendor: Vendor) -> None:
    pack = build(admin, vendor)
    assert pack.entry is not None
    pdf, sidecar = pdf_of(pack), bundle_read(pack.entry.attestation)
    result = Result("vendor-pack.pdf")
    verify_report("vendor-pack.pdf", pdf, sidecar, installed().trust, result)
    assert result.problems == []
    middle = len(pdf) // 2
    for changed in (pdf[:-1] + b" ", pdf[:middle] + bytes([pdf[middle] ^ 1]) + pdf[middle + 1 :]):
        with pytest.raises(Exception, match="changed"):
            verify_report("vendor-pack.pdf", changed, sidecar, installed().trust, Result("vendor-pack.pdf"))


def test_the_pages_say_what_the_record_says(admin: User, vendor: Vendor) -> None:
    html = pack_html(document_of(pdf_of(build(admin, vendor))))
    for text in (
        "Two probes.",
        "Accepted",
        vendor.get_access_display(),
        "Cannot be audited",
        "Audit access",
        "No answer",
        "C-7",
        "Exposure: ",
        "What this pack does not show",
    ):
        assert text in html, text
    assert "Person" not in html
    assert html.count("data:image/svg+xml") >= 3


def test_submissions_and_reviews_are_attached_as_statements(admin: User) -> None:
    asked = factories.questionnaire_request(admin)
    _answered_and_reviewed(admin, asked)
    assert asked.vendor is not None
    attached = document_of(pdf_of(build(admin, asked.vendor)))["attachments"]
    titles = [row["title"] for row in attached]
    assert titles[1:] == ["Statement: the vendor submitted its answers", "Statement: the review was closed", titles[3]]
    assert titles[3].startswith("Statement: this pack was asked for")


def test_what_people_typed_is_escaped_and_stays_out_of_the_log(admin: User, vendor: Vendor) -> None:
    Answer.objects.filter(question="method").update(value="<script>alert(1)</script>")
    pack = build(admin, vendor)
    html = pack_html(document_of(pdf_of(pack)))
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    entries = LedgerEntry.objects.filter(subject=pack.subject)
    assert [row.action for row in entries] == ["reports.vendor_pack.requested", "reports.vendor_pack.built"]
    assert "script" not in str(list(entries.values("payload", "leaf")))


def test_a_vendor_that_was_asked_nothing_has_a_pack_that_says_so(admin: User) -> None:
    html = pack_html(document_of(pdf_of(build(admin, factories.vendor(admin)))))
    assert "nothing that this vendor says of itself is confirmed" in html
    assert "No reviewed questionnaire is scored." in html
    assert "None is in the register." in html


def test_the_same_record_gives_the_same_pack_and_another_makes_another(admin: User, vendor: Vendor) -> None:
    first = build(admin, vendor)
    count = LedgerEntry.objects.count()
    assert build(admin, vendor) == first
    assert (LedgerEntry.objects.count(), VendorPack.objects.count()) == (count, 1)
    factories.incident(admin).vendors.set([vendor])
    assert build(admin, vendor).number == 2


def test_it_says_what_held_when_it_was_asked_for(admin: User, vendor: Vendor) -> None:
    pack = vendor_pack_request(actor=admin, vendor=vendor)
    Answer.objects.filter(question="method").update(value="Changed afterwards.")
    html = pack_html(document_of(pdf_of(vendor_pack_make(actor=admin, pack=pack))))
    assert "Two probes." in html
    assert "Changed afterwards." not in html


def test_a_failure_keeps_its_reason_and_the_worker_can_try_again(admin: User, vendor: Vendor, installation: Path) -> None:
    pack = vendor_pack_request(actor=admin, vendor=vendor)
    blocked, away = installation / "artifacts", installation / "away"
    blocked.rename(away)
    blocked.write_text("in the way")
    assert build_vendor_pack(str(pack.id)) == "failed"
    pack.refresh_from_db()
    assert pack.state == ReportState.FAILED
    assert pack.error
    assert LedgerEntry.objects.filter(subject=pack.subject, action="reports.vendor_pack.failed").count() == 1
    blocked.unlink()
    away.rename(blocked)
    assert build_vendor_pack(str(pack.id)) == "done"
    pack.refresh_from_db()
    assert (pack.state, pack.error) == (ReportState.DONE, "")


def test_it_is_refused_without_the_permission(admin: User, vendor: Vendor) -> None:
    for person in (factories.user(), factories.user(Role.AUDITOR, of=factories.home(admin))):
        with pytest.raises(NotAllowed):
            vendor_pack_request(actor=person, vendor=vendor)
    assert not VendorPack.objects.exists()
    pack = vendor_pack_request(actor=admin, vendor=vendor)
    assert list(VendorPack.objects.visible_to(factories.user())) == []
    assert list(VendorPack.objects.visible_to(admin)) == [pack]
    assert app.conf.task_routes[build_vendor_pack.name] == {"queue": "reports"}


def _answered_and_reviewed(admin: User, asked: QuestionnaireRequest) -> None:
    """Answered by a respondent and judged by ``admin``, by the services."""
    invitation = invitation_of(factories.questionnaire_invitation(admin, asked, email="respondent@example.org")[1])
    assert invitation is not None
    who: dict[str, Any] = {"actor": actor_behind(invitation), "invitation": invitation}
    answer_write(**who, question="level", raw="weights", seen=None)
    exhibit_attach(**who, question="card", name="card.pdf", stream=stream(PDF))
    answers_submit(**who)
    left = list(Answer.objects.filter(request=asked).values_list("question", flat=True))
    review_close(actor=admin, request=asked, left=left, reason="Nothing to check these against.")
