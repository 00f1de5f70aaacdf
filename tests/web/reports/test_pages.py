"""Pages of reports: found, followed, explained; asked for as of a day and for a reader."""

import datetime
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Finding, Run
from core import clock
from reports.models import Report, ReportState
from reports.services import report_build, report_request
from tests import factories

pytestmark = pytest.mark.django_db
LIST = reverse("web:report-list")


def ask(actor: User, run: Run, reader: str = "Committee") -> Report:
    return report_request(actor=actor, run=run, prepared_for=reader, as_of=clock.now().date())


def page(browser: Client, report: Report) -> str:
    return str(browser.get(reverse("web:report-detail", args=[report.pk])).content.decode())


def test_list_filters_by_reader_and_state(admin: User, admin_client: Client, run: Run) -> None:
    first, second = ask(admin, run), ask(admin, run, "Regulator")
    body = admin_client.get(LIST, {"prepared_for": "regul"}).content.decode()
    assert second.reference in body
    assert first.reference not in body
    assert first.reference in admin_client.get(LIST, {"state": "requested"}).content.decode()
    assert first.reference not in admin_client.get(LIST, {"state": "done"}).content.decode()


def test_page_of_a_finished_report_says_how_to_check_it(admin: User, admin_client: Client, run: Run) -> None:
    report = report_build(actor=admin, run=run, prepared_for="Committee", as_of=clock.now().date())
    body = page(admin_client, report)
    assert "every 2s" not in body
    for text in (f"./assay verify {report.reference}.pdf", "PAdES", "files attached inside the PDF", "trusted_root.json", report.signed_sha256):
        assert text in body, text
    entry, finding = reverse("web:entry-detail", args=[report.entry_id]), reverse("web:finding-detail", args=[Finding.objects.get().pk])
    for address in (entry, finding, reverse("web:report-download", args=[report.pk]), f"{reverse('web:case-export')}?run={run.pk}"):
        assert address in body, address


def test_requested_report_is_followed_and_a_failed_one_explained(admin: User, admin_client: Client, run: Run) -> None:
    report = ask(admin, run)
    assert 'hx-trigger="every 2s"' in page(admin_client, report)
    part = admin_client.get(reverse("web:report-detail", args=[report.pk]), headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<div id="live"')
    Report.objects.update(state=ReportState.FAILED, error="no room left")
    assert "It could not be made: no room left" in page(admin_client, report)


def test_day_and_reader_are_chosen_in_the_form(admin_client: Client, run: Run) -> None:
    address, today = reverse("web:report-build", args=[run.pk]), clock.now().date()
    assert f'value="{today.isoformat()}"' in admin_client.get(address).content.decode()
    answer = admin_client.post(address, {"prepared_for": "Regulator", "as_of": today.isoformat()})
    report = Report.objects.get()
    assert answer.headers["Location"] == reverse("web:report-detail", args=[report.pk])
    assert (report.prepared_for, report.as_of) == ("Regulator", today)


@pytest.mark.parametrize("days", [-400, 2])
def test_day_outside_the_runs_life_is_refused_at_the_field(admin_client: Client, run: Run, days: int) -> None:
    day = clock.now().date() + datetime.timedelta(days=days)
    answer = admin_client.post(reverse("web:report-build", args=[run.pk]), {"prepared_for": "Regulator", "as_of": day.isoformat()})
    assert answer.status_code == 422
    assert "Choose a day from" in answer.content.decode()
    assert 'value="Regulator"' in answer.content.decode()
    assert not Report.objects.exists()


def test_new_report_begins_with_a_run(admin: User, admin_client: Client, stranger: Client, run: Run) -> None:
    link = reverse("web:report-build", args=[run.pk])
    assert link in admin_client.get(reverse("web:report-new")).content.decode()
    assert link not in stranger.get(reverse("web:report-new")).content.decode()


def test_readers_do_not_build_and_strangers_do_not_read(admin: User, as_role: Callable[[str], Client], stranger: Client, run: Run) -> None:
    report = ask(admin, run)
    auditor = as_role(Role.AUDITOR)
    assert "Ask again" not in page(auditor, report)
    assert auditor.get(reverse("web:report-build", args=[run.pk])).status_code == 403
    assert stranger.get(reverse("web:report-detail", args=[report.pk])).status_code == 404
    assert report.reference not in stranger.get(LIST).content.decode()


def test_queries_stay_few(admin: User, admin_client: Client, run: Run, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for place in range(6):
        report = ask(admin, factories.finished_run(admin), f"Reader {place}")
    with django_assert_max_num_queries(10):
        assert admin_client.get(LIST).content.decode().count("row-") == 6
    with django_assert_max_num_queries(10):
        page(admin_client, report)
    with django_assert_max_num_queries(10):
        admin_client.get(reverse("web:report-new"))
