"""Runs an attested step again, from its statement alone, and holds the outcome against the record."""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assessments.contracts import Progress, Refused, StepOutput, StepSpec
from assessments.registry import source_digest
from assessments.replay import Comparison, Result, compare, spec_of
from assessments.services.steps import result_document
from assessments.shelf import shelf_fill
from core.canonical import canonical_json
from core.errors import IntegrityFailed
from core.hashing import sha256_bytes, sha256_file
from evidence import bundle, statements
from evidence.keys import installed
from evidence.models import LedgerEntry
from evidence.storage import blob_read
from evidence.trust import TrustedRoot
from gpu_tasks.dumped.execute import SOURCE as DUMP
from gpu_tasks.remote.execute import SOURCE
from gpu_tasks.worker import figure_bytes, figure_name, file_name

RESULT = "/result.json"


@dataclass(frozen=True)
class Replayed:
    """The comparison, and the new result document in canonical bytes."""

    comparison: Comparison
    result: bytes


def recorded_in_case(statement: Path, trusted_root: Path | None = None) -> Result:
    """The result that ``CASE/statements/statement-N.sigstore.json`` vouches for, checked against the case's own keys or those given."""
    case = statement.resolve().parent.parent
    trust = TrustedRoot.parse(_read(trusted_root or case / "keys" / "trusted_root.json"))
    found = bundle.verify(_read(statement), trust)
    return recorded(found.statement, lambda sha256: _read(case / "artifacts" / sha256))


def recorded_in_log(entry: LedgerEntry) -> Result:
    """The result that an entry of this installation's log vouches for; its bytes come from the store."""
    return recorded(bundle.statement_of(entry.attestation.parsed_envelope, installed().trust), blob_read)


def recorded(statement: Mapping[str, Any], read: Callable[[str], bytes]) -> Result:
    """The result in a verified ``statement``; ``read`` gives bytes by SHA-256. Raises when the statement is about something else or bytes were changed."""
    files = {row["name"]: row["digest"]["sha256"] for row in statement["subject"]}
    name = next((name for name in files if name.endswith(RESULT)), None)
    if statement["predicateType"] != statements.STEP_RESULT or name is None:
        raise Refused(f"this statement is of type {statement['predicateType']}: only the result of a step can be replayed, choose an “assessments.step.done”")
    digest = files.pop(name)
    data = read(digest)
    if sha256_bytes(data) != digest:
        raise IntegrityFailed(f"{name} was changed: its bytes do not have the SHA-256 {digest[:12]}… that the statement names")
    return Result(json.loads(data), files, statement["predicate"]["finding"]["instrument"]["source_digest"])


def run_again(then: Result, progress: Progress, cache: Path) -> Replayed:
    """Execute the recorded step and compare; ``Refused`` when the instrument has another version here or the weights are not to be had."""
    spec = spec_of(then.document)
    if spec.subject.source == SOURCE:
        raise Refused(f"{spec.subject.name} answers over a network, so nothing says that the same model answers again: start a new run of the plan instead")
    if spec.subject.source == DUMP:
        raise Refused(f"{spec.subject.name} is a dump; a replay of one is not made yet: start a new run of the plan, which reads the same sealed bytes")
    from gpu_tasks.runtime.execute import execute

    shelf_fill(spec.probe_sets)
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        output = execute(spec, Path(folder), progress, cache)
        files = file_digests(spec, output, Path(folder))
    result = canonical_json(result_document(spec, output))
    # Read back, so that both sides went through JSON: a tuple and a list are the same there.
    return Replayed(compare(then, Result(json.loads(result), files, source_digest(spec.instrument))), result)


def file_digests(spec: StepSpec, output: StepOutput, workdir: Path) -> dict[str, str]:
    """Hex SHA-256 by name of every file a step leaves beside its result document, named as they are stored."""
    figures = {figure_name(spec, figure): sha256_bytes(figure_bytes(figure)) for figure in output.figures}
    return figures | {file_name(spec, row): sha256_file(workdir / row.path) for row in output.files}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"{path} cannot be read ({error.strerror}); give a statement inside an unpacked case folder") from error
