"""What every signed PDF shares: its snapshot, its attachments, its pages, its signature, and what its statement says of them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from typing import Any

from django.conf import settings

from core import clock
from core.canonical import canonical_digest, canonical_json, parse_canonical
from core.hashing import sha256_bytes
from evidence import bundle, checkpoint
from evidence.dsse import encode_base64
from evidence.keys import KeyRing, installed
from evidence.models import Attestation
from evidence.proofs import bundles_read
from evidence.services import StoredFile
from evidence.storage import blob_put_bytes
from reports.engine import render
from reports.fonts import printable_tree
from reports.presentation import data_uri, qr_svg
from reports.render import render_pdf, template_digest
from reports.sign import PROFILE, ReportSigner, sign_pdf, signer_open

RENDERERS = ("weasyprint", "pydyf", "pikepdf", "vl-convert-python")
ROOT = "trusted_root.json"
ROOT_TITLE = "Public keys to check everything against"

Draw = Callable[[Mapping[str, Any]], str]


def _entry_title(attestation: Attestation) -> str:
    return f"Statement of log entry {attestation.entry.index}"


@dataclass(frozen=True)
class Pages:
    """Everything in which one signed PDF differs from another.

    ``heading`` stands in the snapshot under ``report``, ``said`` beside it; ``about`` opens the predicate. ``statements`` are
    attached with their proofs (at least one: the log head is read from it), called what ``title`` says; ``more`` are further
    JSON files by name, each with title and bytes.
    """

    schema: str
    draw: Draw
    heading: Mapping[str, Any]
    said: Mapping[str, Any]
    about: Mapping[str, Any]
    statements: Iterable[Attestation]
    title: Callable[[Attestation], str] = _entry_title
    more: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """A signed PDF, the snapshot it was drawn from, and everything its statement says about it."""

    pdf: bytes
    document: Mapping[str, Any]
    predicate: dict[str, Any]

    def stored(self, name: str, kind: str, title: str) -> StoredFile:
        """Put the PDF into the store; call it before the transaction that records it."""
        return StoredFile(blob_put_bytes(self.pdf), name, "application/pdf", kind, title)


def pages_make(pages: Pages) -> Made:
    """Draw and sign; call it with no transaction open, it takes seconds."""
    ring, moment = installed(), clock.now()
    signer = signer_open(*ring.report_key())
    files, rows = _attached(pages, ring)
    heading = {**pages.heading, "made_at": clock.iso(moment)}
    document = document_of(pages.schema, {**pages.said, "report": heading}, files, rows, ring, signer.certificate)
    return pages_sign(document, files, pages.draw, signer, pages.about)


def pages_sign(document: Mapping[str, Any], files: Mapping[str, bytes], draw: Draw | None, signer: ReportSigner, about: Mapping[str, Any]) -> Made:
    """Render ``document`` with ``files`` attached and sign it; ``about`` opens what the statement says."""
    unsigned = render_pdf(document, files, draw)
    signed = sign_pdf(unsigned, signer)
    predicate = {
        **about,
        "snapshot_sha256": canonical_digest(document),
        "unsigned_sha256": sha256_bytes(unsigned),
        "signed_sha256": sha256_bytes(signed),
        "attachments": {name: sha256_bytes(data) for name, data in files.items()},
        "profile": PROFILE,
        "certificate": signer.certificate,
    }
    return Made(signed, document, predicate)


def pages_html(template: str, snapshot: Mapping[str, Any], **drawn: str) -> str:
    """``snapshot`` in ``template`` (under ``templates/reports``) as one HTML document; every text in it is escaped. ``drawn``: data URIs of figures."""
    # Key order and spelling of numbers come from the canonical form, so that a parsed snapshot gives the same pages.
    snapshot = parse_canonical(canonical_json(snapshot))
    qr = data_uri(qr_svg(snapshot["log"]["note"]))
    return render(template, {**printable_tree(snapshot), "snapshot_digest": canonical_digest(snapshot), "qr": qr, **drawn})


def document_of(
    schema: str, said: Mapping[str, Any], files: Mapping[str, bytes], rows: list[dict[str, Any]], ring: KeyRing, certificate: str
) -> dict[str, Any]:
    """The snapshot: ``said`` with software, log head, keys, signature (``certificate``: hex SHA-256) and the table of attachments."""
    return {
        "schema": schema,
        "software": {"name": "Assay", "version": settings.ASSAY_VERSION, "renderer": renderers(), "template_digest": template_digest()},
        **said,
        "log": log_head(files, ring),
        "keys": [{"label": label, "fingerprint": value} for label, value in ring.trust.fingerprints()],
        "signature": {"profile": PROFILE, "certificate": certificate},
        "attachments": rows,
    }


def attachment_row(name: str, data: bytes, title: str) -> dict[str, Any]:
    """One line of the table of attachments, for a JSON file that is embedded."""
    return {"name": name, "media_type": "application/json", "sha256": sha256_bytes(data), "size": len(data), "title": title, "embedded": True}


@cache
def renderers() -> dict[str, str]:
    """Versions of the libraries on which the bytes of the PDF depend."""
    return {name: version(name) for name in RENDERERS}


def log_head(files: Mapping[str, bytes], ring: KeyRing) -> dict[str, Any]:
    """The head against which the attached statements are proven, read from one of them."""
    name = next(name for name in files if bundle.is_file_name(name))
    proven = bundle.verify(files[name], ring.trust)
    head = checkpoint.verify(proven.note, ring.log_key)
    return {"origin": head.origin, "size": head.size, "root": encode_base64(head.root), "note": proven.note}


def _attached(pages: Pages, ring: KeyRing) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """Bytes by name, and the table: the keys, what the report adds, and every statement in the order of the log."""
    held = sorted(pages.statements, key=lambda row: row.entry.index)
    titles = {row.entry.index: pages.title(row) for row in held}
    listed = {ROOT: (ROOT_TITLE, ring.trusted_root_bytes), **pages.more}
    listed |= {bundle.file_name(index): (titles[index], data) for index, data in bundles_read(held).items()}
    return {name: data for name, (_, data) in listed.items()}, [attachment_row(name, data, title) for name, (title, data) in listed.items()]
