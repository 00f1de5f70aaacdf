"""Pages of questionnaires: list, version in words, trying one, comparing, files."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from evidence.models import LedgerEntry
from questionnaires.exchange.files import document_from
from questionnaires.models import Template, TemplateVersion
from questionnaires.services.shipped import shipped_install
from questionnaires.services.templates import template_withdraw
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def template(admin: User) -> Template:
    return factories.questionnaire(admin, draft=True)


def address(name: str, *args: Any) -> str:
    return reverse(f"web:template-{name}", args=args)


def body(browser: Client, path: str, **data: Any) -> str:
    answer = browser.post(path, data) if data else browser.get(path)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def test_list_says_version_questions_requests_and_draft(admin_client: Client, admin: User, template: Template) -> None:
    fresh = factories.questionnaire(admin, publish=False)
    html = body(admin_client, address("list"))
    row, other = (html.split(f'id="row-{made.pk}"')[1].split("</tr>")[0] for made in (template, fresh))
    assert [piece in row for piece in (template.name, ">1<", ">4<", "open")] == [True] * 4, row
    assert "not published" in other
    template_withdraw(actor=admin, template=template)
    assert "withdrawn" in body(admin_client, address("list")).split(f'id="row-{template.pk}"')[1].split("</tr>")[0]


def test_list_without_rows_says_the_next_step(admin_client: Client, as_role: Any) -> None:
    assert address("create") in body(admin_client, address("list"))
    assert address("create") not in body(as_role(Role.AUDITOR), address("list"))


def test_list_asks_a_fixed_number_of_queries(admin_client: Client, admin: User, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(12):
        factories.questionnaire(admin, draft=True)
    with django_assert_max_num_queries(10):
        body(admin_client, address("list"))


def test_stranger_sees_none_of_it(stranger: Client, template: Template) -> None:
    assert template.name not in body(stranger, address("list"))
    assert stranger.get(address("detail", template.pk)).status_code == 404


def test_version_is_told_in_words(admin_client: Client, template: Template) -> None:
    html = body(admin_client, address("detail", template.pk))
    for words in (
        "3 points, if raised is “Yes” and hours is at most 24 hours",
        "Asked only if raised is “Yes”",
        "2 points, a reviewer judges: Well",
        "At most 50 % of the whole",
        "If raised earns no point",
        "Access is raised within 24 hours.",
        "Category “Extra”",
        "A draft of version 2 is open",
    ):
        assert words in html, words
    assert "Anything else?" not in html, "the draft is not what is sent"


def test_shipped_sets_can_be_read_and_tried(admin_client: Client, admin: User) -> None:
    shipped_install(actor=admin, organisation=factories.home(admin))
    for version in TemplateVersion.objects.all():
        body(admin_client, address("version", version.pk))
        body(admin_client, address("try", version.pk))


def test_auditor_may_read_and_try_and_is_offered_no_change(as_role: Any, template: Template) -> None:
    browser = as_role(Role.AUDITOR)
    html = body(browser, address("detail", template.pk))
    assert address("edit", template.pk) not in html
    version = template.versions.get(number=1)
    assert "100.0 %" in body(browser, address("try", version.pk), raised="yes", hours="1", methods="probes", **{"level:judged": "0", "category:extra": "on"})
    for name in ("edit", "publish", "discard", "withdraw", "import-into"):
        assert browser.get(address(name, template.pk)).status_code == 403, name


def test_trying_shows_questions_as_they_appear_and_stores_nothing(admin_client: Client, template: Template) -> None:
    path, before = address("try", template.versions.get(number=1).pk), LedgerEntry.objects.count()
    assert 'name="hours"' not in body(admin_client, path)
    html = body(admin_client, path, raised="yes", hours="30", **{"category:extra": "on"})
    assert 'value="30"' in html
    assert ">16.7 %<" in html, "one of three points in one of two sections"
    assert "Access is raised within 24 hours." in html
    assert "At most 50 %" in body(admin_client, path, raised="no", **{"category:extra": "on"})
    assert LedgerEntry.objects.count() == before


def test_trying_names_what_cannot_be_read_and_keeps_it(admin_client: Client, template: Template) -> None:
    path = address("try", template.versions.get(number=1).pk)
    html = body(admin_client, path, raised="yes", hours="1,000")
    assert 'value="1,000"' in html
    assert "can be read in two ways" in html


def test_trying_with_a_category_switched_off(admin_client: Client, template: Template) -> None:
    path = address("try", template.versions.get(number=1).pk)
    html = body(admin_client, path, raised="yes", hours="2", accepted="on")
    assert 'name="judged"' not in html
    assert ">100.0 %<" in html
    assert "100.0 % confirmed" in html


def test_hostile_values_of_a_trial_do_no_harm(admin_client: Client, template: Template) -> None:
    path = address("try", template.versions.get(number=1).pk)
    for data in ({"level:judged": "²"}, {"level:judged": "9" * 500}, {"raised": "<script>"}, {"hours": "1e999", "raised": "yes"}, {"methods": ["none", "x"]}):
        html = body(admin_client, path, **{"category:extra": "on"}, **data)
        assert "<script>alert" not in html


def test_comparison_of_versions(admin_client: Client, template: Template) -> None:
    html = body(admin_client, address("differences", template.pk))
    assert "question extra: added, “Anything else?”" in html
    one = template.versions.get(number=1).pk
    assert "Both say exactly the same" in body(admin_client, f"{address('differences', template.pk)}?before={one}&after={one}")
    assert "Choose two versions" in body(admin_client, f"{address('differences', template.pk)}?before=x&after={one}")


@pytest.mark.parametrize("ending", ["yaml", "xlsx", "csv"])
def test_file_is_the_version(admin_client: Client, template: Template, ending: str) -> None:
    version = template.versions.get(number=1)
    answer = admin_client.get(address("export", version.pk, ending))
    assert f'-1.{ending}"' in answer["Content-Disposition"]
    assert document_from(answer.content).digest() == version.digest


def test_unknown_format_is_not_there(admin_client: Client, template: Template) -> None:
    assert admin_client.get(address("export", template.versions.get(number=1).pk, "exe")).status_code == 404
