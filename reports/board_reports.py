"""The board's page as a signed PDF: asked for as the record stands, drawn outside any transaction, then signed into the log."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Max
from kombu.exceptions import OperationalError

from accounts.models import Organisation, User
from accounts.permissions import require
from core import clock
from core.canonical import canonical_digest, canonical_json, parse_canonical
from core.errors import AssayError
from core.hashing import sha256_bytes
from evidence import bundle, ledger, statements
from evidence.keys import KeyRing, installed
from evidence.models import Artifact, Attestation
from evidence.proofs import bundles_read
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes
from reports.board import board_read
from reports.charts import figure_svg
from reports.engine import render
from reports.fonts import printable_tree
from reports.models import BoardReport, ReportState
from reports.presentation import data_uri, qr_svg
from reports.render import render_pdf, template_digest
from reports.sign import PROFILE, sign_pdf, signer_open
from reports.snapshot import log_head, renderers

SCHEMA = "urn:assay:board-report:v1"
PDF, KIND = "board.pdf", "board_report"
REQUESTED, BUILT, FAILED = "reports.board_report.requested", "reports.board_report.built", "reports.board_report.failed"
PAPER = {"width": 560, "height": 96}
"""Size of the trend on paper, in points of the drawing."""


class OfOrganisation:
    """What ``require`` asks about, before there is a report."""

    def __init__(self, organisation: Organisation) -> None:
        self.organisation_id = organisation.pk


@transaction.atomic
def board_report_request(*, actor: User, organisation: Organisation) -> BoardReport:
    """The page as the record stands now; the existing one where it says the same. A worker is rung for."""
    require(actor, "report.build", OfOrganisation(organisation))
    content = board_read(actor, organisation)
    digest = canonical_digest(content)
    found: BoardReport | None = BoardReport.objects.filter(organisation=organisation, content_digest=digest).first()
    if found is None:
        found = BoardReport(organisation=organisation, content=content, content_digest=digest, asked_by=actor, number=0)
        # The log's lock, taken here, also keeps two requests from choosing the same number.
        _log(actor, REQUESTED, found, {"content": digest, "as_of": content["as_of"]})
        found.number = (BoardReport.objects.aggregate(highest=Max("number"))["highest"] or 0) + 1
        found.save(force_insert=True)
    if found.state != ReportState.DONE:
        transaction.on_commit(partial(_ring, found))
    return found


def board_report_make(*, actor: User, report: BoardReport) -> BoardReport:
    """Draw, sign, store and log a requested page. Safe to repeat: one that is made is returned as it is."""
    require(actor, "report.build", report)
    if report.state == ReportState.DONE:
        return report
    try:
        return _close(actor, report, *_make(report))
    except AssayError as error:
        _fail(actor, report, str(error))
        raise


def board_html(snapshot: Mapping[str, Any]) -> str:
    """The page as one HTML document; every text in it is escaped."""
    snapshot = parse_canonical(canonical_json(snapshot))
    figure = snapshot["coverage"]["figure"]
    drawn = data_uri(figure_svg({**figure["spec"], **PAPER})) if figure else ""
    shown = {**printable_tree(snapshot), "snapshot_digest": canonical_digest(snapshot), "drawn": drawn, "qr": data_uri(qr_svg(snapshot["log"]["note"]))}
    return render("board.html", shown)


def _make(report: BoardReport) -> tuple[bytes, dict[str, Any]]:
    """No transaction is open here: drawing and signing take seconds."""
    ring = installed()
    signer = signer_open(*ring.report_key())
    files = _files(report, ring)
    document = _document(report, files, ring, signer.certificate)
    unsigned = render_pdf(document, files, board_html)
    signed = sign_pdf(unsigned, signer)
    predicate = {
        "report": str(report.id),
        "number": report.number,
        "content": report.content_digest,
        "snapshot_sha256": canonical_digest(document),
        "unsigned_sha256": sha256_bytes(unsigned),
        "signed_sha256": sha256_bytes(signed),
        "attachments": {name: sha256_bytes(data) for name, data in files.items()},
        "profile": PROFILE,
        "certificate": signer.certificate,
    }
    return signed, predicate


def _files(report: BoardReport, ring: KeyRing) -> dict[str, bytes]:
    """The keys, and the signed statement that exactly this content was asked for."""
    asked = Attestation.objects.filter(subject=report.subject, entry__action=REQUESTED).select_related("entry").order_by("entry__index")
    found = bundles_read(list(asked))
    return {"trusted_root.json": ring.trusted_root_bytes, **{bundle.file_name(index): data for index, data in found.items()}}


def _document(report: BoardReport, files: Mapping[str, bytes], ring: KeyRing, certificate: str) -> dict[str, Any]:
    title = {"trusted_root.json": "Public keys to check everything against"}
    other = "Statement: this page was asked for, with the digest of what it says"
    rows = [{"name": name, "title": title.get(name, other), "sha256": sha256_bytes(data), "size": len(data), "embedded": True} for name, data in files.items()]
    made = clock.iso(clock.now().replace(microsecond=0))
    return {
        "schema": SCHEMA,
        "report": {"id": str(report.id), "number": report.number, "reference": report.reference, "made_at": made, "content_digest": report.content_digest},
        "software": {"name": "Assay", "version": settings.ASSAY_VERSION, "renderer": renderers(), "template_digest": template_digest()},
        **report.content,
        "log": log_head(files, ring),
        "keys": [{"label": label, "fingerprint": value} for label, value in ring.trust.fingerprints()],
        "signature": {"profile": PROFILE, "certificate": certificate},
        "attachments": rows,
    }


def _close(actor: User, report: BoardReport, pdf: bytes, predicate: dict[str, Any]) -> BoardReport:
    blob = blob_put_bytes(pdf)
    with transaction.atomic():
        row = _locked(report)
        if row.state == ReportState.DONE:
            return row
        sealed = evidence_record(
            actor=actor,
            action=BUILT,
            subject=row.subject,
            predicate_type=statements.REPORT,
            predicate=predicate,
            blobs=[StoredFile(blob, PDF, "application/pdf", KIND, f"{row.reference}, page for the board")],
            payload={"report": row.reference, "content": row.content_digest, "signed": blob.sha256},
            organisation_id=row.organisation_id,
        )
        row.pdf, row.entry, row.state, row.error = Artifact.objects.get(attestation=sealed), sealed.entry, ReportState.DONE, ""
        row.save(update_fields=["pdf", "entry", "state", "error"])
    return row


@transaction.atomic
def _fail(actor: User, report: BoardReport, message: str) -> None:
    row = _locked(report)
    if row.state == ReportState.DONE:
        return
    row.state, row.error = ReportState.FAILED, message
    row.save(update_fields=["state", "error"])
    _log(actor, FAILED, row, {"report": row.reference})


def _locked(report: BoardReport) -> BoardReport:
    return BoardReport.objects.select_for_update(of=("self",)).get(pk=report.pk)


def _log(actor: User, action: str, report: BoardReport, payload: dict[str, Any]) -> None:
    ledger.append(actor=actor, action=action, subject=report.subject, payload=payload, organisation_id=report.organisation_id)


def _ring(report: BoardReport) -> None:
    """A broker that is away is no error: the page stays requested and can be asked for again."""
    try:
        current_app.send_task("reports.tasks.build_board_report", args=[str(report.id)], queue="reports", retry=False)
    except OperationalError:
        return
