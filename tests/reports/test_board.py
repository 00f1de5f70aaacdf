"""The board's page: what it counts, and its PDF: one page, archivable, signed, stored, logged."""

import datetime
import io
from pathlib import Path

import pikepdf
import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Run
from config.celery import app
from core import clock
from core.canonical import parse_canonical
from core.errors import NotAllowed
from decisions.basis import basis_of
from decisions.models import Decision, GapAssignment
from decisions.services import approval_give, gap_assign
from decisions.standing import standing_of
from evidence.keys import installed
from evidence.models import EvidenceLink, LedgerEntry
from evidence.proofs import bundle_read
from evidence.services import link_review
from evidence.storage import blob_read
from evidence.verify.report import verify_report
from evidence.verify.result import Result
from frameworks.models import Requirement
from inventory.models import AISystem, OurRole, RiskClass
from inventory.services import deployment_register
from reports.board import GAPS_SHOWN, LONGEST, board_read
from reports.board_reports import board_html, board_report_make, board_report_request
from reports.models import BoardReport, ReportState
from reports.render import embedded_files, render_pdf
from reports.tasks import build_board_report
from tests import factories

pytestmark = pytest.mark.django_db
DAY = datetime.date(2026, 11, 21)


@pytest.fixture(autouse=True)
def autumn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day is fixed, so that what begins when stays the same."""
    monkeypatch.setattr(clock, "source", lambda: datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC))


@pytest.fixture
def run(admin: User) -> Run:
    factories.catalogue(admin)
    return factories.qualified(factories.finished_run(admin))


@pytest.fixture
def system(admin: User, run: Run) -> AISystem:
    """A high-risk system that uses the run's version."""
    row = factories.system(admin, name="Letters", our_role=OurRole.PROVIDER)
    deployment_register(actor=admin, system=row, version=run.plan.version, environment="production")
    return row


def duty(ref: str) -> Requirement:
    return Requirement.objects.known_at(DAY).get(ref=ref)


def build(actor: User) -> BoardReport:
    return board_report_make(actor=actor, report=board_report_request(actor=actor, organisation=factories.home(actor)))


def test_it_counts_systems_by_class_and_those_without_a_model(admin: User, system: AISystem) -> None:
    factories.system(admin, risk_class=RiskClass.MINIMAL)
    factories.system(factories.user())
    said = board_read(admin, factories.home(admin))["systems"]
    classes = [{"name": "High risk, Annex III", "count": 1}, {"name": "Minimal", "count": 1}]
    assert said == {"total": 2, "classes": classes, "idle": 1}


def test_coverage_now_is_rounded_down_and_stands_beside_that_of_thirteen_weeks_ago(admin: User, system: AISystem) -> None:
    before = board_read(admin, factories.home(admin))["coverage"]
    assert before["now"]["applying"] > 5
    assert (before["now"]["covered"], before["now"]["percent"]) == (0, 0)
    assert before["before"]["day"] == "2026-08-29"
    link = EvidenceLink.objects.filter(requirement__ref__startswith="ISO42001").first() or EvidenceLink.objects.all()[0]
    link_review(actor=admin, link=link, accept=True, rationale="Read with the plan.")
    after = board_read(admin, factories.home(admin))["coverage"]["now"]
    assert after["applying"] == before["now"]["applying"]
    assert after["percent"] == 100 * after["covered"] // after["applying"]


def test_what_bites_next_is_the_law_that_is_ahead(admin: User, system: AISystem) -> None:
    said = board_read(admin, factories.home(admin))["ahead"]
    days = [row["day"] for row in said]
    assert days == sorted(days)
    assert days[0] > DAY.isoformat()
    assert "2027-12-02" in days
    assert all(row["gaps"] > 0 and row["systems"] == 1 for row in said)


