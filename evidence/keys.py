"""The installation's three keys: statements (P-256), checkpoints (Ed25519) and report certificate (P-256 under a self-made P-384 root)."""

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from django.conf import settings
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]  # no __all__ there

from core.canonical import canonical_json
from core.clock import iso, now
from core.errors import Conflict, IntegrityFailed, InvalidInput
from core.hashing import sha256_bytes
from evidence.checkpoint import VerifierKey
from evidence.dsse import encode_base64
from evidence.trust import MEDIA_TYPE, TrustedRoot, certificate_fingerprint

STATEMENTS, CHECKPOINTS, REPORT, TRUSTED_ROOT = "statements.pem", "checkpoints.pem", "report.p12", "trusted_root.json"
YEARS = timedelta(days=365)
# RFC 9336; readers built on NSS trust the leaf only when emailProtection stands beside it.
DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")


@dataclass(frozen=True, repr=False)
class KeyRing:
    """Loaded keys. ``trusted_root_bytes`` is what strangers need; nothing secret is ever shown."""

    folder: Path
    signer: CryptoSigner
    spki: bytes
    log_private: Ed25519PrivateKey
    log_key: VerifierKey
    trusted_root_bytes: bytes
    _passphrase: str

    @classmethod
    def create(cls, folder: Path, passphrase: str, origin: str) -> Self:
        """Make all keys in ``folder`` (made with mode 0700) and load them; ``Conflict`` when any key file is there already.

        The private key of the report root is thrown away: it signs one certificate and never again.
        """
        if len(passphrase) < 12:
            raise InvalidInput("passphrase", "the key passphrase needs at least 12 characters; set ASSAY_KEY_PASSPHRASE")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        there = [name for name in (STATEMENTS, CHECKPOINTS, REPORT, TRUSTED_ROOT) if (folder / name).exists()]
        if there:
            raise Conflict(f"{folder / there[0]} exists already; keys are never overwritten. Move the folder away to start over.")
        for name, data in _generate(passphrase.encode(), origin).items():
            _write_exclusive(folder / name, data, 0o644 if name == TRUSTED_ROOT else 0o600)
        return cls.load(folder, passphrase)

    @classmethod
    def load(cls, folder: Path, passphrase: str) -> Self:
        """Read the keys; ``IntegrityFailed`` when a file is missing, readable by others, or the passphrase does not open it."""
        private = {name: _read_private(folder / name) for name in (STATEMENTS, CHECKPOINTS, REPORT)}
        try:
            statements = load_pem_private_key(private[STATEMENTS], passphrase.encode())
            log_private = load_pem_private_key(private[CHECKPOINTS], passphrase.encode())
            root_bytes = (folder / TRUSTED_ROOT).read_bytes()
        except (ValueError, TypeError, OSError) as error:
            raise IntegrityFailed(f"the keys in {folder} cannot be opened; check ASSAY_KEY_PASSPHRASE and that the set-up was finished") from error
        if not isinstance(statements, ec.EllipticCurvePrivateKey) or not isinstance(log_private, Ed25519PrivateKey):
            raise IntegrityFailed(f"the keys in {folder} are of another kind than expected")
        spki = statements.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        log_key = _own_log(TrustedRoot.parse(root_bytes), spki, log_private, folder)
        signer = CryptoSigner(statements, SSlibKey.from_crypto(statements.public_key(), sha256_bytes(spki)))
        return cls(folder, signer, spki, log_private, log_key, root_bytes, passphrase)

    @property
    def origin(self) -> str:
        """Name of the log, as in its checkpoints."""
        return self.log_key.name

    @functools.cached_property
    def trust(self) -> TrustedRoot:
        """The public half, parsed."""
        return TrustedRoot.parse(self.trusted_root_bytes)

    def report_key(self) -> tuple[Path, str]:
        """Path and passphrase of the PKCS#12 file with the report certificate, its key and its root."""
        return self.folder / REPORT, self._passphrase

    def __repr__(self) -> str:
        return f"KeyRing({self.folder}, {self.log_key})"


