"""The signed report: asked for by those who may, shown while it is made, handed out bit for bit."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from assessments.models import Run
from assessments.services.runs import run_create
from reports.models import Report, ReportState
from reports.services import report_make
from tests import factories

pytestmark = pytest.mark.django_db


def ask(browser: Client, run: Run, prepared_for: str = "Model risk committee") -> int:
    return browser.post(reverse("web:report-build", args=[run.id]), {"prepared_for": prepared_for}).status_code


def page(browser: Client, run: Run) -> str:
    return str(browser.get(reverse("web:run-detail", args=[run.id])).content.decode())


def test_request_is_shown_and_followed_until_it_is_done(admin_client: Client, run: Run) -> None:
    assert "every 2s" not in page(admin_client, run)
    assert ask(admin_client, run) == 302
    body = page(admin_client, run)
    assert f"{Report.objects.get().reference} is being drawn and signed" in body
    assert 'hx-trigger="every 2s"' in body


def test_finished_report_comes_back_bit_for_bit(admin: User, admin_client: Client, run: Run) -> None:
    ask(admin_client, run)
    report = report_make(actor=admin, report=Report.objects.get())
    body = page(admin_client, run)
    link = reverse("web:report-download", args=[report.id])
    answer = admin_client.get(link)
    data = b"".join(answer.streaming_content)
    assert link in body
    assert "every 2s" not in body
    assert data.startswith(b"%PDF")
    assert hashlib.sha256(data).hexdigest() == report.signed_sha256
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{report.reference}.pdf"'


def test_report_and_log_entry_as_handed_out_verify_without_us(admin: User, admin_client: Client, run: Run, tmp_path: Path, key_folder: Path) -> None:
    ask(admin_client, run)
    report = report_make(actor=admin, report=Report.objects.get())
    assert reverse("web:report-bundle", args=[report.id]) in page(admin_client, run)
    for name in ("report-download", "report-bundle"):
        answer = admin_client.get(reverse(f"web:{name}", args=[report.id]))
        filename = answer.headers["Content-Disposition"].partition('filename="')[2].rstrip('"')
        (tmp_path / filename).write_bytes(b"".join(answer.streaming_content) if answer.streaming else answer.content)
    command = [sys.executable, "-m", "evidence.verify", str(tmp_path / f"{report.reference}.pdf"), "--trusted-root", str(key_folder / "trusted_root.json")]
    done = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_asking_again_for_the_same_makes_no_second_one(admin_client: Client, run: Run) -> None:
    ask(admin_client, run)
    ask(admin_client, run)
    assert Report.objects.count() == 1


def test_failed_report_says_why(admin_client: Client, run: Run) -> None:
    ask(admin_client, run)
    Report.objects.update(state=ReportState.FAILED, error="no room left at <var>")
    body = page(admin_client, run)
    assert "could not be made: no room left at &lt;var&gt;" in body
    assert "every 2s" not in body


def test_report_without_a_reader_is_refused(admin_client: Client, run: Run) -> None:
    assert ask(admin_client, run, "  ") == 422
    assert not Report.objects.exists()


def test_unfinished_run_offers_no_report_and_refuses_one(admin: User, admin_client: Client) -> None:
    fresh = run_create(actor=admin, plan=factories.plan(admin))
    assert "Build report" not in page(admin_client, fresh)
    assert ask(admin_client, fresh) == 409


def test_report_that_is_not_made_yet_has_no_file(admin_client: Client, run: Run) -> None:
    ask(admin_client, run)
    for name in ("report-download", "report-bundle"):
        assert admin_client.get(reverse(f"web:{name}", args=[Report.objects.get().id])).status_code == 409


def test_auditor_reads_but_does_not_build(admin: User, admin_client: Client, as_role: Callable[[str], Client], run: Run) -> None:
    auditor = as_role(Role.AUDITOR)
    assert "Build report" not in page(auditor, run)
    assert ask(auditor, run) == 403
    ask(admin_client, run)
    report = report_make(actor=admin, report=Report.objects.get())
    assert auditor.get(reverse("web:report-download", args=[report.id])).status_code == 200


def test_stranger_gets_not_found(admin_client: Client, stranger: Client, run: Run) -> None:
    ask(admin_client, run)
    for name in ("report-download", "report-bundle"):
        assert stranger.get(reverse(f"web:{name}", args=[Report.objects.get().id])).status_code == 404
    assert ask(stranger, run) == 404
