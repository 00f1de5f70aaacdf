"""The snapshot: canonical JSON of everything a report says, with the files it attaches and the log head they are proven against."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assessments.models import Run
from core import clock
from core.canonical import canonical_json
from evidence import bundle
from evidence.keys import KeyRing
from evidence.models import Attestation
from evidence.proofs import bundles_read
from evidence.storage import blob_read
from reports.models import Report
from reports.queries import attestations_of, files_read, records_of
from reports.signed_pages import ROOT, ROOT_TITLE, attachment_row, document_of

SCHEMA = "urn:assay:report-snapshot:v1"
EMBED_LIMIT = 16 << 20
"""Larger files are listed with their digest and travel in the case instead (bytes)."""


@dataclass(frozen=True)
class Snapshot:
    """The document and the bytes of the attachments it lists, by name."""

    document: Mapping[str, Any]
    files: Mapping[str, bytes]


def snapshot_build(*, report: Report, content: Mapping[str, Any], moment: datetime, ring: KeyRing, certificate: str) -> Snapshot:
    """``content`` with report number, log head, keys and attachments. ``certificate``: hex SHA-256 of the signing certificate."""
    rows, files = attachments_read(report.run, ring)
    said = {name: value for name, value in content.items() if name != "organisation"}
    cover = heading(report, str(content["organisation"]), moment)
    document = document_of(SCHEMA, {**said, "report": cover}, files, rows, ring, certificate)
    return Snapshot(document, files)


def heading(report: Report, organisation: str, moment: datetime) -> dict[str, Any]:
    """What stands on the cover."""
    return {
        "id": str(report.id),
        "number": report.number,
        "reference": report.reference,
        "title": report.title,
        "prepared_for": report.prepared_for,
        "organisation": organisation,
        "as_of": report.as_of.isoformat(),
        "made_at": clock.iso(moment),
    }


def attachments_read(run: Run, ring: KeyRing) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Table and bytes of every attachment but the snapshot: keys, plan, statements, results and raw tables."""
    attestations = attestations_of(run)
    files = {ROOT: ring.trusted_root_bytes, "plan.json": canonical_json(run.plan.document)}
    titles = {ROOT: ROOT_TITLE, "plan.json": "Sealed plan"}
    rows = []
    held = [*(step.attestation for step in run.steps.all()), *(record.attestation for record in records_of(run))]
    for row in (row for attestation in held for row in step_files(attestation)):
        rows.append({**row, "embedded": row["size"] <= EMBED_LIMIT})
        if rows[-1]["embedded"]:
            files[row["name"]] = blob_read(row["sha256"])
    listed = {row["name"] for row in rows}
    bundles = bundles_read(attestations)
    actions = {row.entry.index: row.entry.action for row in attestations}
    files |= {bundle.file_name(index): data for index, data in bundles.items()}
    titles |= {bundle.file_name(index): f"Statement: {actions[index]}" for index in bundles}
    own = [attachment_row(name, files[name], titles[name]) for name in titles if name not in listed]
    return [*own, *rows], files


def step_files(attestation: Attestation | None) -> list[dict[str, Any]]:
    """Files of one step; none for a step without a statement."""
    return files_read(attestation) if attestation else []
