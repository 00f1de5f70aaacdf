"""Keys: made once, kept from others, never shown."""

import logging
import os
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from core.errors import Conflict, IntegrityFailed, InvalidInput
from evidence.keys import KeyRing, installed

PASSPHRASE = "a passphrase for tests"
PRIVATE = ("statements.pem", "checkpoints.pem", "report.p12")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("ring") / "keys"
    KeyRing.create(place, PASSPHRASE, "example.org/log")
    return place


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    place = tmp_path / "copy"
    place.mkdir()
    for path in folder.iterdir():
        (place / path.name).write_bytes(path.read_bytes())
        (place / path.name).chmod(path.stat().st_mode)
    return place


def test_private_files_are_for_the_owner_only(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {*PRIVATE, "trusted_root.json"}
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in PRIVATE} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_private_files_are_encrypted(folder: Path) -> None:
    for name in ("statements.pem", "checkpoints.pem"):
        assert (folder / name).read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    with pytest.raises(ValueError, match="password"):
        pkcs12.load_pkcs12((folder / "report.p12").read_bytes(), b"")


def test_existing_keys_are_never_overwritten(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(Conflict, match="never overwritten"):
        KeyRing.create(folder, PASSPHRASE, "example.org/log")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_one_key_left_from_an_interrupted_set_up_stops_creation(tmp_path: Path) -> None:
    (tmp_path / "ring").mkdir()
    (tmp_path / "ring" / "report.p12").write_bytes(b"half")
    with pytest.raises(Conflict, match=r"report\.p12"):
        KeyRing.create(tmp_path / "ring", PASSPHRASE, "example.org/log")
    assert [path.name for path in (tmp_path / "ring").iterdir()] == ["report.p12"]


def test_passphrase_may_lie_in_the_folder_before(tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    assert KeyRing.create(tmp_path, PASSPHRASE, "example.org/log").origin == "example.org/log"


def test_short_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="12 characters"):
        KeyRing.create(tmp_path / "keys", "short", "example.org/log")
    assert not (tmp_path / "keys").exists()


def test_wrong_passphrase_is_refused(folder: Path) -> None:
    with pytest.raises(IntegrityFailed, match="ASSAY_KEY_PASSPHRASE"):
        KeyRing.load(folder, "another passphrase")


@pytest.mark.parametrize("name", PRIVATE)
def test_key_readable_by_others_is_refused(copy: Path, name: str) -> None:
    (copy / name).chmod(0o640)
    with pytest.raises(IntegrityFailed, match="chmod 600"):
        KeyRing.load(copy, PASSPHRASE)


@pytest.mark.parametrize("name", [*PRIVATE, "trusted_root.json"])
def test_missing_key_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(IntegrityFailed, match="set-up"):
        KeyRing.load(copy, PASSPHRASE)


def test_public_keys_of_another_ring_are_refused(copy: Path, key_folder: Path) -> None:
    (copy / "trusted_root.json").write_bytes((key_folder / "trusted_root.json").read_bytes())
    with pytest.raises(IntegrityFailed, match="does not belong"):
        KeyRing.load(copy, PASSPHRASE)


def test_swapped_key_kinds_are_refused(copy: Path) -> None:
    statements = (copy / "statements.pem").read_bytes()
    (copy / "checkpoints.pem").write_bytes(statements)
    with pytest.raises(IntegrityFailed, match="another kind"):
        KeyRing.load(copy, PASSPHRASE)


def test_report_certificate_says_that_it_is_self_made(folder: Path) -> None:
    path, passphrase = KeyRing.load(folder, PASSPHRASE).report_key()
    store = pkcs12.load_pkcs12(path.read_bytes(), passphrase.encode())
    assert store.cert is not None
    leaf, root = store.cert.certificate, store.additional_certs[0].certificate
    assert "not a qualified" in leaf.subject.rfc4514_string()
    assert "not a qualified" in root.subject.rfc4514_string()
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.content_commitment, usage.key_cert_sign) == (True, True, False)
    extended = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert {item.dotted_string for item in extended} == {"1.3.6.1.5.5.7.3.36", ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string}
    assert leaf.not_valid_after_utc.year - leaf.not_valid_before_utc.year >= 19
    leaf.verify_directly_issued_by(root)


def test_openssl_accepts_the_certificate_chain(folder: Path, tmp_path: Path) -> None:
    path, passphrase = KeyRing.load(folder, PASSPHRASE).report_key()
    store = pkcs12.load_pkcs12(path.read_bytes(), passphrase.encode())
    assert store.cert is not None
    (tmp_path / "leaf.pem").write_bytes(store.cert.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "root.pem").write_bytes(store.additional_certs[0].certificate.public_bytes(Encoding.PEM))
    command = ["openssl", "verify", "-x509_strict", "-CAfile", "root.pem", "leaf.pem"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip() == "leaf.pem: OK"


def test_three_keys_are_different(folder: Path) -> None:
    ring = KeyRing.load(folder, PASSPHRASE)
    store = pkcs12.load_pkcs12((folder / "report.p12").read_bytes(), PASSPHRASE.encode())
    assert isinstance(store.key, ec.EllipticCurvePrivateKey)
    assert store.key.public_key() != ring.trust.statement_keys[ring.signer.public_key.keyid]


def test_nothing_secret_is_shown(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        ring = KeyRing.load(folder, PASSPHRASE)
        logging.getLogger("test").warning("%r %s", ring, ring)
    assert PASSPHRASE not in caplog.text
    assert "BEGIN" not in caplog.text


def test_installed_ring_is_opened_once(installation: Path) -> None:
    assert installed() is installed()


def test_created_folder_survives_a_strange_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        KeyRing.create(tmp_path / "keys", PASSPHRASE, "example.org/log")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "keys" / "statements.pem").stat().st_mode) == 0o600
