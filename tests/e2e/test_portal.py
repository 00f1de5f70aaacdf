"""A vendor's respondent on a telephone: in by link, answer, leave, come back, attach, submit; and the same without scripts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import User
from questionnaires.models import Exhibit, QuestionnaireRequest, RequestState
from tests import factories
from tests.e2e.conftest import Visit
from tests.questionnaires.files import PDF

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
expect.set_options(timeout=20_000)
TELEPHONE = {"width": 390, "height": 844}


@pytest.fixture
def asked(person: User) -> QuestionnaireRequest:
    return factories.questionnaire_request(person, message="Please answer for the model we talked about.")


@pytest.fixture
def link(person: User, asked: QuestionnaireRequest) -> str:
    return reverse("web:portal-enter", args=[factories.questionnaire_invitation(person, asked, name="Robin Respondent")[1]])


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "model card.pdf"
    path.write_bytes(PDF)
    return path


def looked_at(visit: Visit) -> None:
    """What stands on the screen is accessible in both themes and no wider than it."""
    visit.page.evaluate("() => document.querySelectorAll('main details').forEach(element => element.open = true)")
    assert visit.axe() == []
    visit.page.emulate_media(color_scheme="dark")
    assert visit.axe() == []
    visit.page.emulate_media(color_scheme="light")
    assert visit.overflow() <= 0


def test_respondent_answers_on_a_telephone(visit_with: Callable[..., Visit], asked: QuestionnaireRequest, link: str, card: Path) -> None:
    visit = visit_with(viewport=TELEPHONE, color_scheme="light")
    page = visit.open(link)
    expect(page).to_have_url(visit.base + reverse("web:portal-overview", args=[asked.pk]))
    looked_at(visit)
    page.get_by_role("link", name="Start").click()
    expect(page.locator("#q-raise")).to_be_hidden()
    page.get_by_label("Text only").check()
    expect(page.locator("#status-level")).to_contain_text("Saved at")
    expect(page.locator("#q-raise")).to_be_visible()
    page.locator("#q-raise").get_by_label("Yes", exact=True).check()
    expect(page.locator("#status-raise")).to_contain_text("Saved at")
    page.locator("#q-hours input[inputmode]").fill("soon")
    expect(page.locator("#status-hours")).to_contain_text("Enter a number of hours")
    page.locator("#q-hours input[inputmode]").fill("12")
    expect(page.locator("#status-hours")).to_contain_text("Saved at")
    looked_at(visit)
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You left the questionnaire")
    comes_back_and_submits(visit, link, card)
    asked.refresh_from_db()
    assert asked.state == RequestState.SUBMITTED
    assert asked.submission is not None
    expect(page.locator("main")).to_contain_text(asked.submission.sha256)
    found = dict(asked.answers.values_list("question", "value"))
    assert found == {"level": "text", "raise": "yes", "hours": 12, "card": None, "contacts": [{"role": "Duty officer", "minutes": 15}]}
    assert Exhibit.objects.get().name == "model card.pdf"


def comes_back_and_submits(visit: Visit, link: str, card: Path) -> None:
    """The second half: files, a table, review, receipt."""
    page = visit.open(link)
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Papers")
    page.locator("#f-card").set_input_files(card)
    expect(page.locator("#extra-card")).to_contain_text("model card.pdf")
    looked_at(visit)
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Incidents")
    page.get_by_label("Role, row 1").fill("Duty officer")
    page.get_by_label("Minutes to answer, row 1").fill("15")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Review and submit")
    looked_at(visit)
    page.get_by_label("The answers are true").check()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Receipt", exact=True)).to_be_visible()
    looked_at(visit)


def test_respondent_answers_without_scripts(visit_with: Callable[..., Visit], asked: QuestionnaireRequest, link: str, card: Path) -> None:
    visit = visit_with(viewport=TELEPHONE, java_script_enabled=False)
    page = visit.open(link)
    page.get_by_role("link", name="Start").click()
    page.get_by_label("Text only").check()
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("status").first).to_contain_text("further question")
    page.locator("#q-raise").get_by_label("No", exact=True).check()
    page.get_by_role("button", name="Save and continue").click()
    page.locator("#f-card").set_input_files(card)
    page.locator("#q-who textarea[name=a-who]").fill("An outside firm.")
    page.get_by_role("button", name="Save and continue").click()
    page.get_by_role("button", name="Save and continue").click()
    page.get_by_label("The answers are true").check()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Receipt", exact=True)).to_be_visible()
    asked.refresh_from_db()
    assert asked.state == RequestState.SUBMITTED
