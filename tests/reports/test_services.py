"""Reports end to end on a real database and store: asked for, made, signed into the log, exported, verified by strangers' rules."""

import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Role, User
from assessments.models import Run
from core import clock
from core.canonical import canonical_json, parse_canonical
from core.errors import Conflict, IntegrityFailed, InvalidInput, InvalidState, NotAllowed
from core.hashing import sha256_bytes
from evidence.bundle import statement_of
from evidence.keys import installed
from evidence.models import LedgerEntry
from evidence.storage import blob_read
from evidence.verify.__main__ import verify
from reports import services, signed_pages
from reports.models import Report, ReportState, Signature
from reports.render import embedded_files, render_pdf
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(admin: User) -> Run:
    factories.catalogue(admin)
    return factories.finished_run(admin, ("known_circuits", "linear_direction.harm"))


def today() -> datetime.date:
    return clock.now().date()


def build(actor: User, run: Run, prepared_for: str = "Model risk committee", as_of: datetime.date | None = None) -> Report:
    return services.report_build(actor=actor, run=run, prepared_for=prepared_for, as_of=as_of or today())


def statement(report: Report) -> dict[str, Any]:
    assert report.entry is not None
    return dict(statement_of(report.entry.attestation.parsed_envelope, installed().trust))


def test_report_build_stores_signs_and_logs_the_pdf(admin: User, run: Run) -> None:
    report = build(admin, run)
    assert (report.state, report.number, report.reference) == (ReportState.DONE, 1, "R-000001")
    assert report.entry is not None
    assert report.entry.action == "reports.report.built"
    pdf = blob_read(report.signed_sha256)
    assert pdf.startswith(b"%PDF-1.7")
    assert report.artifact is not None
    assert (report.artifact.sha256, report.artifact.media_type) == (report.signed_sha256, "application/pdf")


def test_report_build_says_in_its_statement_what_was_made_from_what(admin: User, run: Run) -> None:
    report = build(admin, run)
    said = statement(report)
    predicate = said["predicate"]
    assert said["predicateType"] == "urn:assay:predicate:report:v1"
    assert said["subject"] == [{"name": "report.pdf", "digest": {"sha256": report.signed_sha256}}]
    assert [predicate[f"{name}_sha256"] for name in ("snapshot", "unsigned", "signed")] == [
        report.snapshot_digest,
        report.unsigned_sha256,
        report.signed_sha256,
    ]
    attached = dict(embedded_files(blob_read(report.signed_sha256)))
    assert sha256_bytes(attached.pop("snapshot.json")) == report.snapshot_digest
    assert predicate["attachments"] == {name: sha256_bytes(data) for name, data in attached.items()}


def test_report_build_can_be_repeated_from_its_own_attachments(admin: User, run: Run) -> None:
    report = build(admin, run)
    attached = dict(embedded_files(blob_read(report.signed_sha256)))
    document = parse_canonical(attached.pop("snapshot.json"))
    assert sha256_bytes(render_pdf(document, attached)) == report.unsigned_sha256


def test_report_build_records_profile_and_certificate(admin: User, run: Run) -> None:
    signature = Signature.objects.get(report=build(admin, run))
    assert (signature.profile, len(signature.certificate)) == ("PAdES B-B", 64)
    assert signature.certificate == statement(signature.report)["predicate"]["certificate"]


def test_report_build_returns_the_same_report_when_nothing_changed(admin: User, run: Run) -> None:
    first = build(admin, run)
    entries = LedgerEntry.objects.count()
    assert build(admin, run).pk == first.pk
    assert (Report.objects.count(), LedgerEntry.objects.count()) == (1, entries)


def test_report_build_makes_another_report_for_other_readers_or_another_run(admin: User, run: Run) -> None:
    first = build(admin, run)
    other = build(admin, run, prepared_for="The supervisory authority")
    factories.run_create(actor=admin, plan=run.plan)
    third = build(admin, run)
    assert [row.number for row in (first, other, third)] == [1, 2, 3]


def test_report_build_attaches_every_statement_the_report_rests_on(admin: User, run: Run) -> None:
    names = {name for name, _ in embedded_files(blob_read(build(admin, run).signed_sha256))}
    assert run.plan.sealed_entry is not None
    assert run.finished_entry is not None
    started = LedgerEntry.objects.get(action="assessments.run.started", subject=run.subject)
    steps = [step.attestation.entry.index for step in run.steps.all() if step.attestation]
    needed = {run.plan.sealed_entry.index, started.index, run.finished_entry.index, *steps}
    assert {f"statement-{index}.sigstore.json" for index in needed} <= names
    assert {"snapshot.json", "trusted_root.json", "plan.json", "known_circuits.result.json", "linear_direction.harm.result.json"} <= names


def test_report_build_attaches_results_bit_for_bit_as_stored(admin: User, run: Run) -> None:
    attached = dict(embedded_files(blob_read(build(admin, run).signed_sha256)))
    step = run.steps.get(key="known_circuits")
    assert attached["known_circuits.result.json"] == blob_read(step.finding.result_artifact.sha256)
    assert attached["plan.json"] == canonical_json(run.plan.document)


def test_report_build_is_refused_without_the_permission(run: Run) -> None:
    stranger = factories.user(Role.ADMINISTRATOR)
    auditor = factories.user(Role.AUDITOR, of=run.plan.version.model.vendor.organisation)
    for actor in (stranger, auditor):
        with pytest.raises(NotAllowed):
            build(actor, run)
    assert Report.objects.count() == 0


def test_report_build_is_refused_before_the_run_is_done(admin: User) -> None:
    run = services.Run.objects.get(pk=factories.run_create(actor=admin, plan=factories.plan(admin)).pk)
    with pytest.raises(InvalidState, match="queued"):
        build(admin, run)


