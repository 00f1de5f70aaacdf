"""Pages of coverage of the whole register: overview, gaps with owners, judgements by two people."""

import csv
import datetime
import io
import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Run
from core import clock
from decisions.models import Exemption, GapAssignment
from decisions.services import exemption_decide, exemption_propose, gap_assign
from evidence.models import Artifact, EvidenceLink
from evidence.services import link_review
from frameworks.models import Requirement
from inventory.models import AISystem, OurRole
from inventory.services import deployment_register
from reports import coverage_report
from reports.coverage_report import coverage_report_make
from reports.tasks import build_coverage_report
from tests import factories

pytestmark = pytest.mark.django_db
OVERVIEW, GAPS = reverse("web:coverage-overview"), reverse("web:gap-list")
LATER = {"as_of": "2027-12-02"}


@pytest.fixture(autouse=True)
def autumn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day is fixed, so that what begins when stays the same."""
    monkeypatch.setattr(clock, "source", lambda: datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC))


@pytest.fixture
def system(admin: User, run: Run) -> AISystem:
    """A high-risk system that uses the run's version."""
    row = factories.system(admin, name="Letters", our_role=OurRole.PROVIDER)
    deployment_register(actor=admin, system=row, version=run.plan.version, environment="production")
    return row


def body(browser: Client, address: str, **query: str) -> str:
    answer = browser.get(address, query)
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return str(answer.content.decode())


def rows(browser: Client, address: str = GAPS, **query: str) -> list[dict[str, str]]:
    text = browser.get(address, {"export": "csv", **query}).content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def requirement(ref: str) -> Requirement:
    return Requirement.objects.known_at(datetime.date(2026, 11, 21)).get(ref=ref)


def test_overview_counts_what_the_matrix_counts(admin: User, admin_client: Client, system: AISystem) -> None:
    link_review(actor=admin, link=EvidenceLink.objects.get(requirement__ref="AIA-11-1"), accept=True, rationale="Read with the plan.")
    seen = admin_client.get(OVERVIEW, LATER).context["overview"]
    matrix = admin_client.get(reverse("web:coverage"), {**LATER, "system": str(system.pk)}).context
    place = [column.key for column in seen.columns].index("eu-ai-act")
    box = seen.rows[0].boxes[place]
    assert box.applying == len(matrix["applying"]) > 30
    assert {state: box.counts[state] for state in ("covered", "partial", "stale", "proposed", "missing")} == {row[0]: row[2] for row in matrix["tally"]}
    assert box.counts["partial"] == 1
    assert seen.total.applying == seen.rows[0].total.applying == sum(column.total.applying for column in seen.columns)


def test_totals_are_drawn_and_tabled_as_of_the_days_chosen(admin_client: Client, system: AISystem) -> None:
    answer = admin_client.get(OVERVIEW, LATER)
    seen, figure = answer.context["overview"], answer.context["figure"]
    assert figure.svg, figure.fault
    table = figure.tables[0]
    held = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert {row["state"]: row["duties"] for row in held if row["name"] == "All"} == {word: count for _, word, count in answer.context["tally"]}
    assert sum(row["duties"] for row in held if row["name"] == "EU AI Act") == next(c for c in seen.columns if c.key == "eu-ai-act").total.applying
    assert f"{seen.total.applying} duties apply to 1 system" in figure.alt
    early = admin_client.get(OVERVIEW, {"as_of": "2025-03-01", "known_at": "2025-03-01"}).context
    assert 0 < sum(count for *_, count in early["tally"]) < seen.total.applying
    assert admin_client.get(OVERVIEW, {"known_at": "2020-01-01"}).context["figure"] is None


