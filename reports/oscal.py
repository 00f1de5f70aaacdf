"""Coverage as OSCAL assessment results (NIST, version 1.2.1): the same answers give the same bytes, so two exports can be compared."""

import datetime
import re
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from core.canonical import canonical_digest, canonical_json
from core.clock import iso
from core.errors import InvalidState
from frameworks.applicability import Bite
from reports.coverage import Cell, Matrix, Subject

OSCAL: Final = "1.2.1"
PROPERTIES: Final = "urn:assay:oscal:v1"
"""Namespace of our own properties."""
KEYS: Final = uuid.uuid5(uuid.NAMESPACE_URL, PROPERTIES)
"""Every key in a document is derived from this one and from what it names."""
STANDING: Final = {"current": "counts", "weak": "too weak", "stale": "out of date", "proposed": "only proposed"}
MARKUP: Final = re.compile(r"([\\`*_<>\[\]])")
PLAN: Final = "No assessment plan in OSCAL exists. The catalogue named here says what was asked; the day and the state of knowledge stand in the metadata."


def oscal_bytes(matrix: Matrix, known_at: datetime.date) -> bytes:
    """The matrix as canonical JSON; ``InvalidState`` where no duty applies to any of its subjects, which OSCAL cannot express."""
    return canonical_json(oscal_document(matrix, known_at))


def oscal_document(matrix: Matrix, known_at: datetime.date) -> dict[str, Any]:
    """The same as a dictionary. Duties that do not apply are left out of the reviewed controls; judged ones are named in the remarks."""
    cells = {subject: [line.cells[place] for line in matrix.lines] for place, subject in enumerate(matrix.subjects)}
    bound = {subject: rows for subject, rows in cells.items() if any(cell.applies.bite == Bite.APPLIES for cell in rows)}
    if not bound:
        raise InvalidState(
            "No duty of this framework applies to these systems on that day, so there is nothing to export. Choose a later day or another framework."
        )
    version = matrix.lines[0].requirement.version
    plan = {
        "uuid": key("plan", version.digest),
        "title": line(f"Catalogue: {version}"),
        "description": PLAN,
        "props": [prop("catalogue-sha256", version.digest)],
    }
    body = {
        "metadata": metadata(matrix, known_at, bound.values()),
        "import-ap": {"href": f"#{plan['uuid']}", "remarks": PLAN},
        "results": [result(subject, rows, min(matrix.as_of, known_at)) for subject, rows in bound.items()],
        "back-matter": {"resources": [plan, *resources(bound.values())]},
    }
    return {"assessment-results": {"uuid": key("document", canonical_digest(body)), **body}}


def metadata(matrix: Matrix, known_at: datetime.date, rows: Iterable[Sequence[Cell]]) -> dict[str, Any]:
    """Title, version and the moment of the last change in what is said: a second export must not look newer than the first."""
    version = matrix.lines[0].requirement.version
    moments = [moment for cells in rows for cell in cells for link, _ in links_of(cell) for moment in (link.created_at, link.reviewed_at) if moment]
    last = max(moments, default=datetime.datetime.combine(version.known_from, datetime.time(), datetime.UTC))
    return {
        "title": line(f"Coverage of {version.framework.name}"),
        "last-modified": iso(last),
        "version": f"{matrix.as_of.isoformat()}, known on {known_at.isoformat()}",
        "oscal-version": OSCAL,
        "props": [prop("as-of", matrix.as_of.isoformat()), prop("known-at", known_at.isoformat())],
        "remarks": "Satisfied means that a person accepted current evidence of every kind asked for. It does not mean that the law is complied with.",
    }


def result(subject: Subject, cells: Sequence[Cell], seen: datetime.date) -> dict[str, Any]:
    """What was found for one system or version."""
    asked = [cell for cell in cells if cell.applies.bite == Bite.APPLIES]
    judged = [f"{cell.requirement.ref}: {markup(cell.applies.reason)}" for cell in cells if cell.exemption]
    found = [observation(cell, link, standing) for cell in asked for link, standing in links_of(cell)]
    said: dict[str, Any] = {
        "uuid": key("result", str(subject.key)),
        "title": line(subject.name),
        "description": line(subject.note or subject.name),
        "start": f"{seen.isoformat()}T00:00:00Z",
        "reviewed-controls": {"control-selections": [{"include-controls": [{"control-id": cell.requirement.ref} for cell in asked]}]},
        "findings": [finding(cell) for cell in asked],
    }
    if found:
        said["observations"] = found
    if judged:
        said["remarks"] = "Judged not applicable by two people. " + " ".join(judged)
    return said