def test_report_build_is_refused_when_the_plan_changed_after_its_seal(admin: User, run: Run) -> None:
    run.plan.document["items"][0]["thresholds"][0]["value"] = 0.1
    run.plan.save()
    with pytest.raises(Conflict, match="changed after its seal"):
        build(admin, run)


@pytest.mark.parametrize("days", [-1, 1])
def test_report_build_is_refused_for_a_day_before_the_run_or_in_the_future(admin: User, run: Run, days: int) -> None:
    with pytest.raises(InvalidInput, match="as_of"):
        build(admin, run, as_of=today() + datetime.timedelta(days=days))


def test_report_build_is_refused_without_a_reader(admin: User, run: Run) -> None:
    with pytest.raises(InvalidInput, match="prepared_for"):
        build(admin, run, prepared_for="  ")


def test_report_build_keeps_the_reason_when_it_fails_and_can_be_repeated(admin: User, run: Run, installation: Path) -> None:
    blob = installation / "artifacts" / "sha256" / run.steps.all()[0].finding.result_artifact.sha256
    good = blob.read_bytes()
    blob.chmod(0o644)
    blob.write_bytes(good + b" ")
    with pytest.raises(IntegrityFailed, match="was changed in the store"):
        build(admin, run)
    failed = Report.objects.get()
    assert (failed.state, failed.entry, "was changed in the store" in failed.error) == (ReportState.FAILED, None, True)
    blob.write_bytes(good)
    done = build(admin, run)
    assert (done.pk, done.state, done.error) == (failed.pk, ReportState.DONE, "")
    actions = list(LedgerEntry.objects.filter(subject=done.subject).values_list("action", flat=True))
    assert actions == ["reports.report.requested", "reports.report.failed", "reports.report.built"]


def test_report_make_is_refused_when_the_content_changed_since_the_request(admin: User, run: Run) -> None:
    report = services.report_request(actor=admin, run=run, prepared_for="Committee", as_of=today())
    factories.run_create(actor=admin, plan=run.plan)
    with pytest.raises(Conflict, match="changed since it was requested"):
        services.report_make(actor=admin, report=report)


def test_report_make_works_with_no_transaction_open_while_rendering(admin: User, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    depths: list[int] = []
    outside = len(connection.savepoint_ids)

    def watched(*arguments: Any) -> bytes:
        depths.append(len(connection.savepoint_ids))
        return render_pdf(*arguments)

    monkeypatch.setattr(signed_pages, "render_pdf", watched)
    build(admin, run)
    assert depths == [outside]


def test_report_make_returns_a_finished_report_untouched(admin: User, run: Run) -> None:
    report = build(admin, run)
    signed = report.signed_sha256
    assert services.report_make(actor=admin, report=report).signed_sha256 == signed


def test_report_make_keeps_the_first_result_when_two_workers_finish(admin: User, run: Run) -> None:
    report = services.report_request(actor=admin, run=run, prepared_for="Committee", as_of=today())
    stale = Report.objects.get(pk=report.pk)
    first = services.report_make(actor=admin, report=report)
    assert stale.state == ReportState.REQUESTED
    assert services.report_make(actor=admin, report=stale).signed_sha256 == first.signed_sha256
    assert LedgerEntry.objects.filter(action="reports.report.built").count() == 1


def test_a_done_report_without_a_log_entry_cannot_be_stored(admin: User, run: Run) -> None:
    report = services.report_request(actor=admin, run=run, prepared_for="Committee", as_of=today())
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.filter(pk=report.pk).update(state=ReportState.DONE)


def test_visible_to_shows_reports_of_the_own_organisation_only(admin: User, run: Run) -> None:
    report = services.report_request(actor=admin, run=run, prepared_for="Committee", as_of=today())
    assert list(Report.objects.visible_to(admin)) == [report]
    assert list(Report.objects.visible_to(factories.user())) == []


def test_report_export_writes_a_report_and_a_case_that_verify(admin: User, run: Run, tmp_path: Path) -> None:
    exported = services.report_export(actor=admin, report=build(admin, run), folder=tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["case.zip", "report.pdf", "report.pdf.sigstore.json"]
    root = installed().folder / "trusted_root.json"
    for path in (exported.pdf, exported.case):
        result = verify(path, root)
        assert result.problems == []
        assert result.verdict == "verified"


def test_report_export_makes_any_changed_byte_of_the_report_show(admin: User, run: Run, tmp_path: Path) -> None:
    exported = services.report_export(actor=admin, report=build(admin, run), folder=tmp_path)
    data = bytearray(exported.pdf.read_bytes())
    data[len(data) // 2] ^= 1
    exported.pdf.write_bytes(bytes(data))
    assert verify(exported.pdf, installed().folder / "trusted_root.json").verdict == "failed"


def test_report_export_refuses_to_overwrite(admin: User, run: Run, tmp_path: Path) -> None:
    report = build(admin, run)
    (tmp_path / "case.zip").write_bytes(b"mine")
    with pytest.raises(Conflict, match=r"case\.zip exists already"):
        services.report_export(actor=admin, report=report, folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.name != "var"] == ["case.zip"]


def test_report_export_refuses_a_report_that_is_not_done(admin: User, run: Run, tmp_path: Path) -> None:
    report = services.report_request(actor=admin, run=run, prepared_for="Committee", as_of=today())
    with pytest.raises(InvalidState, match="requested"):
        services.report_export(actor=admin, report=report, folder=tmp_path / "out")


def test_report_export_is_refused_without_the_permission(admin: User, run: Run, tmp_path: Path) -> None:
    with pytest.raises(NotAllowed):
        services.report_export(actor=factories.user(), report=build(admin, run), folder=tmp_path / "out")
