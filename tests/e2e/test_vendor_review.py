"""Reviews and the vendor map in a real browser: accessible in both themes, no wider than a telephone, by keyboard and without scripts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from accounts.models import User
from questionnaires.models import Answer, ExhibitState
from tests import factories
from tests.e2e.conftest import Visit
from tests.e2e.test_pages import faults_of
from tests.questionnaires import review_rows as rows

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def worker(person: User) -> None:
    factories.worker(factories.home(person))


def test_review_map_comparison_and_profile_are_accessible_and_fit(person: User, visit_with: Callable[..., Visit]) -> None:
    old = rows.reviewed(person, {"headline": "no", "method": "Two graphs."})
    rows.exhibit(person, rows.answer_of(old, "method"), ExhibitState.REFUSED)
    row = rows.request(person, version=old.version, vendor=old.vendor, previous=old)
    rows.exhibit(person, rows.answer_of(row, "report"))
    rows.reviewed(person, version=old.version)
    other = rows.request(person, version=old.version)
    visit = visit_with(color_scheme="light")
    visit.sign_in(person)
    review = f"/questionnaires/{row.pk}/review/"
    pages = {
        "review": f"{review}?question=method",
        "file": f"{review}?question=report",
        "stale": f"/questionnaires/{old.pk}/review/?question=method",
        "none": f"{review}?show=stale",
        "close": f"{review}close/",
        "map": "/vendors/map/",
        "vendor": f"/vendors/{old.vendor_id}/",
        "compare": f"/questionnaires/compare/?version={old.version_id}&vendor={row.vendor_id}&vendor={other.vendor_id}",
    }
    for name, address in pages.items():
        visit.open(address)
        assert faults_of(visit, name) == []


def test_answers_are_judged_by_keyboard_one_after_another(person: User, visit_with: Callable[..., Visit]) -> None:
    row = rows.request(person)
    visit = visit_with()
    visit.sign_in(person)
    page = visit.open(f"/questionnaires/{row.pk}/review/?question=headline#answer")
    expect(page.locator("#answer")).to_be_focused()
    page.keyboard.press("r")
    expect(page.get_by_label("Rejected")).to_be_checked()
    page.keyboard.press("w")
    page.keyboard.type("ajar: it names no access.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Within how many hours?")).to_be_visible()
    found = Answer.objects.get(request=row, question="headline")
    assert (found.verdict, found.verdict_reason) == ("rejected", "ajar: it names no access.")
    page.keyboard.press("j")
    expect(page.get_by_role("heading", name="How is faithfulness tested?")).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_role("heading", name="Within how many hours?")).to_be_visible()


def test_without_scripts_an_answer_is_judged_and_a_vendor_is_reached_from_the_map(person: User, visit_with: Callable[..., Visit]) -> None:
    old = rows.reviewed(person)
    row = rows.request(person)
    visit = visit_with(java_script_enabled=False)
    visit.sign_in(person)
    page = visit.open(f"/questionnaires/{row.pk}/review/?question=headline")
    page.get_by_label("Accepted").check()
    page.get_by_label("Reason").fill("The contract says so.")
    page.get_by_role("button", name="Enter the verdict").click()
    expect(page.get_by_text("1 of 3 answers judged")).to_be_visible()
    page = visit.open("/vendors/map/")
    page.locator("svg.vendor-map a").first.click()
    expect(page.get_by_role("heading", level=1, name=old.vendor.name)).to_be_visible()
