"""Coverage as a signed PDF: what it says is fixed and logged when asked for, then drawn and signed by a worker and logged as every report is."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import require
from core.canonical import canonical_json, parse_canonical
from core.errors import AssayError
from evidence import ledger, statements
from evidence.models import Artifact, Attestation
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes, blob_read
from inventory.models import AISystem
from reports import signed_rows
from reports.coverage_content import content_read
from reports.signed_pages import Pages, pages_html, pages_make
from reports.signed_rows import worker_ring

SCHEMA = "urn:assay:coverage-report:v1"
ASKED = "urn:assay:predicate:coverage-content:v1"
REQUESTED, BUILT, FAILED = "reports.coverage.requested", "reports.coverage.built", "reports.coverage.failed"
PDF, JSON = "coverage.pdf", "coverage.json"
PDF_KIND, JSON_KIND = "coverage_report", "coverage_content"
TASK = "reports.tasks.build_coverage_report"


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
        worker_ring(TASK, str(found.pk))
    return found


def coverage_report_make(*, actor: User, asked: Artifact) -> Artifact:
    """Draw, sign, store and log the PDF of a requested content. Safe to repeat: one that is made is returned as it is."""
    require(actor, "report.build", asked.attestation)
    already = made_of(asked)
    if already is not None:
        return already
    try:
        made = pages_make(_pages(asked))
    except AssayError as error:
        _fail(actor, asked, str(error))
        raise
    file = made.stored(PDF, PDF_KIND, asked.title.removesuffix(", data"))
    payload = {"content": asked.sha256, "snapshot": made.predicate["snapshot_sha256"], "signed": file.blob.sha256}
    where: dict[str, Any] = {"subject": asked.subject, "organisation_id": asked.attestation.organisation_id}
    sealed = evidence_record(actor=actor, action=BUILT, predicate_type=statements.REPORT, predicate=made.predicate, blobs=[file], payload=payload, **where)
    return sealed.artifacts.get()


def subject_of(system: AISystem) -> str:
    """The text by which the log names a system."""
    return f"{system._meta.label_lower}:{system.pk}"


def made_of(asked: Artifact) -> Artifact | None:
    """The PDF of a requested content; None where it was not made yet."""
    return signed_rows.made_of(asked.subject, PDF_KIND, asked.sha256)


def coverage_html(snapshot: Mapping[str, Any]) -> str:
    """The pages as one HTML document; every text in it is escaped."""
    return pages_html("coverage_report.html", snapshot)


def _pages(asked: Artifact) -> Pages:
    """The content, with the keys, the statement that fixed it, and those on every file that it cites."""
    content = parse_canonical(blob_read(asked.sha256))
    cited = {row["statement"] for group in content["groups"] for duty in group["rows"] for row in duty["evidence"]}
    return Pages(
        schema=SCHEMA,
        draw=coverage_html,
        heading={"content": asked.sha256},
        said=content,
        about={"content": asked.sha256},
        statements=Attestation.objects.filter(pk__in=[*cited, asked.attestation_id]).select_related("entry"),
    )


@transaction.atomic
def _fail(actor: User, asked: Artifact, message: str) -> None:
    payload = {"content": asked.sha256, "error": message[:500]}
    ledger.append(actor=actor, action=FAILED, subject=asked.subject, payload=payload, organisation_id=asked.attestation.organisation_id)
