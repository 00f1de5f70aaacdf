"""Coverage as a signed PDF: what it says is fixed and logged when asked for, then drawn and signed by a worker and logged as every report is."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from accounts.models import User
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
from evidence.storage import blob_put_bytes, blob_read
from inventory.models import AISystem
from reports.coverage_content import content_read
from reports.engine import render
from reports.fonts import printable_tree
from reports.presentation import data_uri, qr_svg
from reports.render import render_pdf, template_digest
from reports.sign import PROFILE, sign_pdf, signer_open
from reports.snapshot import log_head, renderers

SCHEMA = "urn:assay:coverage-report:v1"
ASKED = "urn:assay:predicate:coverage-content:v1"
REQUESTED, BUILT, FAILED = "reports.coverage.requested", "reports.coverage.built", "reports.coverage.failed"
PDF, JSON = "coverage.pdf", "coverage.json"
PDF_KIND, JSON_KIND = "coverage_report", "coverage_content"


def coverage_report_request(*, actor: User, system: AISystem, framework: str, as_of: date, known_at: date) -> Artifact:
    """Fix and log what coverage is now and ring for a worker; the file that holds it, the same one while nothing has changed.

    ``InvalidState`` where no duty of ``framework`` (slug) applies on the day.
    """
    require(actor, "report.build", system)
    content = content_read(actor=actor, system=system, framework=framework, as_of=as_of, known_at=known_at)
    blob = blob_put_bytes(canonical_json(content))
    found: Artifact | None = Artifact.objects.filter(subject=subject_of(system), kind=JSON_KIND, sha256=blob.sha256).first()
    if found is None:
        about = {"framework": framework, "as_of": content["as_of"], "known_at": content["known_at"]}
        file = StoredFile(blob, JSON, "application/json", JSON_KIND, f"Coverage of {content['framework']['short_name']} on {content['as_of']}, data")
        where: dict[str, Any] = {"subject": subject_of(system), "organisation_id": system.organisation_id}
        payload = {**about, "content": blob.sha256}
        found = evidence_record(actor=actor, action=REQUESTED, predicate_type=ASKED, predicate=about, blobs=[file], payload=payload, **where).artifacts.get()
    if made_of(found) is None:
        _ring(found)
    return found


def coverage_report_make(*, actor: User, asked: Artifact) -> Artifact:
    """Draw, sign, store and log the PDF of a requested content. Safe to repeat: one that is made is returned as it is."""
    require(actor, "report.build", asked.attestation)
    made = made_of(asked)
    if made is not None:
        return made
    try:
        pdf, predicate = _make(asked)
    except AssayError as error:
        _fail(actor, asked, str(error))
        raise
    blob = blob_put_bytes(pdf)
    file = StoredFile(blob, PDF, "application/pdf", PDF_KIND, asked.title.removesuffix(", data"))
    payload = {"content": asked.sha256, "snapshot": predicate["snapshot_sha256"], "signed": blob.sha256}
    where: dict[str, Any] = {"subject": asked.subject, "organisation_id": asked.attestation.organisation_id}
    sealed = evidence_record(actor=actor, action=BUILT, predicate_type=statements.REPORT, predicate=predicate, blobs=[file], payload=payload, **where)
    return sealed.artifacts.get()


def subject_of(system: AISystem) -> str:
    """The text by which the log names a system."""
    return f"{system._meta.label_lower}:{system.pk}"


def made_of(asked: Artifact) -> Artifact | None:
    """The PDF of a requested content; None where it was not made yet."""
    rows = Artifact.objects.filter(subject=asked.subject, kind=PDF_KIND, attestation__entry__payload__content=asked.sha256)
    return rows.select_related("attestation__entry").first()


def coverage_html(snapshot: Mapping[str, Any]) -> str:
    """The pages as one HTML document; every text in it is escaped."""
    snapshot = parse_canonical(canonical_json(snapshot))
    shown = {**printable_tree(snapshot), "snapshot_digest": canonical_digest(snapshot), "qr": data_uri(qr_svg(snapshot["log"]["note"]))}
    return render("coverage_report.html", shown)


def _make(asked: Artifact) -> tuple[bytes, dict[str, Any]]:
    """No transaction is open here: drawing and signing take seconds."""
    ring = installed()
    signer = signer_open(*ring.report_key())
    content = parse_canonical(blob_read(asked.sha256))
    files, titles = _files(asked, content, ring)
    rows = [{"name": name, "title": titles[name], "sha256": sha256_bytes(data), "size": len(data), "embedded": True} for name, data in files.items()]
    document = {
        "schema": SCHEMA,
        "report": {"content": asked.sha256, "made_at": clock.iso(clock.now())},
        "software": {"name": "Assay", "version": settings.ASSAY_VERSION, "renderer": renderers(), "template_digest": template_digest()},
        **content,
        "log": log_head(files, ring),
        "keys": [{"label": label, "fingerprint": value} for label, value in ring.trust.fingerprints()],
        "signature": {"profile": PROFILE, "certificate": signer.certificate},
        "attachments": rows,
    }
    unsigned = render_pdf(document, files, coverage_html)
    signed = sign_pdf(unsigned, signer)
    predicate = {
        "content": asked.sha256,
        "snapshot_sha256": canonical_digest(document),
        "unsigned_sha256": sha256_bytes(unsigned),
        "signed_sha256": sha256_bytes(signed),
        "attachments": {name: sha256_bytes(data) for name, data in files.items()},
        "profile": PROFILE,
        "certificate": signer.certificate,
    }
    return signed, predicate


def _files(asked: Artifact, content: Mapping[str, Any], ring: KeyRing) -> tuple[dict[str, bytes], dict[str, str]]:
    """The keys, the statement that fixed the content, and those on every file that it cites."""
    files, titles = {"trusted_root.json": ring.trusted_root_bytes}, {"trusted_root.json": "Public keys to check everything against"}
    cited = {row["statement"] for group in content["groups"] for duty in group["rows"] for row in duty["evidence"]}
    held = Attestation.objects.filter(pk__in=[*cited, asked.attestation_id]).select_related("entry").order_by("entry__index")
    for index, data in bundles_read(list(held)).items():
        name = bundle.file_name(index)
        files[name], titles[name] = data, f"Statement of log entry {index}"
    return files, titles


@transaction.atomic
def _fail(actor: User, asked: Artifact, message: str) -> None:
    payload = {"content": asked.sha256, "error": message[:500]}
    ledger.append(actor=actor, action=FAILED, subject=asked.subject, payload=payload, organisation_id=asked.attestation.organisation_id)


def _ring(asked: Artifact) -> None:
    """A broker that is away is no error: the PDF can be asked for again."""
    try:
        current_app.send_task("reports.tasks.build_coverage_report", args=[str(asked.pk)], queue="reports", retry=False)
    except OperationalError:
        return
