"""Coverage as a signed PDF: what it says, fixed when asked for; archivable, signed, stored, logged, verifiable by strangers' rules."""

import datetime
import io

import pikepdf
import pytest

from accounts.models import Role, User
from assessments.models import Run
from core import clock
from core.canonical import parse_canonical
from core.errors import InvalidState, NotAllowed, NotFound
from core.hashing import sha256_bytes
from decisions.services import gap_assign
from evidence.bundle import statement_of
from evidence.keys import installed
from evidence.models import Artifact, EvidenceLink, LedgerEntry
from evidence.proofs import bundle_read
from evidence.services import link_review
from evidence.storage import blob_read
from evidence.verify.report import verify_report
from evidence.verify.result import Result
from frameworks.models import Requirement
from inventory.models import AISystem, OurRole
from inventory.services import deployment_register
from reports.coverage import matrix_read
from reports.coverage_content import content_read
from reports.coverage_report import coverage_html, coverage_report_make, coverage_report_request
from reports.render import embedded_files, render_pdf
from reports.subjects import subjects_of
from reports.tasks import build_coverage_report
from tests import factories

pytestmark = pytest.mark.django_db
TODAY, LATER = datetime.date(2026, 11, 21), datetime.date(2027, 12, 2)
DAYS = {"framework": "eu-ai-act", "as_of": LATER, "known_at": TODAY}


