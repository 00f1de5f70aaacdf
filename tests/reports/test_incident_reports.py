"""Reports of incidents end to end: asked for, made, signed into the log, verified by strangers' rules."""

import io
import json
from pathlib import Path

import pikepdf
import pytest

from accounts.models import Role, User
from config.celery import app
from core import clock
from core.canonical import parse_canonical
from core.errors import InvalidInput, NotAllowed
from decisions.models import Incident, IncidentReport, ReportState
from decisions.services import draft_save, submission_record
from evidence.keys import installed
from evidence.models import Artifact, LedgerEntry
from evidence.proofs import bundle_read
from evidence.storage import blob_read
from evidence.verify.report import verify_report
from evidence.verify.result import Result
from reports.incident_content import render_incident
from reports.incident_reports import incident_report_make, incident_report_request
from reports.render import embedded_files, render_pdf
from reports.tasks import build_incident_report
from tests import factories

pytestmark = pytest.mark.django_db
GDPR = "gdpr-33-initial"


@pytest.fixture
def incident(admin: User) -> Incident:
    row = factories.incident(admin)
    factories.incident_fact(admin, row, hours=5)
    factories.corrective_action(admin, row)
    return row


def build(actor: User, incident: Incident, key: str = GDPR, **answers: str) -> IncidentReport:
    version = draft_save(actor=actor, incident=incident, key=key, answers=answers)
    return incident_report_make(actor=actor, report=incident_report_request(actor=actor, version=version))


def test_pdf_and_json_are_stored_signed_and_logged(admin: User, incident: Incident) -> None:
    report = build(admin, incident, people="About 40 patients <b>")
    assert (report.state, report.reference) == (ReportState.DONE, "IR-000001")
    pdf, data = blob_read(report.pdf.sha256), json.loads(blob_read(report.data.sha256))
    assert report.entry is not None
    assert report.entry.action == "reports.incident_report.built"
    said = {row["key"]: row for row in data["answers"]}
    assert (said["people"]["text"], said["people"]["origin"]) == ("About 40 patients <b>", "typed")
    assert (said["nature"]["text"], said["nature"]["origin"]) == (incident.description, "record")
    assert said["consequences"]["missing"] is True
    assert "Likely consequences" in data["missing"]
    assert "Resolved" in data["unknown_times"]
    attached = dict(embedded_files(pdf))
    document = attached.pop("snapshot.json")
    assert document == blob_read(report.data.sha256)
    # Every statement about the incident until then: opened, time entered, action added, draft saved.
    assert len(attached) == 5
    assert render_pdf(parse_canonical(document), attached, render_incident) == render_pdf(parse_canonical(document), attached, render_incident)


def test_strangers_can_verify_it_and_no_byte_can_change(admin: User, incident: Incident) -> None:
    report = build(admin, incident)
    assert report.entry is not None
    pdf, sidecar = blob_read(report.pdf.sha256), bundle_read(report.entry.attestation)
    result = Result("incident-report.pdf")
    verify_report("incident-report.pdf", pdf, sidecar, installed().trust, result)
    assert result.problems == []
    with pytest.raises(Exception, match="changed"):
        verify_report("incident-report.pdf", pdf[:-1] + b" ", sidecar, installed().trust, Result("incident-report.pdf"))


def test_the_pdf_is_archivable_tagged_titled_and_in_english(admin: User, incident: Incident) -> None:
    with pikepdf.open(io.BytesIO(blob_read(build(admin, incident).pdf.sha256))) as opened:
        with opened.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
        assert opened.Root.Metadata.read_bytes().decode().count('pdfuaid:part="1"') == 1
        assert bool(opened.Root.MarkInfo.Marked)
        assert str(opened.Root.Lang) == "en-GB"
        assert str(opened.docinfo["/Title"]) == "IR-000001: Personal data breach, GDPR"
        figures = [item for item in opened.objects if isinstance(item, pikepdf.Dictionary) and item.get("/S") == "/Figure"]
        assert [len(str(item.Alt)) > 20 for item in figures] == [True]
        with opened.open_outline() as outline:
            assert [item.title for item in outline.root] == ["Summary", "1 The report", "2 Times on record", "3 How to verify this report"]


def test_pages_never_claim_to_be_official_and_escape_what_people_typed(admin: User, incident: Incident) -> None:
    report = build(admin, incident, people="<script>alert(1)</script>")
    html = render_incident(parse_canonical(blob_read(report.data.sha256)))
    assert "It is no official form of any authority" in html
    assert "&lt;script&gt;" in html
    assert "<script>" not in html


def test_the_same_version_gives_the_same_report_and_says_what_was_known_then(admin: User, incident: Incident) -> None:
    first = build(admin, incident)
    factories.incident_fact(admin, incident, "resolved", 1)
    count = LedgerEntry.objects.count()
    assert build(admin, incident) == first
    assert (LedgerEntry.objects.count(), IncidentReport.objects.count()) == (count, 1)
    second = build(admin, incident, people="40")
    assert second.number == 2
    assert "Resolved" in IncidentReport.objects.get(pk=first.pk).content["unknown_times"]
    assert "Resolved" not in second.content["unknown_times"]


def test_a_failure_keeps_its_reason_and_the_worker_can_try_again(admin: User, incident: Incident, installation: Path) -> None:
    report = incident_report_request(actor=admin, version=draft_save(actor=admin, incident=incident, key=GDPR, answers={}))
    User.objects.filter(is_service=True).update(username="assay-worker")
    blocked = installation / "artifacts"
    if blocked.exists():
        blocked.rename(installation / "away")
    blocked.write_text("in the way")
    assert build_incident_report(str(report.id)) == "failed"
    report.refresh_from_db()
    assert report.state == ReportState.FAILED
    assert report.error
    assert (report.pdf, report.data) == (None, None)
    blocked.unlink()
    if (installation / "away").exists():
        (installation / "away").rename(blocked)
    assert build_incident_report(str(report.id)) == "done"
    assert Artifact.objects.filter(kind="incident_report").count() == 2


def test_it_is_refused_without_the_permission(admin: User, incident: Incident) -> None:
    version = draft_save(actor=admin, incident=incident, key=GDPR, answers={})
    for person in (factories.user(), factories.user(Role.AUDITOR, of=factories.home(admin))):
        with pytest.raises(NotAllowed):
            incident_report_request(actor=person, version=version)
    assert not IncidentReport.objects.exists()
    assert app.conf.task_routes[build_incident_report.name] == {"queue": "reports"}


def test_a_submission_cites_the_report_that_was_sent(admin: User, incident: Incident) -> None:
    report = build(admin, incident)
    other = build(admin, factories.incident(admin))
    wish = {"actor": admin, "incident": incident, "clock_key": GDPR, "submitted_at": clock.now(), "reference": "DPA-1"}
    with pytest.raises(InvalidInput, match="report"):
        submission_record(**wish, report=other)
    row = submission_record(**wish, report=report)
    assert (row.report, LedgerEntry.objects.order_by("-index")[0].payload["report"]) == (report, report.reference)
