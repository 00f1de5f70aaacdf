"""Statements: their four fields, and what ties a result to its plan."""

import datetime
import json

import pytest

from core.canonical import canonical_digest
from evidence import statements

AT = datetime.datetime(2026, 11, 20, 12, 0, 0, 5, tzinfo=datetime.UTC)


def facts(**changes: object) -> dict[str, object]:
    return statements.context(**{"action": "a.b", "actor": "accounts.user:1", "at": AT, "subject": "s:1", "payload": {"n": 1}, **changes})  # type: ignore[arg-type]


def test_statement_has_the_four_fields_of_version_1() -> None:
    found = statements.build([statements.descriptor("file", "ab" * 32)], "urn:x", {"a": 1})
    assert json.loads(statements.encode(found)) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "file", "digest": {"sha256": "ab" * 32}}],
        "predicateType": "urn:x",
        "predicate": {"a": 1},
    }


def test_record_binds_the_payload_by_digest() -> None:
    found = statements.record(facts())
    assert found["subject"] == [statements.descriptor("s:1", canonical_digest({"n": 1}))]
    assert found["predicate"]["at"] == "2026-11-20T12:00:00Z"


def test_salt_is_random_unless_given() -> None:
    assert facts()["salt"] != facts()["salt"]
    assert len(str(facts()["salt"])) == 32
    assert facts(salt="fixed")["salt"] == "fixed"


def test_context_goes_beside_the_predicate_without_touching_the_original() -> None:
    original = statements.build([], "urn:x", {"a": 1})
    found = statements.with_context(original, facts())
    assert found["predicate"]["a"] == 1
    assert found["predicate"]["record"]["action"] == "a.b"
    assert original["predicate"] == {"a": 1}


def test_step_result_names_its_plan_first() -> None:
    found = statements.step_result(result="WARNED", plan_digest="cd" * 32, configuration=[statements.descriptor("weights", "ef" * 32)], finding={"n": 1})
    assert [row["name"] for row in found["configuration"]] == ["plan", "weights"]
    assert found["configuration"][0]["digest"]["sha256"] == "cd" * 32


def test_step_result_of_another_outcome_is_refused() -> None:
    with pytest.raises(ValueError, match="MAYBE"):
        statements.step_result(result="MAYBE", plan_digest="", configuration=[], finding={})
