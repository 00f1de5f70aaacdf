"""The public keys file is read strictly: whoever can bend it can bend everything."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.canonical import canonical_json
from core.errors import IntegrityFailed
from core.hashing import sha256_bytes
from evidence.dsse import encode_base64
from evidence.keys import KeyRing
from evidence.trust import TrustedRoot


def test_trusted_root_gives_three_fingerprints(ring: KeyRing) -> None:
    rows = TrustedRoot.parse(ring.trusted_root_bytes).fingerprints()
    assert [label for label, _ in rows] == ["statement key", "log key", "report root certificate"]
    assert rows[0][1] == sha256_bytes(ring.spki)
    assert rows[1][1] == str(ring.log_key)


def test_every_changed_byte_is_refused_or_changes_only_a_date(ring: KeyRing) -> None:
    original = TrustedRoot.parse(ring.trusted_root_bytes)
    for position in range(len(ring.trusted_root_bytes)):
        spoilt = bytearray(ring.trusted_root_bytes)
        spoilt[position] ^= 1
        try:
            found = TrustedRoot.parse(bytes(spoilt))
        except IntegrityFailed:
            continue
        assert found.fingerprints() == original.fingerprints()


def p384_row() -> dict[str, str]:
    spki = ec.generate_private_key(ec.SECP384R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {"keyid": sha256_bytes(spki), "spki": encode_base64(spki), "valid_from": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(mediaType="x"),
        lambda value: value.update(extra=[]),
        lambda value: value.pop("logs"),
        lambda value: value.update(statements=None),
        lambda value: value["statements"][0].update(keyid="0" * 64),
        lambda value: value["statements"].append(p384_row()),
        lambda value: value["logs"][0].update(origin="another.example/log"),
        lambda value: value["logs"][0].update(vkey="x"),
        lambda value: value["report_roots"][0].update(fingerprint="0" * 64),
        lambda value: value["report_roots"][0].update(certificate="x"),
    ],
)
def test_bent_trusted_root_is_refused(ring: KeyRing, change: Any) -> None:
    value = json.loads(ring.trusted_root_bytes)
    change(value)
    with pytest.raises(IntegrityFailed):
        TrustedRoot.parse(canonical_json(value))