def installed() -> KeyRing:
    """The key ring of this installation, opened once per process."""
    return _load_once(Path(settings.ASSAY_KEYS_DIR), settings.ASSAY_KEY_PASSPHRASE)


@functools.cache
def _load_once(folder: Path, passphrase: str) -> KeyRing:
    return KeyRing.load(folder, passphrase)


def _own_log(trust: TrustedRoot, spki: bytes, private: Ed25519PrivateKey, folder: Path) -> VerifierKey:
    raw = private.public_key().public_bytes_raw()
    own = [key for key in trust.logs.values() if key.raw == raw]
    if not own or sha256_bytes(spki) not in trust.statements:
        raise IntegrityFailed(f"{folder / TRUSTED_ROOT} does not belong to the private keys beside it")
    return own[0]


def _read_private(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        data = path.read_bytes()
    except OSError as error:
        raise IntegrityFailed(f"the key {path} cannot be read ({error.strerror}); run the set-up first") from error
    if mode & 0o077:
        raise IntegrityFailed(f"the key {path} can be read by others; run chmod 600 on it")
    return data


def _write_exclusive(path: Path, data: bytes, mode: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _generate(passphrase: bytes, origin: str) -> Mapping[str, bytes]:
    made = now()
    statements, log = ec.generate_private_key(ec.SECP256R1()), Ed25519PrivateKey.generate()
    leaf_key, root_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
    root = _root_certificate(root_key, origin, made)
    leaf = _leaf_certificate(leaf_key, root_key, root, origin, made)
    spki = statements.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    log_key = VerifierKey(origin, log.public_key().public_bytes_raw())
    public = {
        "mediaType": MEDIA_TYPE,
        "statements": [{"keyid": sha256_bytes(spki), "spki": encode_base64(spki), "valid_from": iso(made)}],
        "logs": [{"origin": origin, "vkey": str(log_key), "valid_from": iso(made)}],
        "report_roots": [{"certificate": root.public_bytes(Encoding.PEM).decode(), "fingerprint": certificate_fingerprint(root)}],
        "timestamp_roots": [],
    }
    sealed = BestAvailableEncryption(passphrase)
    return {
        STATEMENTS: statements.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed),
        CHECKPOINTS: log.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed),
        REPORT: _pkcs12(leaf_key, leaf, root, passphrase),
        TRUSTED_ROOT: canonical_json(public),
    }


def _pkcs12(key: ec.EllipticCurvePrivateKey, leaf: x509.Certificate, root: x509.Certificate, passphrase: bytes) -> bytes:
    cipher = pkcs12.PBES.PBESv2SHA256AndAES256CBC
    sealed = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(600_000).key_cert_algorithm(cipher).hmac_hash(SHA256()).build(passphrase)
    return pkcs12.serialize_key_and_certificates(b"report", key, leaf, [root], sealed)


def _name(common: str, origin: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, origin[:64]), x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    own = not signs_certificates
    return x509.KeyUsage(own, own, False, False, False, signs_certificates, signs_certificates, False, False)


def _root_certificate(key: ec.EllipticCurvePrivateKey, origin: str, made: datetime) -> x509.Certificate:
    name = _name("Self-made report root, not a qualified authority", origin)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), made, made + 30 * YEARS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False).sign(key, SHA384())


def _leaf_certificate(
    key: ec.EllipticCurvePrivateKey, root_key: ec.EllipticCurvePrivateKey, root: x509.Certificate, origin: str, made: datetime
) -> x509.Certificate:
    name = _name("Self-made report seal, not a qualified seal", origin)
    builder = x509.CertificateBuilder(root.subject, name, key.public_key(), x509.random_serial_number(), made, made + 20 * YEARS)
    usages = x509.ExtendedKeyUsage([DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION])
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True).add_extension(usages, critical=False)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    return builder.add_extension(authority, critical=False).sign(root_key, SHA384())