def test_overdue_gaps_come_first_and_name_owner_and_day(admin: User, system: AISystem) -> None:
    home = factories.home(admin)
    first = board_read(admin, home)["gaps"]
    assert (len(first["rows"]), first["nobody"]) == (GAPS_SHOWN, first["total"])
    last = Requirement.objects.known_at(DAY).get(ref=first["rows"][-1]["ref"])
    gap_assign(actor=admin, system=system, requirement=last, owner=admin, due_on=DAY)
    GapAssignment.objects.update(due_on=DAY - datetime.timedelta(days=1))
    said = board_read(admin, home)["gaps"]
    assert (said["rows"][0]["ref"], said["rows"][0]["owner"], said["rows"][0]["due_on"], said["rows"][0]["overdue"]) == (
        last.ref, str(admin), "2026-11-20", True,
    )  # fmt: skip
    assert (said["late"], said["nobody"]) == (1, first["total"] - 1)


def test_running_clocks_are_counted_and_the_next_ones_named(admin: User, system: AISystem) -> None:
    late, later = factories.incident(admin), factories.incident(admin)
    factories.incident_fact(admin, late, hours=100)
    factories.incident_fact(admin, later, hours=1)
    said = board_read(admin, factories.home(admin))["incidents"]
    assert said["open"] == 2
    assert said["clocks"] >= 2
    assert said["late"] >= 1
    timed = [row for row in said["rows"] if row["due"]]
    assert (timed[0]["reference"], timed[0]["late"]) == (late.reference, True)
    factories.incident_fact(admin, later, "resolved", 0.5)
    assert board_read(admin, factories.home(admin))["incidents"]["open"] == 1


def test_decisions_that_wait_and_approvals_that_the_record_overtook(admin: User, run: Run) -> None:
    home = factories.home(admin)
    row = factories.decision(admin, version=run.plan.version)
    assert board_read(admin, home)["decisions"]["waiting"] == 1
    approval_give(actor=factories.user(Role.APPROVER, of=home), decision=row, digest=basis_of(row).digest)
    found = standing_of(admin, home)
    assert (found.standing, list(found.void), list(found.waiting)) == (1, [], [])
    factories.qualified(run, "causal")
    said = board_read(admin, home)["decisions"]
    assert (said["void"], said["standing"]) == (1, 0)
    assert said["rows"][0]["reference"] == row.reference
    assert "record has changed" in said["rows"][0]["why"]


def test_only_the_newest_approval_of_a_step_counts(admin: User, run: Run) -> None:
    home, policy = factories.home(admin), factories.gate_policy(admin)
    for _ in range(2):
        row = factories.decision(admin, policy, version=run.plan.version)
        approval_give(actor=factories.user(Role.APPROVER, of=home), decision=row, digest=basis_of(row).digest)
    assert standing_of(admin, home).standing == 1
    assert Decision.objects.filter(state="approved").count() == 2
    factories.qualified(run, "causal")
    assert list(standing_of(admin, home).void) == [row]


def test_register_without_rows_says_so(admin: User) -> None:
    said = board_read(admin, factories.home(admin))
    assert (said["coverage"]["now"]["percent"], said["coverage"]["figure"], said["ahead"], said["gaps"]["rows"]) == (None, None, [], [])