def finding(cell: Cell) -> dict[str, Any]:
    """One duty that applies: satisfied only when covered."""
    row, covered = cell.requirement, cell.state == "covered"
    status = {"state": "satisfied" if covered else "not-satisfied", "reason": "pass" if covered else "other", "remarks": cell.word}
    said: dict[str, Any] = {
        "uuid": key("finding", str(cell.subject.key), row.ref),
        "title": line(f"{row.ref} {row.title}"),
        "description": line(cell.applies.reason),
        "props": [prop("state", cell.state), *(prop("evidence-missing", kind) for kind in cell.answer.missing_kinds)],
        "target": {"type": "objective-id", "target-id": row.ref, "status": status},
    }
    related = [{"observation-uuid": observed(cell, link)} for link, _ in links_of(cell)]
    return {**said, "related-observations": related} if related else said


def observation(cell: Cell, link: Any, standing: str) -> dict[str, Any]:
    """One link: what the file says for the duty, what it is worth on the day, and the file by its digest."""
    said: dict[str, Any] = {
        "uuid": observed(cell, link),
        "title": line(f"{cell.requirement.ref}: {link.artifact.title}"),
        "description": line(link.rationale),
        "props": [prop("standing", STANDING[standing]), prop("evidence-kind", link.evidence_kind), *([prop("verdict", link.tier)] if link.tier else [])],
        "methods": ["TEST" if link.tier else "EXAMINE"],
        "subjects": [{"subject-uuid": str(cell.subject.key), "type": "component", "title": line(cell.subject.name)}],
        "relevant-evidence": [{"href": f"#{resource_key(link)}", "description": line(link.artifact.title), "props": [prop("sha256", link.artifact.sha256)]}],
        "collected": iso(link.created_at),
    }
    if link.valid_until and standing != "proposed":
        said["expires"] = f"{link.valid_until.isoformat()}T23:59:59Z"
    return said


def resources(rows: Iterable[Sequence[Cell]]) -> list[dict[str, Any]]:
    """Every file behind an observation, once, by its digest (RFC 6920)."""
    found: dict[str, dict[str, Any]] = {}
    for link in (link for cells in rows for cell in cells for link, _ in links_of(cell)):
        digest = link.artifact.sha256
        address = urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")
        links = [{"href": f"ni:///sha-256;{address}", "hashes": [{"algorithm": "SHA-256", "value": digest}]}]
        found[digest] = {"uuid": resource_key(link), "title": line(link.artifact.title), "rlinks": links}
    return [found[digest] for digest in sorted(found)]


def links_of(cell: Cell) -> Iterator[tuple[Any, str]]:
    """Links of a cell that applies, with what each is worth; in the order in which they were made."""
    if cell.applies.bite == Bite.APPLIES:
        answer = cell.answer
        groups: Mapping[str, Sequence[Any]] = {"current": answer.current, "weak": answer.weak, "stale": answer.stale, "proposed": answer.proposed}
        rows = [(link, standing) for standing, links in groups.items() for link in links]
        yield from sorted(rows, key=lambda row: (row[0].created_at, str(row[0].pk)))


def observed(cell: Cell, link: Any) -> str:
    """Key of the observation of a link about a subject."""
    return key("observation", str(cell.subject.key), str(link.pk))


def resource_key(link: Any) -> str:
    """Key of the file behind a link."""
    return key("file", link.artifact.sha256)


def key(*names: str) -> str:
    """A key that is the same for the same thing in every export (UUID version 5)."""
    return str(uuid.uuid5(KEYS, "\n".join(names)))


def prop(name: str, value: str) -> dict[str, str]:
    """A property of our own."""
    return {"name": name, "ns": PROPERTIES, "value": " ".join(value.split()) or "none"}


def line(text: str) -> str:
    """Text on one line, never empty."""
    return markup(" ".join(text.split())) or "None given"


def markup(text: str) -> str:
    """Text that stays text where it is read as Markdown, which OSCAL allows in most places."""
    return MARKUP.sub(r"\\\1", text)
