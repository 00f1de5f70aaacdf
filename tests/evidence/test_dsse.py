"""Envelopes: the published example, and every field that a forger might touch."""

import copy
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.signer import CryptoSigner, SSlibKey

from core.canonical import canonical_json
from core.errors import IntegrityFailed
from evidence import dsse

PRIVATE = ec.generate_private_key(ec.SECP256R1())
SPKI = PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
KEYID = hashlib.sha256(SPKI).hexdigest()
SIGNER = CryptoSigner(PRIVATE, SSlibKey.from_crypto(PRIVATE.public_key(), KEYID))
KEYS = {KEYID: PRIVATE.public_key()}


def envelope(payload: bytes = b'{"a":1}') -> dict[str, Any]:
    return dsse.sign(payload, SIGNER)


def test_pae_matches_the_published_example() -> None:
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_published_signature_holds_over_our_pae() -> None:
    numbers = ec.EllipticCurvePublicNumbers(
        46950820868899156662930047687818585632848591499744589407958293238635476079160,
        5640078356564379163099075877009565129882514886557779369047442380624545832820,
        ec.SECP256R1(),
    )
    raw = dsse.decode_base64("A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==")
    signature = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    numbers.public_key().verify(signature, dsse.pae("http://example.com/HelloWorld", b"hello world"), ec.ECDSA(SHA256()))


def test_signed_payload_comes_back() -> None:
    assert dsse.verify(envelope(b"any bytes \x00\xff"), KEYS) == b"any bytes \x00\xff"


def test_signature_over_another_payload_type_is_refused() -> None:
    found = envelope()
    signature = SIGNER.sign(dsse.pae("application/json", b'{"a":1}'))
    found["signatures"][0]["sig"] = dsse.encode_base64(bytes.fromhex(signature.signature))
    with pytest.raises(IntegrityFailed, match="does not match"):
        dsse.verify(found, KEYS)
    with pytest.raises(IntegrityFailed, match="not an in-toto statement"):
        dsse.verify({**found, "payloadType": "application/json"}, KEYS)


def test_unknown_key_is_named() -> None:
    with pytest.raises(IntegrityFailed, match=KEYID):
        dsse.verify(envelope(), {})


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.pop("payload"),
        lambda row: row.update(extra="x"),
        lambda row: row.update(payload=7),
        lambda row: row.update(signatures=[]),
        lambda row: row.update(signatures=row["signatures"] * 2),
        lambda row: row.update(signatures="x"),
        lambda row: row["signatures"][0].update(extra="x"),
        lambda row: row["signatures"][0].pop("sig"),
        lambda row: row["signatures"][0].update(keyid=None),
        lambda row: row["signatures"][0].update(sig=""),
        lambda row: row["signatures"][0].update(sig="####"),
        lambda row: row.update(payload=row["payload"] + "\n"),
        lambda row: row.update(payload=row["payload"].rstrip("=")),
        lambda row: row.update(payload="é" + row["payload"]),
    ],
)
def test_envelope_of_another_shape_is_refused(change: Any) -> None:
    found = copy.deepcopy(envelope())
    change(found)
    with pytest.raises(IntegrityFailed):
        dsse.verify(found, KEYS)


def test_base64_with_stray_trailing_bits_is_refused() -> None:
    assert dsse.decode_base64("QQ==") == b"A"
    for text in ("QR==", "QQ", "QQ= =", " QQ==", "QQ==\n", "Q-==", "QQ==QQ=="):
        with pytest.raises(IntegrityFailed):
            dsse.decode_base64(text)


@given(st.binary(max_size=80))
def test_base64_round_trip(data: bytes) -> None:
    assert dsse.decode_base64(dsse.encode_base64(data)) == data


@given(st.recursive(st.text(st.characters(min_codepoint=32, max_codepoint=126)), lambda inner: st.dictionaries(st.text("abcXYZ"), inner, max_size=4)))
def test_compact_form_is_canonical_for_printable_ascii(value: Any) -> None:
    assert dsse.compact({"value": value}) == canonical_json({"value": value})


@given(st.data())
def test_every_changed_byte_of_the_payload_is_refused(data: st.DataObject) -> None:
    found = envelope(b'{"finding":"observed","value":0.73}')
    payload = bytearray(dsse.decode_base64(found["payload"]))
    position = data.draw(st.integers(0, len(payload) - 1))
    payload[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(IntegrityFailed):
        dsse.verify({**found, "payload": dsse.encode_base64(bytes(payload))}, KEYS)
