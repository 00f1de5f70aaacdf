"""Cases on request: asked for once, put together by the worker, and good for a stranger with the offline verifier."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from accounts.models import Role, User
from assessments.models import Run
from assessments.services.runs import run_create
from core import clock
from core.errors import InvalidState, NotAllowed
from evidence.models import LedgerEntry
from evidence.storage import blob_read
from reports.cases import case_make, case_request
from reports.models import CaseExport, ReportState
from reports.services import report_build
from reports.tasks import build_case
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(admin: User) -> Run:
    return factories.finished_run(admin)


def test_case_verifies_without_us_and_holds_the_report(admin: User, run: Run, tmp_path: Path, key_folder: Path) -> None:
    report = report_build(actor=admin, run=run, prepared_for="Committee", as_of=clock.now().date())
    case = case_make(actor=admin, case=case_request(actor=admin, run=run))
    target = tmp_path / case.file_name
    target.write_bytes(blob_read(case.sha256))
    assert report.signed_sha256.encode() in target.read_bytes()
    command = [sys.executable, "-m", "evidence.verify", str(target), "--trusted-root", str(key_folder / "trusted_root.json")]
    done = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_case_under_way_is_rung_for_again_and_not_made_twice(admin: User, run: Run, django_capture_on_commit_callbacks: Any) -> None:
    first = case_request(actor=admin, run=run)
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        assert case_request(actor=admin, run=run) == first
    assert len(callbacks) == 1
    assert LedgerEntry.objects.filter(action="evidence.case.requested", subject=first.subject).count() == 1


def test_task_makes_it_once_however_often_it_is_delivered(admin: User, run: Run) -> None:
    case = case_request(actor=admin, run=run)
    assert build_case(str(case.pk)) == "done"
    digest = CaseExport.objects.get().sha256
    assert build_case(str(case.pk)) == "done"
    assert CaseExport.objects.get().sha256 == digest
    assert CaseExport.objects.get().size == len(blob_read(digest))


def test_failure_leaves_its_reason_in_the_row_and_in_the_log(admin: User, run: Run, installation: Path) -> None:
    case = case_request(actor=admin, run=run)
    (installation / "artifacts" / "sha256" / run.steps.get().finding.result_artifact.sha256).unlink()
    assert build_case(str(case.pk)) == "failed"
    case.refresh_from_db()
    assert case.state == ReportState.FAILED
    assert "is missing from the store" in case.error
    assert LedgerEntry.objects.filter(action="evidence.case.failed", subject=case.subject).exists()


def test_run_that_goes_on_has_no_case(admin: User) -> None:
    with pytest.raises(InvalidState, match="ended"):
        case_request(actor=admin, run=run_create(actor=admin, plan=factories.plan(admin)))


def test_only_those_who_may_export_may_ask(admin: User, run: Run) -> None:
    for person in (factories.user(Role.APPROVER, of=factories.home(admin)), factories.user(Role.ADMINISTRATOR)):
        with pytest.raises(NotAllowed):
            case_request(actor=person, run=run)
    assert not CaseExport.objects.exists()
