"""Checks of a report PDF: its place in the log, its signature, and the statements and tables attached to it."""

import io
from collections.abc import Mapping

import pikepdf
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from core.canonical import parse_canonical
from core.hashing import sha256_bytes
from evidence import bundle, statements
from evidence.bundle import Verified
from evidence.trust import TrustedRoot
from evidence.verify.result import Result, expect

SNAPSHOT, TRUSTED_ROOT = "snapshot.json", "trusted_root.json"


def verify_report(name: str, data: bytes, sidecar: bytes, trust: TrustedRoot, result: Result) -> None:
    """Check the PDF ``data`` with the bundle of its log entry; raises when that entry is not about these very bytes."""
    seal = bundle.verify(sidecar, trust)
    expect(seal.predicate_type == statements.REPORT and len(seal.subjects) == 1, "its log entry is not a statement about a report")
    _digest(data, seal)
    result.holds(f"signature of {name}", _signature, data, trust)
    with result.check(f"attachments of {name}"):
        _attachments(attachments(data), seal, trust, result)


def attachments(data: bytes) -> dict[str, bytes]:
    """Embedded files of a PDF by file name; ``IntegrityFailed`` when two different ones share a name."""
    found: dict[str, bytes] = {}
    with pikepdf.open(io.BytesIO(data)) as document:
        for specification in document.attachments.values():
            content = specification.get_file().read_bytes()
            expect(found.setdefault(specification.filename, content) == content, f"two attachments are called {specification.filename}")
    return found


def _digest(data: bytes, seal: Verified) -> None:
    found = sha256_bytes(data)
    named = (seal.subjects[0][1], seal.statement["predicate"]["signed_sha256"])
    expect(named == (found, found), f"changed: its SHA-256 is {found}, log entry {seal.index} says {seal.subjects[0][1]}")


def _context(roots: tuple[x509.Certificate, ...]) -> ValidationContext:
    return ValidationContext(trust_roots=[Certificate.load(root.public_bytes(Encoding.DER)) for root in roots], allow_fetching=False)


def _signature(data: bytes, trust: TrustedRoot) -> None:
    reader = PdfFileReader(io.BytesIO(data))
    expect(len(reader.embedded_regular_signatures) == 1, "it must carry exactly one signature")
    signature, stamps = reader.embedded_regular_signatures[0], _context(trust.timestamp_roots)
    expect(signature.docmdp_level == MDPPerm.NO_CHANGES, "it is not certified against changes")
    status = validate_pdf_signature(signature, _context(trust.report_roots), stamps)
    expect(status.intact and status.valid, "the signature does not match the document")
    expect(status.trusted, "the signing certificate does not lead to a trusted root")
    expect(bool(status.docmdp_ok), "the document was changed in a way its certification forbids")
    whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE and status.modification_level == ModificationLevel.NONE
    expect(whole or _stamped(reader, status.modification_level, stamps), "the signature does not cover the entire file")


def _stamped(reader: PdfFileReader, level: ModificationLevel | None, context: ValidationContext) -> bool:
    last = reader.embedded_signatures[-1]
    if last not in reader.embedded_timestamp_signatures or level is None or level > ModificationLevel.LTA_UPDATES:
        return False
    status = validate_pdf_timestamp(last, context)
    return bool(status.intact and status.valid and status.trusted and status.coverage == SignatureCoverageLevel.ENTIRE_FILE)


def _attachments(files: Mapping[str, bytes], seal: Verified, trust: TrustedRoot, result: Result) -> None:
    expect({SNAPSHOT, TRUSTED_ROOT} <= set(files), f"{SNAPSHOT} or {TRUSTED_ROOT} is not attached")
    snapshot = sha256_bytes(files[SNAPSHOT])
    with result.check(SNAPSHOT):
        parse_canonical(files[SNAPSHOT])
        expect(snapshot == seal.statement["predicate"]["snapshot_sha256"], "it is not the snapshot that log entry names")
    TrustedRoot.parse(files[TRUSTED_ROOT])
    rows = [_statement(name, files[name], trust) for name in files if bundle.is_file_name(name)]
    pairs = {pair for row in rows for pair in row.subjects} | set(seal.statement["predicate"]["attachments"].items())
    names, vouched = {name for name, _ in pairs}, {found for _, found in pairs}
    for name, content in files.items():
        if name not in {SNAPSHOT, TRUSTED_ROOT} and not bundle.is_file_name(name):
            with result.check(name):
                found = sha256_bytes(content)
                expect(found in vouched, "no statement vouches for it")
                expect(name not in names or (name, found) in pairs, "a statement gives another SHA-256 for this name")
    result.counts |= {"statements": len(rows), "attachments": len(files)}


def _statement(name: str, data: bytes, trust: TrustedRoot) -> Verified:
    found = bundle.verify(data, trust)
    expect(name == bundle.file_name(found.index), f"{name} is the bundle of log entry {found.index}")
    return found