def test_totals_of_all_systems_are_counted_on_every_page_alike(
    admin: User, admin_client: Client, run: Run, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for place in range(28):
        row = factories.system(admin, name=f"System {place:02d}", our_role=OurRole.PROVIDER)
        deployment_register(actor=admin, system=row, version=run.plan.version, environment="production")
    one = admin_client.get(OVERVIEW, {**LATER, "named": "System 00"}).context["overview"].total
    part = admin_client.get(OVERVIEW, LATER)
    assert part.context["overview"].total.applying == 25 * one.applying
    assert "Count all systems" in part.content.decode()
    with django_assert_max_num_queries(10):
        whole = admin_client.get(OVERVIEW, {**LATER, "whole": "on"})
    last = admin_client.get(OVERVIEW, {**LATER, "whole": "on", "page": "2"})
    assert [len(answer.context["rows"]) for answer in (whole, last)] == [25, 3]
    assert whole.context["overview"].total.counts == last.context["overview"].total.counts
    assert whole.context["overview"].total.applying == 28 * one.applying
    assert "Of all 28 systems" in whole.content.decode()


def test_framework_opens_into_its_articles(admin_client: Client, system: AISystem) -> None:
    page = body(admin_client, OVERVIEW, framework="eu-ai-act", **LATER)
    assert "Article 9" in page
    assert "Annex IV" in page
    assert "Commitment 3" not in page
    seen = admin_client.get(OVERVIEW, {"framework": "eu-ai-act", **LATER}).context["overview"]
    assert next(column for column in seen.columns if column.key == "Article 9").total.applying == 4


def test_days_of_the_calendar_are_links(admin_client: Client, system: AISystem) -> None:
    page = body(admin_client, OVERVIEW)
    for day in ("2025-02-02", "2026-12-02", "2027-12-02", "2028-08-02"):
        assert f"as_of={day}" in page


def test_overview_says_what_was_known(admin_client: Client, system: AISystem) -> None:
    early = admin_client.get(OVERVIEW, {"as_of": "2026-08-02", "known_at": "2026-07-23", "framework": "eu-ai-act"}).context["overview"]
    late = admin_client.get(OVERVIEW, {"as_of": "2026-08-02", "known_at": "2026-07-24", "framework": "eu-ai-act"}).context["overview"]
    assert early.total.applying > late.total.applying > 0
    assert "Nothing was known then" in body(admin_client, OVERVIEW, known_at="2020-01-01")


def test_overview_comes_as_a_file(admin_client: Client, system: AISystem) -> None:
    found = {row["Reference"]: row for row in rows(admin_client, OVERVIEW, **LATER)}
    assert len(found) == 254
    assert (found["AIA-9-6"]["State"], found["AIA-26-1"]["State"]) == ("missing", "not applicable")
    assert found["AIA-9-6"]["Why"].startswith("Applies because")


@pytest.mark.parametrize("size", [3, 30])
def test_queries_do_not_grow(admin: User, admin_client: Client, run: Run, size: int, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for place in range(size):
        row = factories.system(admin, name=f"System {place:02d}", our_role=OurRole.PROVIDER)
        deployment_register(actor=admin, system=row, version=run.plan.version, environment="production")
    with django_assert_max_num_queries(10):
        page = body(admin_client, OVERVIEW, **LATER)
    with django_assert_max_num_queries(10):
        body(admin_client, GAPS, **LATER)
    assert ("More systems" in page) == (size > 25)


def test_gap_gets_an_owner_and_a_day(admin: User, admin_client: Client, system: AISystem) -> None:
    row, colleague = requirement("AIA-9-6"), factories.user(Role.ASSESSOR, of=factories.home(admin), first_name="Ada")
    answer = admin_client.post(
        reverse("web:gap-assign", args=[system.pk, row.pk]), {"owner": str(colleague.pk), "due_on": "2026-12-01", "note": "Ask the lab."}, follow=True
    )
    assert "is in charge" in answer.content.decode()
    found = {gap["What would close it"]: gap for gap in rows(admin_client, **LATER) if gap["Requirement"].startswith("AIA-9-6 ")}
    assert [(gap["In charge"], gap["Due on"]) for gap in found.values()] == [(str(colleague), "2026-12-01")]
    assert rows(admin_client, care="mine", **LATER) == []
    assert len(rows(admin_client, care="nobody", **LATER)) == len(rows(admin_client, **LATER)) - 1


def test_overdue_gap_is_marked(admin: User, admin_client: Client, system: AISystem, monkeypatch: pytest.MonkeyPatch) -> None:
    gap_assign(actor=admin, system=system, requirement=requirement("AIA-9-6"), owner=admin, due_on=datetime.date(2026, 11, 30))
    assert rows(admin_client, care="overdue", **LATER) == []
    monkeypatch.setattr(clock, "source", lambda: datetime.datetime(2026, 12, 1, 12, tzinfo=datetime.UTC))
    assert [row["Due on"] for row in rows(admin_client, care="overdue", **LATER)] == ["2026-11-30 overdue"]
    assert "tag-problem" in body(admin_client, GAPS, care="mine", **LATER)


def test_wrong_owner_or_day_is_refused_and_kept(admin: User, admin_client: Client, system: AISystem) -> None:
    address = reverse("web:gap-assign", args=[system.pk, requirement("AIA-9-6").pk])
    answer = admin_client.post(address, {"owner": str(admin.pk), "due_on": "2026-11-01", "note": "Soon."})
    assert answer.status_code == 422
    assert "This day has passed" in answer.content.decode()
    assert "Soon." in answer.content.decode()
    assert admin_client.post(address, {"owner": str(factories.user().pk), "due_on": "2026-12-01"}).status_code == 422
    assert not GapAssignment.objects.exists()


def test_taking_a_gap_away_asks_first(admin: User, admin_client: Client, system: AISystem) -> None:
    gap = gap_assign(actor=admin, system=system, requirement=requirement("AIA-9-6"), owner=admin, due_on=datetime.date(2026, 11, 30))
    address = reverse("web:gap-release", args=[gap.pk])
    assert "The gap stays" in body(admin_client, address)
    admin_client.post(address)
    assert not GapAssignment.objects.exists()


def test_what_opens_by_a_day_that_is_no_gap_today(admin_client: Client, system: AISystem) -> None:
    fresh = {row["Requirement"].split()[0] for row in rows(admin_client, fresh="on", framework="eu-ai-act", **LATER)}
    now = {row["Requirement"].split()[0] for row in rows(admin_client, framework="eu-ai-act")}
    then = {row["Requirement"].split()[0] for row in rows(admin_client, framework="eu-ai-act", **LATER)}
    assert fresh == then - now
    assert "AIA-9-6" in fresh
    assert "AIA-4" in now
    assert "What would be open on 2 December 2027" in body(admin_client, GAPS, fresh="on", **LATER)


def test_gaps_sort_by_any_column(admin_client: Client, system: AISystem) -> None:
    found = [row["Requirement"] for row in rows(admin_client, sort="-requirement", framework="eu-ai-act", **LATER)]
    assert found == sorted(found, key=lambda text: text.split()[0], reverse=True)


def test_two_people_take_a_duty_out(admin: User, admin_client: Client, as_role: Callable[[str], Client], system: AISystem) -> None:
    row = requirement("AIA-9-6")
    answer = admin_client.post(reverse("web:exemption-propose", args=[system.pk, row.pk]), {"reason": "Tests are made by the vendor."}, follow=True)
    assert "You proposed this" in answer.content.decode()
    made = Exemption.objects.get()
    address = reverse("web:exemption-decide", args=[made.pk])
    assert admin_client.post(address, {"approve": "yes", "reason": "I agree with myself."}).status_code == 403
    assert "AIA-9-6" in {gap["Requirement"].split()[0] for gap in rows(admin_client, **LATER)}
    approver = as_role(Role.APPROVER)
    assert approver.post(address, {"approve": "yes", "reason": "Contract read."}).status_code == 302
    assert "AIA-9-6" not in {gap["Requirement"].split()[0] for gap in rows(admin_client, **LATER)}
    cell = next(cell for cell in rows(admin_client, OVERVIEW, **LATER) if cell["Reference"] == "AIA-9-6")
    assert cell["State"] == "not applicable"
    assert "Tests are made by the vendor." in cell["Why"]
    assert "Tests are made by the vendor." in body(admin_client, reverse("web:requirement-detail", args=[row.pk]), system=str(system.pk), **LATER)
    admin_client.post(reverse("web:exemption-withdraw", args=[made.pk]), {"reason": "The vendor stopped."})
    assert "AIA-9-6" in {gap["Requirement"].split()[0] for gap in rows(admin_client, **LATER)}


def test_stranger_sees_and_touches_nothing(admin: User, stranger: Client, system: AISystem) -> None:
    row = requirement("AIA-9-6")
    assert "Letters" not in body(stranger, OVERVIEW)
    for name in ("gap-assign", "exemption-propose"):
        assert stranger.get(reverse(f"web:{name}", args=[system.pk, row.pk])).status_code == 404


@pytest.mark.parametrize("address", [OVERVIEW, GAPS])
@pytest.mark.parametrize("query", [{"as_of": "soon"}, {"framework": "gravity"}, {"page": "0"}, {"known_at": "9999-12-31"}])
def test_address_that_cannot_be_read_is_said_to_be(admin_client: Client, run: Run, address: str, query: dict[str, str]) -> None:
    answer = admin_client.get(address, query)
    assert answer.status_code == 422
    assert "field-error" in answer.content.decode()


def test_empty_register_says_the_next_step(admin_client: Client, run: Run) -> None:
    assert reverse("web:system-create") in body(admin_client, OVERVIEW)
    assert "No gap on" in body(admin_client, GAPS)
    assert "No duty was judged not applicable" in body(admin_client, reverse("web:exemption-list"))


def test_list_of_judgements(admin: User, admin_client: Client, system: AISystem) -> None:
    row = exemption_propose(actor=admin, system=system, requirement=requirement("AIA-9-6"), reason="It is a toy.")
    second = factories.user(Role.APPROVER, of=factories.home(admin))
    exemption_decide(actor=second, exemption=row, approve=False, reason="It is not.")
    page = body(admin_client, reverse("web:exemption-list"))
    assert "It is a toy." in page
    assert "Declined" in page
    assert "It is not." in body(admin_client, reverse("web:exemption-detail", args=[row.pk]))


def test_trend_shows_its_numbers(admin_client: Client, system: AISystem) -> None:
    page = body(admin_client, reverse("web:coverage-trend"), framework="eu-ai-act")
    assert "Duties that applied, week by week" in page
    assert "2026-11-21" in page
    assert "<svg" in page


def test_oscal_comes_as_an_attachment_or_says_why_not(admin_client: Client, system: AISystem) -> None:
    address = reverse("web:coverage-oscal")
    answer = admin_client.get(address, {"framework": "eu-ai-act", **LATER})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="coverage-eu-ai-act-2027-12-02.oscal.json"'
    assert answer.content == admin_client.get(address, {"framework": "eu-ai-act", **LATER}).content
    assert "Letters" in answer.content.decode()
    assert admin_client.get(address, {"framework": "eu-ai-act", "as_of": "2020-01-01"}).status_code == 409
    assert admin_client.get(address, {"as_of": "soon"}).status_code == 422


def test_oscal_leaves_no_system_out(admin: User, admin_client: Client, system: AISystem) -> None:
    AISystem.objects.bulk_create(
        AISystem(organisation=system.organisation, name=f"System {place:03d}", purpose="Sorts.", our_role=OurRole.PROVIDER, risk_class=system.risk_class)
        for place in range(205)
    )
    found = admin_client.get(reverse("web:coverage-oscal"), {"framework": "eu-ai-act", **LATER}).json()["assessment-results"]["results"]
    assert len(found) == 206


def test_only_those_who_may_assign_are_offered_it(admin_client: Client, as_role: Callable[[str], Client], system: AISystem) -> None:
    page = body(as_role(Role.AUDITOR), GAPS, **LATER)
    assert "AIA-9-6" in page
    assert "/assign/" not in page
    assert "/assign/" in body(admin_client, GAPS, **LATER)


def test_signed_report_is_asked_for_and_listed(admin: User, admin_client: Client, as_role: Callable[[str], Client], system: AISystem) -> None:
    address = reverse("web:coverage-report", args=[system.pk])
    assert address in body(admin_client, reverse("web:coverage"), system=str(system.pk), **LATER)
    assert "No report was made about this system yet" in body(admin_client, address)
    answer = admin_client.post(address, {"framework": "eu-ai-act", **LATER}, follow=True)
    assert "A report was asked for" in answer.content.decode()
    asked = Artifact.objects.get(kind="coverage_content")
    made = coverage_report_make(actor=admin, asked=asked)
    auditor = as_role(Role.AUDITOR)
    page = body(auditor, address)
    assert reverse("web:artifact-bytes", args=[made.pk]) in page
    assert "Ask for a report" not in page
    assert auditor.post(address, {"framework": "eu-ai-act"}).status_code == 403


def test_report_that_would_say_nothing_is_refused_and_kept(admin_client: Client, stranger: Client, system: AISystem) -> None:
    address = reverse("web:coverage-report", args=[system.pk])
    answer = admin_client.post(address, {"framework": "eu-ai-act", "as_of": "2020-01-01"})
    assert answer.status_code == 422
    assert "Choose a later day" in answer.content.decode()
    assert "2020-01-01" in answer.content.decode()
    assert admin_client.post(address, {"framework": "gravity"}).status_code == 422
    assert not Artifact.objects.filter(kind="coverage_content").exists()
    assert stranger.get(address).status_code == 404


def test_failed_report_says_why_and_is_asked_for_again_as_it_was(
    admin: User, admin_client: Client, as_role: Callable[[str], Client], system: AISystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = reverse("web:coverage-report", args=[system.pk])
    admin_client.post(address, {"framework": "eu-ai-act", "known_at": "2026-11-20", **LATER})
    asked = Artifact.objects.get(kind="coverage_content")
    # Bad pages stand for anything that goes wrong while a report is made.
    with monkeypatch.context() as patched:
        patched.setattr(coverage_report, "coverage_html", lambda _: '<html lang="en"><title>t</title><body><img src="https://example.org/a.png"></body></html>')
        assert build_coverage_report(str(asked.pk)) == "failed"
    page = body(admin_client, address)
    assert "The last report could not be made." in page
    assert "they ask for something outside" in page
    assert "Try again" not in body(as_role(Role.AUDITOR), address)
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.partition("notice-error")[2].partition("Try again")[0]))
    assert {name: fields[name] for name in ("framework", "as_of", "known_at")} == {"framework": "eu-ai-act", "known_at": "2026-11-20", **LATER}
    assert admin_client.post(address, fields).status_code == 302
    assert Artifact.objects.filter(kind="coverage_content").count() == 1, "the same content is asked for again"
    assert build_coverage_report(str(asked.pk)) == "done"
    assert "could not be made" not in body(admin_client, address)