@pytest.mark.parametrize("size", [2, 12])
def test_queries_do_not_grow_with_systems(admin: User, run: Run, size: int, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for place in range(size):
        deployment_register(actor=admin, system=factories.system(admin, name=f"S{place}"), version=run.plan.version, environment="production")
    with django_assert_max_num_queries(20):
        board_read(admin, factories.home(admin))


def test_pdf_is_one_page_even_when_everything_is_long(admin: User, system: AISystem) -> None:
    home = factories.home(admin)
    name = "An uncommonly long name of something that somebody registered one day " * 2
    for place, risk in enumerate(RiskClass.values):
        factories.system(admin, name=f"{name}{place}"[:200], risk_class=risk, our_role=OurRole.PROVIDER)
    person = factories.user(of=home, first_name="Bartholomew-Maximilian", last_name="Featherstonehaugh-Cholmondeley")
    for row in board_read(admin, home)["gaps"]["rows"]:
        gap_assign(actor=admin, system=system, requirement=duty(row["ref"]), owner=person, due_on=DAY)
    for hours in (100, 50, 1):
        factories.incident_fact(admin, factories.incident(admin, title=name[:150]), hours=hours)
    for _ in range(5):
        factories.decision(admin, system=factories.system(admin, name=f"D{_} {name}"[:200]))
    said = board_read(admin, home)
    assert max(len(row["title"]) for row in said["gaps"]["rows"]) <= LONGEST
    with pikepdf.open(io.BytesIO(blob_read(build(admin).pdf.sha256))) as opened:  # type: ignore[union-attr]
        assert len(opened.pages) == 1


def test_pdf_is_archivable_tagged_stored_and_logged(admin: User, system: AISystem) -> None:
    report = build(admin)
    assert (report.state, report.reference) == (ReportState.DONE, "B-000001")
    assert report.pdf is not None
    assert report.entry is not None
    assert report.entry.action == "reports.board_report.built"
    pdf = blob_read(report.pdf.sha256)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        with opened.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
        assert 'pdfuaid:part="1"' in opened.Root.Metadata.read_bytes().decode()
        assert (bool(opened.Root.MarkInfo.Marked), str(opened.Root.Lang)) == (True, "en-GB")
        assert str(opened.docinfo["/Title"]) == "B-000001: AI systems on one page"
        figures = [item for item in opened.objects if isinstance(item, pikepdf.Dictionary) and item.get("/S") == "/Figure"]
        assert [len(str(item.Alt)) > 20 for item in figures] == [True, True]
    attached = dict(embedded_files(pdf))
    snapshot = attached.pop("snapshot.json")
    document = parse_canonical(snapshot)
    assert document["report"]["content_digest"] == report.content_digest
    assert render_pdf(document, attached, board_html) == render_pdf(document, attached, board_html)


def test_strangers_can_verify_it_and_no_byte_can_change(admin: User, system: AISystem) -> None:
    report = build(admin)
    assert report.entry is not None
    assert report.pdf is not None
    pdf, sidecar = blob_read(report.pdf.sha256), bundle_read(report.entry.attestation)
    result = Result("board.pdf")
    verify_report("board.pdf", pdf, sidecar, installed().trust, result)
    assert result.problems == []
    with pytest.raises(Exception, match="changed"):
        verify_report("board.pdf", pdf[:-1] + b" ", sidecar, installed().trust, Result("board.pdf"))


def test_no_owner_stands_in_the_log_and_what_people_typed_is_escaped(admin: User, system: AISystem) -> None:
    AISystem.objects.filter(pk=system.pk).update(name="<script>alert(1)</script>")
    row = board_read(admin, factories.home(admin))["gaps"]["rows"][0]
    gap_assign(actor=admin, system=system, requirement=duty(row["ref"]), owner=factories.user(of=factories.home(admin), first_name="Ada"), due_on=DAY)
    report = build(admin)
    assert report.pdf is not None
    entries = LedgerEntry.objects.filter(subject=report.subject)
    assert entries.count() == 2
    assert "Ada" not in str(list(entries.values()))
    html = board_html(parse_canonical(dict(embedded_files(blob_read(report.pdf.sha256)))["snapshot.json"]))
    assert "&lt;script&gt;" in html
    assert "<script>" not in html


def test_the_same_record_gives_the_same_report_and_another_makes_another(admin: User, system: AISystem) -> None:
    first = build(admin)
    count = LedgerEntry.objects.count()
    assert build(admin) == first
    assert (LedgerEntry.objects.count(), BoardReport.objects.count()) == (count, 1)
    factories.system(admin)
    assert build(admin).number == 2


def test_a_failure_keeps_its_reason_and_the_worker_can_try_again(admin: User, system: AISystem, installation: Path) -> None:
    report = board_report_request(actor=admin, organisation=factories.home(admin))
    blocked = installation / "artifacts"
    if blocked.exists():
        blocked.rename(installation / "away")
    blocked.write_text("in the way")
    assert build_board_report(str(report.id)) == "failed"
    report.refresh_from_db()
    assert report.state == ReportState.FAILED
    assert report.error
    blocked.unlink()
    if (installation / "away").exists():
        (installation / "away").rename(blocked)
    assert build_board_report(str(report.id)) == "done"


def test_it_is_refused_without_the_permission(admin: User, system: AISystem) -> None:
    home = factories.home(admin)
    for person in (factories.user(), factories.user(Role.AUDITOR, of=home)):
        with pytest.raises(NotAllowed):
            board_report_request(actor=person, organisation=home)
    assert not BoardReport.objects.exists()
    assert app.conf.task_routes[build_board_report.name] == {"queue": "reports"}
