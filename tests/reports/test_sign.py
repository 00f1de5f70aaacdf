"""The signature: whole file, certified against changes, invisible, readable by tools that are not ours."""

import io
import os
import shutil
import subprocess
from pathlib import Path

import pikepdf
import pytest
from asn1crypto.x509 import Certificate
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from core.errors import AssayError
from evidence.keys import KeyRing
from reports.render import embedded_files, render_pdf
from reports.sign import ReportSigner, sign_pdf, signer_open
from tests.reports.snapshots import files, snapshot


@pytest.fixture(scope="module")
def unsigned() -> bytes:
    return render_pdf(snapshot(), files())


@pytest.fixture(scope="module")
def signer(key_folder: Path) -> ReportSigner:
    return signer_open(*KeyRing.load(key_folder, "test passphrase").report_key())


@pytest.fixture(scope="module")
def signed(unsigned: bytes, signer: ReportSigner) -> bytes:
    return sign_pdf(unsigned, signer)


@pytest.fixture
def trust(key_folder: Path) -> ValidationContext:
    roots = KeyRing.load(key_folder, "test passphrase").trust.report_roots
    return ValidationContext(trust_roots=[Certificate.load(root.public_bytes(Encoding.DER)) for root in roots], allow_fetching=False)


def status_of(pdf: bytes, trust: ValidationContext) -> PdfSignatureStatus:
    return validate_pdf_signature(PdfFileReader(io.BytesIO(pdf)).embedded_signatures[0], trust)


def test_sign_pdf_covers_the_entire_file_and_forbids_changes(signed: bytes, trust: ValidationContext) -> None:
    signature = PdfFileReader(io.BytesIO(signed)).embedded_signatures[0]
    status = status_of(signed, trust)
    assert status.intact
    assert status.valid
    assert status.trusted
    assert status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    assert signature.docmdp_level == MDPPerm.NO_CHANGES
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"


def test_sign_pdf_leaves_what_was_rendered_untouched(unsigned: bytes, signed: bytes) -> None:
    assert signed.startswith(unsigned)


def test_sign_pdf_keeps_every_attachment_bit_for_bit(unsigned: bytes, signed: bytes) -> None:
    assert embedded_files(signed) == embedded_files(unsigned)


def test_sign_pdf_leaves_no_visible_mark(signed: bytes) -> None:
    with pikepdf.open(io.BytesIO(signed)) as opened:
        field = opened.Root.AcroForm.Fields[0]
        widget = field.Kids[0] if "/Kids" in field else field
        assert [int(edge) for edge in widget.Rect] == [0, 0, 0, 0]


def test_sign_pdf_carries_no_timestamp_as_its_profile_says(signed: bytes, trust: ValidationContext) -> None:
    reader = PdfFileReader(io.BytesIO(signed))
    assert reader.embedded_timestamp_signatures == []
    assert status_of(signed, trust).timestamp_validity is None


@pytest.mark.parametrize("offset", [5000, 100_000, 200_000])
def test_a_changed_byte_breaks_the_signature(signed: bytes, trust: ValidationContext, offset: int) -> None:
    changed = bytearray(signed)
    changed[offset] ^= 1
    assert not status_of(bytes(changed), trust).intact


def test_signer_open_names_the_certificate_it_signs_with(signer: ReportSigner, signed: bytes) -> None:
    used = PdfFileReader(io.BytesIO(signed)).embedded_signatures[0].signer_cert
    assert used.sha256.hex() == signer.certificate


def test_signer_open_refuses_a_wrong_passphrase(key_folder: Path) -> None:
    path, _ = KeyRing.load(key_folder, "test passphrase").report_key()
    with pytest.raises(AssayError, match="cannot be opened"):
        signer_open(path, "another passphrase")


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="pdfsig (poppler-utils) is not installed")
def test_pdfsig_finds_a_valid_signature_over_the_total_document(signed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(signed)
    said = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid." in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said


@pytest.mark.skipif(shutil.which("pdfdetach") is None, reason="pdfdetach (poppler-utils) is not installed")
def test_pdfdetach_gives_every_attachment_back_bit_for_bit(signed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(signed)
    (tmp_path / "files").mkdir()
    subprocess.run(["pdfdetach", "-saveall", "-o", str(tmp_path / "files"), str(path)], check=True, capture_output=True)
    assert {name: (tmp_path / "files" / name).read_bytes() for name in files()} == files()


@pytest.mark.skipif("ASSAY_VERAPDF" not in os.environ, reason="set ASSAY_VERAPDF to a command that takes flavour and file, see docs/guide/report.md")
@pytest.mark.parametrize("flavour", ["3a", "ua1"])
def test_verapdf_finds_the_signed_file_compliant(signed: bytes, tmp_path: Path, flavour: str) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(signed)
    command = [*os.environ["ASSAY_VERAPDF"].split(), "--flavour", flavour, "--format", "text", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("PASS"), done.stdout
