"""OSCAL assessment results: valid by the schema of NIST, the same bytes each time, every file named by its digest."""

import datetime
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest

from accounts.models import Role, User
from assessments.models import Run
from core.errors import InvalidState
from decisions.services import exemption_decide, exemption_propose
from evidence.models import EvidenceLink
from evidence.services import link_review
from frameworks.applicability import Use
from frameworks.models import Requirement
from reports.coverage import Matrix, Subject, matrix_read, today
from reports.oscal import oscal_bytes, oscal_document
from tests import factories

pytestmark = pytest.mark.django_db
LATER = datetime.date(2027, 12, 2)
KEY = UUID("5b3f0b0e-6c1c-4d3e-9d53-0d7a2c3a1f10")
SCHEMA = Path(__file__).parent / "data" / "oscal" / "oscal_assessment-results_schema.json"


@pytest.fixture
def run(admin: User) -> Run:
    """A run of an instrument whose result is proposed for AIA-11-1."""
    factories.catalogue(admin)
    return factories.finished_run(admin)


def matrix(actor: User, run: Run, *, as_of: datetime.date = LATER, use: Use | None = None, **fields: Any) -> Matrix:
    use = use or Use("provider", "high_annex_iii", "EU")
    facts = {
        "kind": "system",
        "key": UUID("5b3f0b0e-6c1c-4d3e-9d53-0d7a2c3a1f10"),
        "name": "Letters",
        "note": "",
        "use": use,
        "versions": frozenset([run.plan.version_id]),
        **fields,
    }
    return matrix_read(actor=actor, framework="eu-ai-act", subjects=[Subject(**facts)], as_of=as_of, known_at=today())


def accept(actor: User) -> EvidenceLink:
    return link_review(actor=actor, link=EvidenceLink.objects.get(requirement__ref="AIA-11-1"), accept=True, rationale="Read.", valid_until=LATER)


def results(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["assessment-results"]["results"][0]
    return found


def test_document_is_valid_by_the_schema_of_nist(admin: User, run: Run) -> None:
    accept(admin)
    found = json.loads(oscal_bytes(matrix(admin, run, name="Letters <b>\n[x](y)"), today()))
    schema = json.loads(SCHEMA.read_text())
    assert [error.message for error in jsonschema_rs.Draft7Validator(schema).iter_errors(found)] == []
    del found["assessment-results"]["import-ap"]
    assert not jsonschema_rs.Draft7Validator(schema).is_valid(found)


def test_second_export_is_the_same_to_the_byte(admin: User, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    first = oscal_bytes(matrix(admin, run), today())
    assert oscal_bytes(matrix(admin, run), today()) == first
    accept(admin)
    other = oscal_bytes(matrix(admin, run), today())
    assert other != first
    assert results(json.loads(other))["uuid"] == results(json.loads(first))["uuid"]


def test_finding_is_satisfied_only_when_covered(admin: User, run: Run) -> None:
    def status() -> dict[str, Any]:
        rows = {row["target"]["target-id"]: row["target"]["status"] for row in results(oscal_document(matrix(admin, run), today()))["findings"]}
        found: dict[str, Any] = rows["AIA-11-1"]
        return found

    assert (status()["state"], status()["remarks"]) == ("not-satisfied", "only proposed")
    accept(admin)
    assert (status()["state"], status()["remarks"]) == ("not-satisfied", "partly covered")
    Requirement.objects.filter(ref="AIA-11-1").update(evidence_kinds=[EvidenceLink.objects.get(requirement__ref="AIA-11-1").evidence_kind])
    assert status() == {"state": "satisfied", "reason": "pass", "remarks": "covered"}


def test_observation_leads_to_the_file_by_its_digest(admin: User, run: Run) -> None:
    link = accept(admin)
    document = oscal_document(matrix(admin, run), today())
    seen = next(row for row in results(document)["observations"] if row["title"].startswith("AIA-11-1"))
    assert seen["expires"] == "2027-12-02T23:59:59Z"
    files = {row["uuid"]: row for row in document["assessment-results"]["back-matter"]["resources"]}
    file = files[seen["relevant-evidence"][0]["href"].removeprefix("#")]
    assert file["rlinks"][0]["hashes"] == [{"algorithm": "SHA-256", "value": link.artifact.sha256}]
    assert file["rlinks"][0]["href"].startswith("ni:///sha-256;")
    related = {row["observation-uuid"] for found in results(document)["findings"] for row in found.get("related-observations", ())}
    assert related == {row["uuid"] for row in results(document)["observations"]}
    assert document["assessment-results"]["import-ap"]["href"].removeprefix("#") in files


def test_duties_that_do_not_apply_are_left_out_and_judged_ones_named(admin: User, run: Run) -> None:
    system = factories.system(admin)
    row = Requirement.objects.known_at(today()).get(ref="AIA-9-6")
    asked = exemption_propose(actor=admin, system=system, requirement=row, reason="The vendor tests.")
    second = factories.user(Role.APPROVER, of=factories.home(admin))
    exemption_decide(actor=second, exemption=asked, approve=True, reason="Contract read.")
    found = results(oscal_document(matrix(admin, run, key=system.pk), today()))
    ids = {control["control-id"] for control in found["reviewed-controls"]["control-selections"][0]["include-controls"]}
    assert ids == {row["target"]["target-id"] for row in found["findings"]}
    assert not ids & {"AIA-9-6", "AIA-26-1"}
    assert "AIA-9-6: Judged not applicable" in found["remarks"]


def test_nothing_to_export_is_said(admin: User, run: Run) -> None:
    with pytest.raises(InvalidState, match="Choose a later day"):
        oscal_document(matrix(admin, run, as_of=datetime.date(2020, 1, 1)), today())
