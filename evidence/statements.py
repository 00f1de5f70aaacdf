"""In-toto Statement v1 (in-toto/attestation): what is said about which bytes, and the predicates of our own."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from core.canonical import canonical_digest, canonical_json
from core.clock import iso

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"

RECORD = "urn:assay:predicate:record:v1"
PLAN_SEAL = "urn:assay:predicate:plan-seal:v1"
STEP_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
REPLAY = "urn:assay:predicate:replay:v1"
LINK_REVIEW = "urn:assay:predicate:link-review:v1"
REPORT = "urn:assay:predicate:report:v1"
CASE = "urn:assay:predicate:case:v1"
QUALIFICATION = "urn:assay:predicate:qualification:v1"
PLAN_HANDOVER = "urn:assay:predicate:plan-handover:v1"
RECEIVED_CASE = "urn:assay:predicate:received-case:v1"
RECEIVED_RESULT = "urn:assay:predicate:received-result:v1"


def descriptor(name: str, sha256: str) -> dict[str, Any]:
    """An in-toto resource descriptor: a name and the hex SHA-256 of the bytes it stands for."""
    return {"name": name, "digest": {"sha256": sha256}}


def build(subjects: Iterable[Mapping[str, Any]], predicate_type: str, predicate: Mapping[str, Any]) -> dict[str, Any]:
    """A statement of ``predicate`` about ``subjects`` (descriptors)."""
    return {"_type": STATEMENT_TYPE, "subject": [dict(row) for row in subjects], "predicateType": predicate_type, "predicate": dict(predicate)}


def context(*, action: str, actor: str, at: datetime, subject: str, payload: Mapping[str, Any], salt: str = "") -> dict[str, Any]:
    """Who did what to what and when; the salt (random when not given) keeps a short payload from being guessed from a digest."""
    return {"action": action, "actor": actor, "at": iso(at), "subject": subject, "payload": dict(payload), "salt": salt or secrets.token_hex(16)}


def record(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The statement of a plain write: subject is the text subject, digest that of the canonical payload."""
    return build([descriptor(str(facts["subject"]), canonical_digest(facts["payload"]))], RECORD, facts)


def with_context(statement: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """``statement`` with ``facts`` under ``predicate.record``, so that the log's own columns are signed too."""
    return {**statement, "predicate": {**statement["predicate"], "record": dict(facts)}}


def step_result(*, result: str, plan_digest: str, configuration: Iterable[Mapping[str, Any]], finding: Mapping[str, Any]) -> dict[str, Any]:
    """Predicate test-result v0.1. ``result``: PASSED, WARNED or FAILED; the sealed plan comes first in the configuration."""
    if result not in {"PASSED", "WARNED", "FAILED"}:
        raise ValueError(f"result {result!r} is not one of PASSED, WARNED, FAILED")
    return {"result": result, "configuration": [descriptor("plan", plan_digest), *map(dict, configuration)], "finding": dict(finding)}


def encode(statement: Mapping[str, Any]) -> bytes:
    """Canonical bytes of a statement, as signed."""
    return canonical_json(statement)