@pytest.fixture(autouse=True)
def autumn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day is fixed, so that what applies when stays the same."""
    monkeypatch.setattr(clock, "source", lambda: datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC))


@pytest.fixture
def system(admin: User) -> AISystem:
    """A high-risk system with one accepted file and one gap that somebody closes."""
    factories.catalogue(admin)
    run: Run = factories.finished_run(admin)
    row = factories.system(admin, name="Letters <b>", our_role=OurRole.PROVIDER)
    deployment_register(actor=admin, system=row, version=run.plan.version, environment="production")
    link_review(actor=admin, link=EvidenceLink.objects.get(requirement__ref="AIA-11-1"), accept=True, rationale="Read.")
    asked = Requirement.objects.known_at(TODAY).get(ref="AIA-9-6")
    gap_assign(actor=admin, system=row, requirement=asked, owner=admin, due_on=datetime.date(2026, 12, 1))
    return row


def build(actor: User, row: AISystem) -> Artifact:
    return coverage_report_make(actor=actor, asked=coverage_report_request(actor=actor, system=row, **DAYS))


def test_content_says_what_the_matrix_says(admin: User, system: AISystem) -> None:
    said = content_read(actor=admin, system=system, **DAYS)
    matrix = matrix_read(actor=admin, subjects=subjects_of(AISystem.objects.all()), **DAYS)
    duties = {row["ref"]: row for group in said["groups"] for row in group["rows"]}
    states = {cell.requirement.ref: cell.state for cell in matrix.cells()}
    assert {ref: row["state"] for ref, row in duties.items()} == {ref: state for ref, state in states.items() if ref in duties}
    assert len(duties) + len(said["others"]) == len(states)
    assert said["applying"] == sum(row["count"] for row in said["counts"]) == len(duties)
    assert [row["ref"] for row in said["gaps"]] == [ref for ref, row in duties.items() if row["state"] != "covered"]
    assert (duties["AIA-9-6"]["owner"], duties["AIA-9-6"]["due_on"]) == (str(admin), "2026-12-01")
    assert [(row["standing"], row["sha256"]) for row in duties["AIA-11-1"]["evidence"]] == [
        ("counts", Artifact.objects.get(links__requirement__ref="AIA-11-1").sha256)
    ]
    assert {row["ref"] for row in said["others"]} >= {"AIA-26-1"}
    assert duties["AIA-11-1"]["needs"] == "Accepted evidence: change log."
    assert duties["AIA-IV-3"]["needs"] == "Accepted evidence: technical documentation, evaluation report."
    assert not any("_" in row["needs"] or "tech doc" in row["needs"] for row in duties.values())


def test_pdf_is_stored_logged_and_made_again_from_its_own_attachments(admin: User, system: AISystem) -> None:
    made = build(admin, system)
    entry, pdf = made.attestation.entry, blob_read(made.sha256)
    assert (made.media_type, entry.action, made.title) == ("application/pdf", "reports.coverage.built", "Coverage of EU AI Act on 2027-12-02")
    predicate = statement_of(made.attestation.parsed_envelope, installed().trust)["predicate"]
    attached = dict(embedded_files(pdf))
    snapshot = attached.pop("snapshot.json")
    document = parse_canonical(snapshot)
    assert predicate["snapshot_sha256"] == sha256_bytes(snapshot)
    cited = {row["statement"] for group in document["groups"] for duty in group["rows"] for row in duty["evidence"]}
    indexes = set(LedgerEntry.objects.filter(attestation__in=cited).values_list("index", flat=True))
    asked = LedgerEntry.objects.get(action="reports.coverage.requested").index
    assert set(attached) == {"trusted_root.json", *(f"statement-{index}.sigstore.json" for index in {*indexes, asked})}
    assert sha256_bytes(render_pdf(document, attached, coverage_html)) == predicate["unsigned_sha256"]
    assert "Letters &lt;b&gt;" in coverage_html(document)


def test_strangers_can_verify_it_and_no_byte_can_change(admin: User, system: AISystem) -> None:
    made = build(admin, system)
    pdf, sidecar = blob_read(made.sha256), bundle_read(made.attestation)
    result = Result("coverage.pdf")
    verify_report("coverage.pdf", pdf, sidecar, installed().trust, result)
    assert result.problems == []
    with pytest.raises(Exception, match="changed"):
        verify_report("coverage.pdf", pdf[:-1] + b" ", sidecar, installed().trust, Result("coverage.pdf"))
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        with opened.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
        assert opened.Root.Metadata.read_bytes().decode().count('pdfuaid:part="1"') == 1
        assert bool(opened.Root.MarkInfo.Marked)
        assert str(opened.Root.Lang) == "en-GB"
        figures = [item for item in opened.objects if isinstance(item, pikepdf.Dictionary) and item.get("/S") == "/Figure"]
        assert [len(str(item.Alt)) > 20 for item in figures] == [True]
        with opened.open_outline() as outline:
            assert [item.title[:2] for item in outline.root] == ["Su", "1 ", "2 ", "3 ", "4 "]


def test_same_coverage_is_made_once_and_another_makes_another(admin: User, system: AISystem) -> None:
    first = build(admin, system)
    assert build(admin, system) == first
    deployment = system.deployments.get()
    type(deployment).objects.filter(pk=deployment.pk).delete()
    second = build(admin, system)
    assert second.attestation.entry.payload["content"] != first.attestation.entry.payload["content"]


def test_worker_draws_what_was_asked_for(admin: User, system: AISystem) -> None:
    asked = coverage_report_request(actor=admin, system=system, **DAYS)
    User.objects.filter(is_service=True).update(username="assay-worker")
    assert build_coverage_report(str(asked.pk)) == "done"
    assert LedgerEntry.objects.filter(action="reports.coverage.built", payload__content=asked.sha256).count() == 1


def test_who_may_not_ask_and_what_cannot_be_said(admin: User, system: AISystem) -> None:
    with pytest.raises(NotAllowed):
        coverage_report_request(actor=factories.user(Role.AUDITOR, of=factories.home(admin)), system=system, **DAYS)
    with pytest.raises(NotAllowed):
        coverage_report_request(actor=factories.user(), system=system, **DAYS)
    with pytest.raises(NotFound):
        content_read(actor=factories.user(), system=system, **DAYS)
    with pytest.raises(InvalidState, match="Choose a later day"):
        coverage_report_request(actor=admin, system=system, framework="eu-ai-act", as_of=datetime.date(2020, 1, 1), known_at=TODAY)
    assert not Artifact.objects.filter(kind__startswith="coverage").exists()
