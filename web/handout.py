"""Handing out what was made: a file of the evidence store, hashed again on the way out, and the log entry that belongs to it."""

from typing import Protocol

from django.http import FileResponse, HttpResponse

from core.errors import InvalidState
from evidence.models import Artifact, LedgerEntry
from evidence.proofs import bundle_read
from evidence.storage import blobs

TYPES = {"pdf": "application/pdf", "json": "application/json"}


class Report(Protocol):
    """What is handed out, as people cite it; a report waits for its file until a worker made it."""

    @property
    def reference(self) -> str:
        """The number as people cite it."""

    def get_state_display(self) -> str:
        """The state in words."""


def file_sent(report: Report, file: Artifact | None, form: str = "pdf") -> FileResponse:
    """The file under the report's number; ``InvalidState`` while there is none."""
    if file is None:
        raise InvalidState(f"{report.reference} is {report.get_state_display().lower()}; there is no file yet.")
    return FileResponse(blobs().open(file.sha256), as_attachment=True, filename=f"{report.reference}.{form}", content_type=TYPES[form])


def bundle_sent(report: Report, entry: LedgerEntry | None, name: str) -> HttpResponse:
    """The signed log entry with its proof, which a verifier wants beside the file ``name``; ``InvalidState`` while there is none."""
    if entry is None:
        raise InvalidState(f"{report.reference} is {report.get_state_display().lower()}; there is no log entry yet.")
    headers = {"Content-Disposition": f'attachment; filename="{name}.sigstore.json"'}
    return HttpResponse(bundle_read(entry.attestation), content_type="application/json", headers=headers)
