"""Signs a report: PAdES B-B, certified against every later change, invisible (ETSI EN 319 142-1; DocMDP P=1 of ISO 32000)."""

import io
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_der_x509_certificate
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter

from core.errors import IntegrityFailed

PROFILE = "PAdES B-B"
"""Basic level: no trusted timestamp, no revocation data. Every report says so."""
FIELD = "AssayReport"


@dataclass(frozen=True)
class ReportSigner:
    """An opened signing key and the hex SHA-256 of its certificate."""

    signer: SimpleSigner
    certificate: str


def signer_open(path: Path, passphrase: str) -> ReportSigner:
    """Open the PKCS#12 file at ``path``; ``IntegrityFailed`` when it or its certificate cannot be used."""
    signer = SimpleSigner.load_pkcs12(str(path), passphrase=passphrase.encode())  # type: ignore[no-untyped-call]  # pyHanko leaves it untyped
    if signer is None or signer.signing_cert is None:
        raise IntegrityFailed(f"the report key {path} cannot be opened; check ASSAY_KEY_PASSPHRASE")
    return ReportSigner(signer, load_der_x509_certificate(signer.signing_cert.dump()).fingerprint(SHA256()).hex())


def sign_pdf(pdf: bytes, signer: ReportSigner) -> bytes:
    """``pdf`` with one signature over the entire file. Starts an event loop: call it in a worker, not in an async view."""
    metadata = PdfSignatureMetadata(
        field_name=FIELD, md_algorithm="sha256", certify=True, docmdp_permissions=MDPPerm.NO_CHANGES, subfilter=SigSeedSubFilter.PADES
    )
    target = io.BytesIO()
    PdfSigner(metadata, signer=signer.signer).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), output=target)
    return target.getvalue()
