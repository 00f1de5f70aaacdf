"""Reads the results in a verified case into the plain data that our own steps produce. What a vendor sent is never run, drawn or previewed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assessments.contracts import Control, Measurement, Reading, StepOutput
from core.canonical import parse_canonical
from core.errors import IntegrityFailed
from evidence import statements
from evidence.archive import Zip, read
from evidence.bundle import Verified, file_name
from evidence.verify import case as layout
from evidence.verify.case import Case

RESULT = "/result.json"
SCHEMA = "urn:assay:step-result:v1"
SPEC = ("key", "instrument", "version", "params", "probe_sets", "thresholds")
LENGTHS = {"headline": 300, "summary": 20_000, "does_not_show": 5000, "not_examined": 5000, "primary": 80}
MOST_MEASUREMENTS = 5000
LARGEST_RESULT = 64 << 20


@dataclass(frozen=True)
class Result:
    """One step as the vendor's key attests it: ``found`` is the attested finding, ``output`` what the attested result file says."""

    statement: Verified
    found: Mapping[str, Any]
    document: Mapping[str, Any]
    output: StepOutput

    @property
    def key(self) -> str:
        """Which step of the plan it is."""
        return str(self.found["key"])

    @property
    def plan_digest(self) -> str:
        """The plan that the statement names."""
        return str(next(row["digest"]["sha256"] for row in self.statement.statement["predicate"]["configuration"] if row["name"] == "plan"))

    @property
    def at(self) -> str:
        """When it was entered in the vendor's log, by the vendor's clock."""
        return str(self.statement.statement["predicate"]["record"]["at"])


def results_read(source: Zip, case: Case) -> list[Result]:
    """Every step's result in the case, in the order of the vendor's log; ``IntegrityFailed`` in words when one cannot be read."""
    rows = [row for row in case.statements if row.predicate_type == statements.STEP_RESULT]
    return [_result(source, case, row) for row in sorted(rows, key=lambda row: row.index)]


def bundle_bytes(source: Zip, row: Verified) -> bytes:
    """The vendor's signed statement with its proof, as it lies in the case."""
    return read(source, layout.FOLDER + file_name(row.index))


def plan_seal(case: Case, digest: str) -> Verified | None:
    """The statement by which the vendor's log received or sealed the plan with ``digest``."""
    seals = (row for row in case.statements if row.predicate_type == statements.PLAN_SEAL)
    return next((row for row in seals if any(found == digest for _, found in row.subjects)), None)


def _result(source: Zip, case: Case, row: Verified) -> Result:
    try:
        found = row.statement["predicate"]["finding"]
        digest = next(sha256 for name, sha256 in row.subjects if name.endswith(RESULT))
        document = parse_canonical(_bounded(source, case, digest))
        if document["schema"] != SCHEMA or set(document) != {"schema", "spec", "output"}:
            raise IntegrityFailed("its result file is of another kind")
        return Result(row, dict(found), document, _output(document["output"]))
    except IntegrityFailed as error:
        raise IntegrityFailed(f"log entry {row.index}: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError) as error:
        raise IntegrityFailed(f"log entry {row.index}: its result is not in the form that this program writes ({type(error).__name__})") from error


def _bounded(source: Zip, case: Case, digest: str) -> bytes:
    name = f"artifacts/{digest}"
    if name not in case.rows:
        raise IntegrityFailed("its result file is not in the case")
    if int(case.rows[name]["size"]) > LARGEST_RESULT:
        raise IntegrityFailed(f"its result file is larger than {LARGEST_RESULT >> 20} MiB")
    return read(source, name)


def _output(value: Mapping[str, Any]) -> StepOutput:
    texts = {name: _text(value[name], name, most) for name, most in LENGTHS.items()}
    measurements = tuple(_measurement(row) for row in value["measurements"])
    if not 0 < len(measurements) <= MOST_MEASUREMENTS or len({row.name for row in measurements}) != len(measurements):
        raise IntegrityFailed("it has no measurements, too many, or two under one name")
    output = StepOutput(
        reading=Reading(value["reading"]),
        measurements=measurements,
        controls=tuple(_control(row) for row in value["controls"]),
        # A figure is a small program for a drawing engine. Those of others are kept as files and not run here.
        figures=(),
        files=(),
        counts={_text(name, "counts", 80): int(count) for name, count in value["counts"].items()},
        environment=dict(value["environment"]),
        tokens=int(value["tokens"]),
        **texts,
    )
    output.measurement(output.primary)
    return output


def _measurement(row: Mapping[str, Any]) -> Measurement:
    found = Measurement(**row)
    numbers = (found.value, found.low, found.high, found.null_low, found.null_high, found.p_value)
    if not all(number is None or _finite(number) for number in numbers) or type(found.n) is not int or found.n < 0:
        raise IntegrityFailed(f"the measurement {found.name!r} holds something that is no number")
    for text, most in ((found.name, 80), (found.label, 200), (found.formula, 120), (found.unit, 60), (found.direction, 10), (found.role, 12)):
        _text(text, "measurement", most)
    return found


def _finite(number: Any) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)


def _control(row: Mapping[str, Any]) -> Control:
    found = Control(**row)
    _text(found.name, "control", 500), _text(found.note, "control", 5000)
    if type(found.n) is not int or found.passed not in (True, False, None):
        raise IntegrityFailed(f"the control {found.name!r} is not in the form that this program writes")
    return found


def _text(value: Any, name: str, most: int) -> str:
    if not isinstance(value, str) or len(value) > most or "\0" in value:
        raise IntegrityFailed(f"its {name} is no text of at most {most} characters")
    return value


def contradictions(result: Result, item: Mapping[str, Any], seed: int) -> list[str]:
    """Where statement and result file disagree with each other or with the sealed step; empty when all say the same."""
    spec, found, output = result.document["spec"], result.found, result.output
    out = [f"{name} is not what the plan sealed" for name in SPEC if spec.get(name) != item[name]]
    out += ["the seed is not what the plan sealed"] if (spec.get("seed"), found["seed"]) != (seed, seed) else []
    out += ["the statement claims another reading than the result file"] if found["reading"] != output.reading.value else []
    primary = next(row for row in result.document["output"]["measurements"] if row["name"] == output.primary)
    out += ["the statement claims another primary value than the result file"] if found["primary"] != primary else []
    out += ["the statement and the result file name different subjects"] if found["subject"] != spec.get("subject") else []
    out += ["the statement and the result file name different environments"] if found["environment"] != result.document["output"]["environment"] else []
    return out


def missing(results: Sequence[Result], items: Sequence[Mapping[str, Any]]) -> list[str]:
    """Steps of the plan without a result."""
    there = {row.key for row in results}
    return [str(item["key"]) for item in items if item["key"] not in there]
