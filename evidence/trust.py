"""The public keys against which everything is checked: ``trusted_root.json``, strictly read."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key

from core.canonical import parse_canonical
from core.errors import IntegrityFailed
from evidence.checkpoint import VerifierKey
from evidence.dsse import decode_base64

MEDIA_TYPE = "application/vnd.assay.trusted-root.v1+json"
FIELDS = {"mediaType", "statements", "logs", "report_roots", "timestamp_roots"}


@dataclass(frozen=True)
class TrustedRoot:
    """Statement keys by key id (hex SHA-256 of the DER public key), log keys by origin, and certificate roots."""

    statements: Mapping[str, bytes]
    statement_keys: Mapping[str, ec.EllipticCurvePublicKey]
    logs: Mapping[str, VerifierKey]
    report_roots: tuple[x509.Certificate, ...]
    timestamp_roots: tuple[x509.Certificate, ...]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read canonical JSON as written at key creation; ``IntegrityFailed`` when a field, key or fingerprint does not fit."""
        try:
            return cls._build(parse_canonical(data))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, UnsupportedAlgorithm) as error:
            raise IntegrityFailed(f"trusted_root.json cannot be used: {error}") from error

    @classmethod
    def _build(cls, value: dict[str, Any]) -> Self:
        if set(value) != FIELDS or value["mediaType"] != MEDIA_TYPE:
            raise ValueError(f"it must have exactly the fields {', '.join(sorted(FIELDS))}")
        statements = {row["keyid"]: decode_base64(row["spki"]) for row in value["statements"]}
        logs = {row["origin"]: VerifierKey.parse(row["vkey"]) for row in value["logs"]}
        _check_names(statements, logs)
        roots = [tuple(_certificate(row) for row in value[name]) for name in ("report_roots", "timestamp_roots")]
        return cls(statements, {keyid: _p256(spki) for keyid, spki in statements.items()}, logs, *roots)

    def fingerprints(self) -> list[tuple[str, str]]:
        """What to compare out of band: (label, hex SHA-256 or verifier key) per key."""
        rows = [("statement key", keyid) for keyid in self.statements]
        rows += [("log key", str(key)) for key in self.logs.values()]
        return rows + [("report root certificate", certificate_fingerprint(root)) for root in self.report_roots]


def _check_names(statements: Mapping[str, bytes], logs: Mapping[str, VerifierKey]) -> None:
    proper = {hashlib.sha256(spki).hexdigest() for spki in statements.values()} | {key.name for key in logs.values()}
    if wrong := proper ^ (set(statements) | set(logs)):
        raise ValueError(f"a key does not carry the name it is listed under: {min(wrong)}")


def certificate_fingerprint(certificate: x509.Certificate) -> str:
    """Hex SHA-256 of the DER certificate."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def _certificate(row: Mapping[str, str]) -> x509.Certificate:
    certificate = x509.load_pem_x509_certificate(row["certificate"].encode())
    if certificate_fingerprint(certificate) != row["fingerprint"]:
        raise ValueError("a certificate does not match its fingerprint")
    return certificate


def _p256(spki: bytes) -> ec.EllipticCurvePublicKey:
    key = load_der_public_key(spki)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("a statement key is not ECDSA P-256")
    return key
