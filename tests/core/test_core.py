"""Canonical JSON, hashes, manifests and the clock: the ground everything signed stands on."""

import datetime
import hashlib
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from core.canonical import canonical_digest, canonical_json, parse_canonical
from core.errors import AssayError, InvalidInput
from core.hashing import file_manifest, manifest_digest, sha256_bytes, sha256_file

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_keys_are_sorted_by_utf16_units_as_rfc_8785_section_3_2_3_shows() -> None:
    value = {"\u20ac": "Euro", "\r": "Carriage", "\ufb33": "Hebrew", "1": "One", "\u0080": "Control", "\U0001f600": "Smile"}
    text = canonical_json(value).decode()
    order = [text.index(word) for word in ("Carriage", "One", "Control", "Euro", "Smile", "Hebrew")]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e30, b"1e+30"), (4.50, b"4.5"), (2e-3, b"0.002"), (1e-27, b"1e-27"), (-0.0, b"0"), (333333333.33333329, b"333333333.3333333")],
)
def test_numbers_are_written_as_rfc_8785_says(value: float, text: bytes) -> None:
    assert canonical_json(value) == text


@given(json_values)
def test_canonical_form_parses_back_to_itself(value: object) -> None:
    data = canonical_json(value)
    assert canonical_json(parse_canonical(data)) == data


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1: "a"}, 2**60])
def test_what_json_cannot_say_exactly_is_refused(value: object) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical_json(value)


@pytest.mark.parametrize("data", [b'{"b":1, "a":2}', b'{"b":1,"a":2}', b'{"a":1.0}', b'{"a":"\\u0041"}', b'{"a":1,"a":1}', b"[1]\n"])
def test_other_spellings_of_the_same_value_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="canonical"):
        parse_canonical(data)


def test_digest_is_the_hash_of_the_canonical_bytes() -> None:
    assert canonical_digest({"b": 1, "a": [True, None]}) == hashlib.sha256(b'{"a":[true,null],"b":1}').hexdigest()


def test_file_hash_equals_the_hash_of_its_bytes(tmp_path: Path) -> None:
    data = b"\x00assay" * 300_000
    (tmp_path / "file").write_bytes(data)
    assert sha256_file(tmp_path / "file") == sha256_bytes(data) == hashlib.sha256(data).hexdigest()


def test_manifest_does_not_depend_on_the_order_of_files_but_on_name_and_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "x", tmp_path / "b"
    first.parent.mkdir()
    first.write_bytes(b"1")
    second.write_bytes(b"22")
    rows = file_manifest([second, first], tmp_path)
    assert [(row["name"], row["size"]) for row in rows] == [("a/x", 1), ("b", 2)]
    before = manifest_digest(rows)
    assert before == manifest_digest(file_manifest([first, second], tmp_path))
    second.write_bytes(b"23")
    assert manifest_digest(file_manifest([first, second], tmp_path)) != before


def test_time_is_aware_and_written_in_utc_with_whole_seconds() -> None:
    assert clock.now().tzinfo is datetime.UTC
    tokyo = datetime.timezone(datetime.timedelta(hours=9))
    assert clock.iso(datetime.datetime(2026, 11, 20, 8, 30, 15, 999999, tokyo)) == "2026-11-19T23:30:15Z"


def test_invalid_input_carries_field_and_fix() -> None:
    error = InvalidInput("country", "use two letters")
    assert isinstance(error, AssayError)
    assert (error.field, error.message, str(error)) == ("country", "use two letters", "country: use two letters")
