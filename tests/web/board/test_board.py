"""The board's page in the browser: what it shows, asking for the signed PDF, taking it away."""

from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Role, User
from assessments.models import Run
from inventory.models import AISystem, OurRole
from inventory.services import deployment_register
from reports.board_reports import board_report_make
from reports.models import BoardReport, ReportState
from tests import factories

pytestmark = pytest.mark.django_db
BOARD = reverse("web:board")


@pytest.fixture
def system(admin: User, run: Run) -> AISystem:
    """A high-risk system that uses the run's version."""
    row = factories.system(admin, name="Letters", our_role=OurRole.PROVIDER)
    deployment_register(actor=admin, system=row, version=run.plan.version, environment="production")
    return row


def body(browser: Client, **query: str) -> str:
    answer = browser.get(BOARD, query)
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return str(answer.content.decode())


def test_page_shows_numbers_trend_gaps_dates_and_limits(admin_client: Client, system: AISystem) -> None:
    page = body(admin_client)
    for text in ("In four numbers", "Duties that applied, week by week", "<svg", "What bites next", "Letters", "High risk, Annex III"):
        assert text in page
    assert "not that the law is complied with" in page
    assert "None was asked for yet" in page


def test_empty_register_says_so(admin_client: Client) -> None:
    page = body(admin_client)
    assert "No system is registered" in page
    assert "No reporting clock is running" in page


def test_pdf_is_asked_for_with_a_confirmation_and_handed_out(admin: User, admin_client: Client, system: AISystem) -> None:
    address = reverse("web:board-build", args=[factories.home(admin).pk])
    assert "Sign it" in admin_client.get(address).content.decode()
    assert not BoardReport.objects.exists()
    page = admin_client.post(address, follow=True).content.decode()
    report = BoardReport.objects.get()
    assert "A worker draws and signs it" in page
    assert f"{report.reference}, requested" in page
    assert admin_client.get(reverse("web:board-pdf", args=[report.pk])).status_code == 409
    assert admin_client.get(reverse("web:board-bundle", args=[report.pk])).status_code == 409
    board_report_make(actor=admin, report=report)
    assert reverse("web:board-pdf", args=[report.pk]) in body(admin_client)
    file = admin_client.get(reverse("web:board-pdf", args=[report.pk]))
    assert file.headers["Content-Disposition"] == f'attachment; filename="{report.reference}.pdf"'
    assert b"".join(file.streaming_content).startswith(b"%PDF")  # type: ignore[attr-defined]
    assert admin_client.get(reverse("web:board-bundle", args=[report.pk])).json()["mediaType"]
    assert "already says exactly this" in admin_client.post(address, follow=True).content.decode()


def test_failure_shows_its_reason(admin: User, admin_client: Client, system: AISystem) -> None:
    admin_client.post(reverse("web:board-build", args=[factories.home(admin).pk]))
    BoardReport.objects.update(state=ReportState.FAILED, error="The disk is full.")
    assert "The disk is full. Ask for it again." in body(admin_client)


def test_auditor_reads_but_does_not_sign(admin: User, client: Client, system: AISystem) -> None:
    client.force_login(factories.user(Role.AUDITOR, of=factories.home(admin)))
    assert reverse("web:board-build", args=[factories.home(admin).pk]) not in body(client)
    assert client.post(reverse("web:board-build", args=[factories.home(admin).pk])).status_code == 403


def test_another_organisation_stays_hidden_and_ones_own_can_be_chosen(admin: User, admin_client: Client, system: AISystem) -> None:
    other = factories.home(factories.user())
    assert admin_client.get(BOARD, {"organisation": str(other.pk)}).status_code == 404
    assert admin_client.post(reverse("web:board-build", args=[other.pk])).status_code == 404
    Membership.objects.create(user=admin, organisation=other, role=Role.AUDITOR)
    page = body(admin_client, organisation=str(other.pk))
    assert quote(str(system.organisation_id)) in page
    assert "Letters" not in page
    assert admin_client.post(reverse("web:board-build", args=[other.pk])).status_code == 403
