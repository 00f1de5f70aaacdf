"""A replay is held to bits where everything is the same, to a stated tolerance where it is not, and says what differs."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from assessments.contracts import Refused
from assessments.replay import EXACT, REDUCED, SINGLE, Comparison, Outcome, Result, compare, spec_of

ENVIRONMENT = {"device": "cpu", "dtype": "float32", "threads": 1, "torch": "2.13.0"}
SPEC = {
    "key": "k", "instrument": "known_circuits", "version": "1", "params": {}, "probe_sets": {}, "seed": 3, "max_batch": 32,
    "thresholds": [{"metric": "auroc", "op": ">=", "value": 0.75}],
    "subject": {"source": "gguf", "locator": "m.gguf", "weights_digest": "w", "tokenizer_digest": "t", "template_digest": "", "name": "m"},
}  # fmt: skip


def result(value: float = 0.9, reading: str = "observed", source: str = "s", files: dict[str, str] | None = None, **environment: Any) -> Result:
    measurements = [{"name": "auroc", "label": "AUROC", "value": value}, {"name": "n", "label": "Count", "value": 4.0}]
    output = {"reading": reading, "measurements": measurements, "environment": {**ENVIRONMENT, **environment}}
    return Result({"schema": "urn:assay:step-result:v1", "spec": SPEC, "output": output}, files or {"k/items.parquet": "a"}, source)


def outcome(*pair: Result) -> tuple[Outcome, str]:
    found = compare(*pair)
    return found.outcome, found.tolerance.name


def test_same_bits_are_identical() -> None:
    assert outcome(result(), result()) == (Outcome.IDENTICAL, EXACT.name)


def test_same_bits_by_other_program_are_identical_still() -> None:
    found = compare(result(), result(source="other"))
    assert (found.outcome, found.tolerance) == (Outcome.IDENTICAL, SINGLE)
    assert [change.name for change in found.changes] == ["instrument source"]


@pytest.mark.parametrize("again", [result(0.9 + 1e-12), result(files={"k/items.parquet": "b"}), result(files={"k/more": "c", "k/items.parquet": "a"})])
def test_same_environment_excuses_no_bit(again: Result) -> None:
    assert outcome(result(), again) == (Outcome.DIFFERS, EXACT.name)


@pytest.mark.parametrize(
    ("value", "environment", "expected"),
    [
        (0.9018, {"torch": "2.14.0"}, (Outcome.WITHIN, SINGLE.name)),
        (0.9020, {"torch": "2.14.0"}, (Outcome.DIFFERS, SINGLE.name)),
        (0.9018, {"threads": 2}, (Outcome.WITHIN, SINGLE.name)),
        (0.9300, {"device": "cuda:0"}, (Outcome.WITHIN, REDUCED.name)),
        (0.9390, {"dtype": "bfloat16"}, (Outcome.DIFFERS, REDUCED.name)),
    ],
)
def test_other_environment_has_its_tolerance(value: float, environment: dict[str, Any], expected: tuple[Outcome, str]) -> None:
    assert outcome(result(), result(value, **environment)) == expected


def test_other_reading_differs_whatever_the_numbers_say() -> None:
    assert outcome(result(), result(reading="null", torch="2.14.0"))[0] == Outcome.DIFFERS


def test_measurement_that_is_missing_differs() -> None:
    again = result(torch="2.14.0")
    document = copy.deepcopy(dict(again.document))
    document["output"]["measurements"].pop()
    found = compare(result(), replace(again, document=document))
    assert found.outcome == Outcome.DIFFERS
    assert [row.name for row in found.rows if not row.holds] == ["n"]


def test_document_says_everything_a_reader_needs() -> None:
    found: Comparison = compare(result(), result(0.95, torch="2.14.0"))
    document = found.document()
    assert document["rows"][0]["difference"] == pytest.approx(0.05)
    assert [change["name"] for change in document["changes"]] == ["torch"]
    assert document["tolerance"]["reason"]


def test_step_is_read_back_from_its_result() -> None:
    spec = spec_of(result().document)
    assert (spec.instrument, spec.seed, spec.subject.name) == ("known_circuits", 3, "m")
    assert (spec.thresholds[0].op, spec.thresholds[0].value) == (">=", 0.75)


@pytest.mark.parametrize("document", [{}, {"schema": "urn:assay:plan:v1", "spec": {}}, {"schema": "urn:assay:step-result:v1", "spec": {"key": "k"}}])
def test_other_documents_are_refused(document: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        spec_of(document)
