"""Whether the vendor's calibration record carries a result: found in its case, recomputed here from its trials, and made where the result was made."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from assessments.conditions import conditions_of, why_not_current
from assessments.contracts import Reading
from assessments.qualification import TrialResult, record_of, shortfalls
from assessments.reception.results import Result
from core.canonical import canonical_json, parse_canonical
from core.errors import IntegrityFailed
from evidence import statements
from evidence.archive import Zip, read
from evidence.bundle import Verified
from evidence.verify.case import Case

READINGS = ("reading", "least", "most")


def doubts(source: Zip, case: Case, result: Result, item: Mapping[str, Any]) -> list[str]:
    """Why the vendor's calibration does not carry ``result``; empty when it does."""
    ran = result.found["instrument"].get("source_ran")
    if ran != item["source_digest"]:
        return ["The vendor ran other code of the instrument than the plan seals."]
    record = result.found.get("qualification")
    if not record:
        return ["The vendor's installation had no calibration record of the instrument."]
    statement = _statement(case, record, result)
    if statement is None:
        return ["The case does not hold the calibration record that the result names, so nobody can check it."]
    return [*_faults(source, case, statement, record["record"]["sha256"]), *_lapsed(statement, result, item)]


def _statement(case: Case, record: Mapping[str, Any], result: Result) -> Verified | None:
    sha256, index = record["record"]["sha256"], record["log_index"]
    rows = (row for row in case.statements if row.predicate_type == statements.QUALIFICATION and row.index == index < result.statement.index)
    return next((row for row in rows if any(found == sha256 for _, found in row.subjects)), None)


def _faults(source: Zip, case: Case, statement: Verified, sha256: str) -> Sequence[str]:
    """What the record itself lacks, by its own trials and not by what it says of them."""
    if f"artifacts/{sha256}" not in case.rows:
        return ["The calibration record's file is not in the case, so its figures cannot be recomputed."]
    try:
        document = parse_canonical(read(source, f"artifacts/{sha256}"))
        record = record_of([_trial(row) for row in document["trials"]])
        same = parse_canonical(canonical_json(asdict(record))) == document["figures"]
    except (IntegrityFailed, ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError, RecursionError):
        return ["The calibration record's file cannot be read, so its figures cannot be recomputed."]
    said = (statement.statement["predicate"]["figures"], statement.statement["predicate"]["instrument"])
    if not same or said != (document["figures"], document["instrument"]):
        return ["The figures of the calibration record do not follow from its own trials."]
    return shortfalls(record)


def _lapsed(statement: Verified, result: Result, item: Mapping[str, Any]) -> list[str]:
    said = statement.statement["predicate"]
    method = said["instrument"]
    made = conditions_of(method["slug"], method["version"], method["source_digest"], said["environment"])
    here = conditions_of(item["instrument"], item["version"], item["source_digest"], result.found["environment"])
    return why_not_current(made, here, datetime.fromisoformat(said["valid_until"]), datetime.fromisoformat(result.at))


def _trial(row: Mapping[str, Any]) -> TrialResult:
    return TrialResult(**{**row, **{name: Reading(row[name]) if row[name] else None for name in READINGS}})
