"""Bundles: what strangers get for one statement, and every byte of it changed."""

import json
import random
from typing import Any

import pytest

from accounts.models import User
from core.canonical import canonical_json
from core.errors import IntegrityFailed
from evidence import bundle, dsse, statements
from evidence.keys import KeyRing
from evidence.proofs import bundle_read
from evidence.trust import TrustedRoot
from tests.evidence import builders


@pytest.fixture
def data(recorder: User) -> bytes:
    attestations = builders.plan_and_results(recorder, results=6)
    return bundle_read(attestations[3])


def test_bundle_is_accepted_and_says_what_was_recorded(data: bytes, trust: TrustedRoot) -> None:
    found = bundle.verify(data, trust)
    assert (found.index, found.head.size, found.predicate_type) == (3, 7, statements.STEP_RESULT)
    assert found.statement["predicate"]["record"]["action"] == "tests.recorded"
    assert len(found.subjects) == 2


def test_bundle_has_the_published_shape(data: bytes) -> None:
    value = json.loads(data)
    entry = value["verificationMaterial"]["tlogEntries"][0]
    assert value["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert entry["kindVersion"] == {"kind": "hashedrekord", "version": "0.0.2"}
    body = json.loads(dsse.decode_base64(entry["canonicalizedBody"]))
    assert body["spec"]["hashedRekordV002"]["data"]["algorithm"] == "SHA2_256"
    assert body["spec"]["hashedRekordV002"]["signature"]["verifier"]["keyDetails"] == "PKIX_ECDSA_P256_SHA_256"
    assert body["spec"]["hashedRekordV002"]["signature"]["content"] == value["dsseEnvelope"]["signatures"][0]["sig"]


def test_every_changed_byte_is_refused(data: bytes, trust: TrustedRoot) -> None:
    source = random.Random(1)
    for position in range(len(data)):
        spoilt = bytearray(data)
        spoilt[position] ^= 1 << source.randrange(8)
        with pytest.raises(IntegrityFailed):
            bundle.verify(bytes(spoilt), trust)


def test_bytes_added_or_cut_are_refused(data: bytes, trust: TrustedRoot) -> None:
    for spoilt in (data + b"\n", b" " + data, data[:-1], b"", data.replace(b":", b": ", 1), b"[" * 100_000):
        with pytest.raises(IntegrityFailed):
            bundle.verify(spoilt, trust)


def entry_of(value: dict[str, Any]) -> dict[str, Any]:
    return dict(value["verificationMaterial"]["tlogEntries"][0])


@pytest.mark.parametrize(
    "path",
    [
        ("mediaType",),
        ("verificationMaterial", "publicKey", "hint"),
        ("verificationMaterial", "tlogEntries", 0, "logIndex"),
        ("verificationMaterial", "tlogEntries", 0, "logId", "keyId"),
        ("verificationMaterial", "tlogEntries", 0, "kindVersion", "kind"),
        ("verificationMaterial", "tlogEntries", 0, "kindVersion", "version"),
        ("verificationMaterial", "tlogEntries", 0, "canonicalizedBody"),
        ("verificationMaterial", "tlogEntries", 0, "inclusionProof", "logIndex"),
        ("verificationMaterial", "tlogEntries", 0, "inclusionProof", "rootHash"),
        ("verificationMaterial", "tlogEntries", 0, "inclusionProof", "treeSize"),
        ("verificationMaterial", "tlogEntries", 0, "inclusionProof", "hashes"),
        ("verificationMaterial", "tlogEntries", 0, "inclusionProof", "checkpoint", "envelope"),
        ("dsseEnvelope", "payloadType"),
    ],
)
@pytest.mark.parametrize("replacement", ["", "4", "AAAA", None, [], "remove", "extra"])
def test_no_field_is_ignored(data: bytes, trust: TrustedRoot, path: tuple[Any, ...], replacement: Any) -> None:
    value = json.loads(data)
    place = value
    for step in path[:-1]:
        place = place[step]
    if replacement == "remove":
        del place[path[-1]]
    elif replacement == "extra":
        place["note"] = "unsigned words"
    else:
        place[path[-1]] = replacement
    with pytest.raises(IntegrityFailed):
        bundle.verify(canonical_json(value), trust)


def test_bundle_of_another_installation_names_the_key(data: bytes, trust: TrustedRoot) -> None:
    stranger = TrustedRoot({}, {}, trust.logs, (), ())
    with pytest.raises(IntegrityFailed, match="not among the trusted statement keys"):
        bundle.verify(data, stranger)
    with pytest.raises(IntegrityFailed, match="not among the trusted logs"):
        bundle.verify(data, TrustedRoot(trust.statements, trust.statement_keys, {}, (), ()))


def test_proof_of_one_statement_does_not_serve_another(recorder: User, data: bytes, trust: TrustedRoot) -> None:
    other = json.loads(bundle_read(builders.record(recorder, [builders.stored(b"x")])))
    value = json.loads(data)
    with pytest.raises(IntegrityFailed, match="inclusion proof"):
        bundle.verify(canonical_json({**value, "dsseEnvelope": other["dsseEnvelope"]}), trust)


@pytest.mark.parametrize("payload", [b"[]", b"{}", b'{"_type":"x"}', b"not json", canonical_json({**statements.build([], "x", {}), "extra": 1}), b'{ "a": 1 }'])
def test_signed_payload_that_is_no_statement_is_refused(payload: bytes, ring: KeyRing) -> None:
    envelope = dsse.sign(payload, ring.signer)
    with pytest.raises((IntegrityFailed, ValueError, TypeError)):
        bundle.statement_of(envelope, ring.trust)


def test_file_names_are_recognised_only_in_canonical_form() -> None:
    assert bundle.is_file_name(bundle.file_name(0))
    assert bundle.is_file_name(bundle.file_name(120))
    for number in ("01", "-1", "x", "", "1/2", "9" * 30):
        assert not bundle.is_file_name(f"statement-{number}.sigstore.json")
    assert not bundle.is_file_name("a/statement-1.sigstore.json")
    assert not bundle.is_file_name("statement-1.sigstore.json\n")
