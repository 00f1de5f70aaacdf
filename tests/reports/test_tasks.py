"""The task: one id in, the report made by the service account, failures left in the row."""

from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from core import clock
from reports import services
from reports.models import Report, ReportState
from reports.tasks import build_report
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def report(admin: User) -> Report:
    run = factories.finished_run(admin)
    return services.report_request(actor=admin, run=run, prepared_for="Committee", as_of=clock.now().date())


def test_build_report_makes_a_requested_report(report: Report) -> None:
    assert build_report(str(report.id)) == "done"
    report.refresh_from_db()
    assert report.state == ReportState.DONE
    assert report.entry is not None
    assert report.entry.actor == f"accounts.user:{User.objects.get(is_service=True).pk}"


def test_build_report_is_done_once_however_often_it_is_delivered(report: Report) -> None:
    build_report(str(report.id))
    signed = Report.objects.get().signed_sha256
    assert build_report(str(report.id)) == "done"
    assert Report.objects.get().signed_sha256 == signed


def test_build_report_leaves_the_reason_of_a_failure_in_the_row(report: Report, installation: Path) -> None:
    blob = installation / "artifacts" / "sha256" / report.run.steps.get().finding.result_artifact.sha256
    blob.unlink()
    assert build_report(str(report.id)) == "failed"
    report.refresh_from_db()
    assert report.state == ReportState.FAILED
    assert "is missing from the store" in report.error


def test_report_enqueue_rings_after_commit_and_needs_no_broker(admin: User, report: Report, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        services.report_enqueue(actor=admin, run=report.run, prepared_for="Committee", as_of=clock.now().date())
    assert len(callbacks) == 1
    report.refresh_from_db()
    assert report.state == ReportState.REQUESTED


def test_report_enqueue_does_not_ring_for_a_finished_report(admin: User, report: Report, django_capture_on_commit_callbacks: Any) -> None:
    services.report_make(actor=admin, report=report)
    with django_capture_on_commit_callbacks(execute=False) as callbacks:
        services.report_enqueue(actor=admin, run=report.run, prepared_for="Committee", as_of=clock.now().date())
    assert callbacks == []
