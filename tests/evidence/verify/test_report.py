"""A report PDF: accepted as signed and logged, refused after any change, even one that the operator logs."""

import datetime
import io
import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from asn1crypto import keys, x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import (
    BasicConstraints,
    CertificateBuilder,
    ExtendedKeyUsage,
    KeyUsage,
    Name,
    NameAttribute,
    load_pem_x509_certificate,
    random_serial_number,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.signers.pdf_signer import DSSContentSettings, SigDSSPlacementPreference
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator import ValidationContext

from accounts.models import User
from core.canonical import canonical_json
from core.errors import IntegrityFailed
from core.hashing import sha256_bytes
from evidence import statements
from evidence.keys import KeyRing
from evidence.models import Attestation
from evidence.proofs import bundle_read, bundles_read
from evidence.trust import certificate_fingerprint
from evidence.verify.__main__ import verify
from evidence.verify.report import attachments
from tests.evidence import builders
from tests.evidence.verify import pdfs

SNAPSHOT = canonical_json({"report": "R-1", "findings": ["observed"]})
TABLE = b"prompt,value\nhello,0.25\n"


def content(actor: User, ring: KeyRing) -> dict[str, bytes]:
    """What a report carries: snapshot, keys, statements, and one raw table that a statement vouches for."""
    table = builders.stored(TABLE, "tables/items.csv")
    rows = [*builders.plan_and_results(actor), builders.record(actor, [table])]
    bundles = {f"statement-{index}.sigstore.json": data for index, data in bundles_read(rows).items()}
    return {"snapshot.json": SNAPSHOT, "trusted_root.json": ring.trusted_root_bytes, "tables/items.csv": TABLE, **bundles}


def facts(data: bytes, **changes: Any) -> dict[str, Any]:
    """The predicate of a report entry."""
    digests = {"snapshot_sha256": sha256_bytes(SNAPSHOT), "unsigned_sha256": "0" * 64, "signed_sha256": sha256_bytes(data)}
    return {"report": "R-1", **digests, "attachments": {}, **changes}


def log_report(actor: User, data: bytes, place: Path, predicate: dict[str, Any] | None = None) -> Path:
    """Write the PDF and log it as the installation does, whatever is in it."""
    attestation: Attestation = builders.record(actor, [builders.stored(data, place.name, kind="report")], statements.REPORT, predicate or facts(data))
    place.write_bytes(data)
    place.with_name(place.name + ".sigstore.json").write_bytes(bundle_read(attestation))
    return place


@pytest.fixture
def root_file(key_folder: Path) -> Path:
    return key_folder / "trusted_root.json"


@pytest.fixture
def files(recorder: User, ring: KeyRing) -> dict[str, bytes]:
    return content(recorder, ring)


@pytest.fixture
def report(recorder: User, ring: KeyRing, files: dict[str, bytes], tmp_path: Path) -> Path:
    return log_report(recorder, pdfs.signed(pdfs.unsigned(files), ring), tmp_path / "report.pdf")


def problems(place: Path, root_file: Path) -> str:
    return " | ".join(f"{thing}: {reason}" for thing, reason in verify(place, root_file).problems)


def test_signed_and_logged_report_is_verified(report: Path, root_file: Path) -> None:
    result = verify(report, root_file)
    assert result.problems == []
    assert result.counts == {"statements": 4, "attachments": 7}


def test_single_bit_flipped_anywhere_is_refused(report: Path, root_file: Path) -> None:
    data, source = report.read_bytes(), random.Random(5)
    for position in source.sample(range(len(data)), 300):
        spoilt = bytearray(data)
        spoilt[position] ^= 1 << source.randrange(8)
        report.write_bytes(spoilt)
        assert "report.pdf: changed: its SHA-256 is" in problems(report, root_file), position


def test_single_bit_flipped_in_the_log_entry_is_refused(report: Path, root_file: Path) -> None:
    sidecar = report.with_name("report.pdf.sigstore.json")
    data, source = sidecar.read_bytes(), random.Random(6)
    for position in source.sample(range(len(data)), 200):
        spoilt = bytearray(data)
        spoilt[position] ^= 1 << source.randrange(8)
        sidecar.write_bytes(spoilt)
        assert verify(report, root_file).verdict == "failed", position


def test_log_entry_of_another_file_is_refused(report: Path, root_file: Path, recorder: User, tmp_path: Path) -> None:
    other = log_report(recorder, b"%PDF-1.7 another", tmp_path / "other.pdf")
    result = verify(report, root_file, other.with_name("other.pdf.sigstore.json"))
    assert "changed: its SHA-256 is" in result.problems[0][1]
    plain = tmp_path / "plain.json"
    plain.write_bytes(bundle_read(builders.record(recorder, [builders.stored(report.read_bytes())])))
    assert "not a statement about a report" in verify(report, root_file, plain).problems[0][1]


LATER_CHANGES = {
    "bytes after the end": lambda data: data + b"\n% hidden",
    "page replaced": pdfs.page_replaced,
    "title changed": pdfs.title_changed,
    "signature destroyed": lambda data: data.replace(b"/ByteRange", b"/ByteRangX"),
    "not a PDF": lambda data: b"%PDF-1.7\nnothing",
    "empty": lambda data: b"",
}


@pytest.mark.parametrize("name", LATER_CHANGES)
def test_change_that_the_operator_logged_himself_is_refused(name: str, report: Path, root_file: Path, recorder: User, tmp_path: Path) -> None:
    forged = log_report(recorder, LATER_CHANGES[name](report.read_bytes()), tmp_path / "forged.pdf")
    found = problems(forged, root_file)
    assert "signature of forged.pdf" in found


def test_unsigned_report_is_refused(recorder: User, files: dict[str, bytes], root_file: Path, tmp_path: Path) -> None:
    place = log_report(recorder, pdfs.unsigned(files), tmp_path / "r.pdf")
    assert "exactly one signature" in problems(place, root_file)


def test_report_that_allows_changes_is_refused(recorder: User, ring: KeyRing, files: dict[str, bytes], root_file: Path, tmp_path: Path) -> None:
    for number, changes in enumerate(({"certify": False}, {"docmdp_permissions": MDPPerm.FILL_FORMS})):
        data = pdfs.signed(pdfs.unsigned(files), ring, **{**changes, **({"docmdp_permissions": MDPPerm.FILL_FORMS} if not number else {})})
        place = log_report(recorder, data, tmp_path / f"r{number}.pdf")
        assert "not certified against changes" in problems(place, root_file)


def test_report_signed_under_another_root_is_refused(recorder: User, files: dict[str, bytes], root_file: Path, tmp_path: Path) -> None:
    stranger = KeyRing.create(tmp_path / "stranger", "another passphrase", "stranger.example/log")
    place = log_report(recorder, pdfs.signed(pdfs.unsigned(files), stranger), tmp_path / "r.pdf")
    assert "does not lead to a trusted root" in problems(place, root_file)


def changed_content(files: dict[str, bytes], name: str) -> dict[str, bytes]:
    statement = next(name for name in files if name.startswith("statement-"))
    bundle = bytearray(files[statement])
    bundle[len(bundle) // 2] ^= 1
    return {
        "table changed": {**files, "tables/items.csv": TABLE.replace(b"0.25", b"0.95")},
        "table nobody vouches for": {**files, "tables/more.csv": b"x"},
        "table under the name of another": {**files, "tables/items.csv": SNAPSHOT},
        "snapshot changed": {**files, "snapshot.json": canonical_json({"report": "R-1", "findings": ["causal"]})},
        "snapshot not canonical": {**files, "snapshot.json": SNAPSHOT + b"\n"},
        "snapshot missing": {key: value for key, value in files.items() if key != "snapshot.json"},
        "keys missing": {key: value for key, value in files.items() if key != "trusted_root.json"},
        "keys broken": {**files, "trusted_root.json": b"{}"},
        "statement changed": {**files, statement: bytes(bundle)},
        "statement under another number": {**files, "statement-99.sigstore.json": files[statement]},
        "all statements missing": {key: value for key, value in files.items() if not key.startswith("statement-")},
    }[name]


CONTENT_CHANGES = {
    "table changed": "tables/items.csv",
    "table nobody vouches for": "tables/more.csv: no statement vouches for it",
    "table under the name of another": "tables/items.csv",
    "snapshot changed": "snapshot.json: it is not the snapshot that log entry names",
    "snapshot not canonical": "snapshot.json",
    "snapshot missing": "snapshot.json or trusted_root.json is not attached",
    "keys missing": "snapshot.json or trusted_root.json is not attached",
    "keys broken": "trusted_root.json cannot be used",
    "statement changed": "attachments of r.pdf",
    "statement under another number": "statement-99.sigstore.json is the bundle of log entry",
    "all statements missing": "tables/items.csv: no statement vouches for it",
}


@pytest.mark.parametrize("name", CONTENT_CHANGES)
def test_attachment_changed_before_signing_is_named(name: str, recorder: User, ring: KeyRing, files: dict[str, bytes], root_file: Path, tmp_path: Path) -> None:
    place = log_report(recorder, pdfs.signed(pdfs.unsigned(changed_content(files, name)), ring), tmp_path / "r.pdf")
    assert CONTENT_CHANGES[name] in problems(place, root_file)


def test_table_may_be_vouched_for_by_the_report_entry_itself(recorder: User, ring: KeyRing, files: dict[str, bytes], root_file: Path, tmp_path: Path) -> None:
    data = pdfs.signed(pdfs.unsigned({**files, "tables/more.csv": b"x"}), ring)
    for digest, verdict in ((sha256_bytes(b"x"), "verified"), (sha256_bytes(b"y"), "failed")):
        predicate = facts(data, attachments={"tables/more.csv": digest})
        assert verify(log_report(recorder, data, tmp_path / f"{verdict}.pdf", predicate), root_file).verdict == verdict


def test_predicate_that_names_another_signed_file_is_refused(report: Path, recorder: User, root_file: Path, tmp_path: Path) -> None:
    place = log_report(recorder, report.read_bytes(), tmp_path / "r.pdf", facts(report.read_bytes(), signed_sha256="0" * 64))
    assert "r.pdf: changed" in problems(place, root_file)


def test_attachments_come_back_bit_identical(report: Path, files: dict[str, bytes]) -> None:
    assert attachments(report.read_bytes()) == files


def test_poppler_and_qpdf_agree(report: Path, tmp_path: Path) -> None:
    seen = subprocess.run(["pdfsig", "-nocert", report.name], cwd=tmp_path, capture_output=True, text=True).stdout
    assert "Signature Validation: Signature is Valid." in seen
    assert "Total document signed" in seen
    assert subprocess.run(["qpdf", "--check", report.name], cwd=tmp_path, capture_output=True).returncode == 0


def test_two_different_attachments_of_one_name_are_refused(tmp_path: Path) -> None:
    document = pikepdf.new()
    document.add_blank_page()
    for key, data in (("a", b"1"), ("b", b"2")):
        document.attachments[key] = pikepdf.AttachedFileSpec(document, data, filename="same.json")
    target = io.BytesIO()
    document.save(target)
    with pytest.raises(IntegrityFailed, match=r"two attachments are called same\.json"):
        attachments(target.getvalue())


def timestamper() -> tuple[DummyTimeStamper, bytes]:
    """A timestamp authority of our own: the certificate (PEM) is its own root."""
    key = rsa.generate_private_key(65537, 2048)
    name = Name([NameAttribute(NameOID.COMMON_NAME, "Test timestamps")])
    made = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=1)
    builder = CertificateBuilder(name, name, key.public_key(), random_serial_number(), made, made + datetime.timedelta(days=30))
    builder = builder.add_extension(BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(KeyUsage(True, True, False, False, False, True, True, False, False), critical=True)
    builder = builder.add_extension(ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    certificate = builder.sign(key, SHA256())
    private = keys.PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    return DummyTimeStamper(x509.Certificate.load(certificate.public_bytes(Encoding.DER)), private), certificate.public_bytes(Encoding.PEM)


def lta(data: bytes, ring: KeyRing, stamps: DummyTimeStamper) -> bytes:
    roots = [x509.Certificate.load(row.public_bytes(Encoding.DER)) for row in ring.trust.report_roots]
    context = ValidationContext(trust_roots=[*roots, stamps.tsa_cert], allow_fetching=False)
    placement = DSSContentSettings(include_vri=False, placement=SigDSSPlacementPreference.TOGETHER_WITH_SIGNATURE)
    return pdfs.signed(data, ring, timestamper=stamps, use_pades_lta=True, embed_validation_info=True, validation_context=context, dss_settings=placement)


def root_with(ring: KeyRing, certificate: bytes, place: Path) -> Path:
    value = json.loads(ring.trusted_root_bytes)
    found = load_pem_x509_certificate(certificate)
    value["timestamp_roots"] = [{"certificate": certificate.decode(), "fingerprint": certificate_fingerprint(found)}]
    place.write_bytes(canonical_json(value))
    return place


def test_archive_timestamp_over_the_entire_file_is_accepted_from_a_trusted_authority(
    recorder: User, ring: KeyRing, files: dict[str, bytes], root_file: Path, tmp_path: Path
) -> None:
    stamps, certificate = timestamper()
    data = lta(pdfs.unsigned(files), ring, stamps)
    place = log_report(recorder, data, tmp_path / "r.pdf")
    trusting = root_with(ring, certificate, tmp_path / "trusting.json")
    assert verify(place, trusting).problems == []
    assert "does not cover the entire file" in problems(place, root_file)
    longer = log_report(recorder, data + b"\n% hidden", tmp_path / "longer.pdf")
    assert "signature of longer.pdf" in problems(longer, trusting)
