"""Cases: asked for in a page, followed while they are put together, handed out bit for bit."""

import hashlib
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Run
from assessments.services.runs import run_create
from reports.cases import case_make, case_request
from reports.models import CaseExport, ReportState
from tests import factories

pytestmark = pytest.mark.django_db
NEW = reverse("web:case-export")


@pytest.fixture
def run(admin: User) -> Run:
    return factories.finished_run(admin)


def page(browser: Client, case: CaseExport) -> str:
    return str(browser.get(reverse("web:case-detail", args=[case.pk])).content.decode())


def test_case_is_asked_for_followed_and_downloaded(admin: User, admin_client: Client, run: Run) -> None:
    assert f'value="{run.pk}" selected' in admin_client.get(NEW, {"run": str(run.pk)}).content.decode()
    answer = admin_client.post(NEW, {"run": str(run.pk)})
    case = CaseExport.objects.get()
    assert answer.headers["Location"] == reverse("web:case-detail", args=[case.pk])
    assert 'hx-trigger="every 2s"' in page(admin_client, case)
    download = reverse("web:case-download", args=[case.pk])
    assert admin_client.get(download).status_code == 409
    case = case_make(actor=admin, case=case)
    body = page(admin_client, case)
    assert "every 2s" not in body
    assert download in body
    assert f"./assay verify {case.file_name}" in body
    data = b"".join(admin_client.get(download).streaming_content)
    assert hashlib.sha256(data).hexdigest() == case.sha256


def test_failed_case_says_why_and_offers_to_ask_again(admin: User, admin_client: Client, run: Run) -> None:
    case = case_request(actor=admin, run=run)
    CaseExport.objects.update(state=ReportState.FAILED, error="no room left at <var>")
    body = page(admin_client, case)
    assert "no room left at &lt;var&gt;" in body
    assert f"{NEW}?run={run.pk}" in body


def test_only_ended_runs_of_ones_own_are_offered(admin: User, admin_client: Client, stranger: Client, run: Run) -> None:
    going = run_create(actor=admin, plan=factories.plan(admin))
    assert str(going.pk) not in admin_client.get(NEW).content.decode()
    assert admin_client.post(NEW, {"run": str(going.pk)}).status_code == 422
    assert str(run.pk) not in stranger.get(NEW, {"run": str(run.pk)}).content.decode()
    assert stranger.post(NEW, {"run": str(run.pk)}).status_code == 422
    assert admin_client.post(NEW, {"run": "x"}).status_code == 422
    assert admin_client.post(NEW, {}).status_code == 422
    assert not CaseExport.objects.exists()


def test_stranger_and_unauthorised_see_nothing(admin: User, stranger: Client, as_role: Callable[[str], Client], run: Run) -> None:
    case = case_request(actor=admin, run=run)
    for name in ("case-detail", "case-download"):
        assert stranger.get(reverse(f"web:{name}", args=[case.pk])).status_code == 404
    assert case.title not in stranger.get(reverse("web:case-list")).content.decode()
    assert as_role(Role.APPROVER).get(NEW).status_code == 403
    assert as_role(Role.AUDITOR).get(NEW).status_code == 200


def test_queries_stay_few(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(5):
        case = case_request(actor=admin, run=factories.finished_run(admin))
    with django_assert_max_num_queries(10):
        assert admin_client.get(reverse("web:case-list")).content.decode().count("row-") == 5
    with django_assert_max_num_queries(10):
        page(admin_client, case)
    with django_assert_max_num_queries(10):
        admin_client.get(NEW)
