"""Every page in a real browser: accessible in light and dark, quiet, reachable by keyboard, usable on a telephone."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import User
from assessments.models import Finding, Run
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

WINDOWS = [
    pytest.param({"color_scheme": "light"}, id="light-1440"),
    pytest.param({"color_scheme": "dark"}, id="dark-1440"),
    pytest.param({"color_scheme": "light", "viewport": {"width": 390, "height": 844}}, id="light-390"),
    pytest.param({"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}, id="dark-390"),
]


def addresses(run: Run) -> list[str]:
    """Every page that can be opened about a run."""
    findings = Finding.objects.filter(step__run=run, step__key__in=["known_circuits", "steering_validation.sentiment"])
    pages = [reverse("web:model-list"), reverse("web:run-begin", args=[run.plan.version_id]), reverse("web:run-detail", args=[run.id])]
    return [*pages, *(reverse("web:finding-detail", args=[finding.id]) for finding in findings)]


def assert_sound(visit: Visit, path: str) -> None:
    assert visit.axe() == [], path
    assert visit.overflow() <= 0, f"{path} is wider than the window"


@pytest.mark.parametrize("window", WINDOWS)
def test_pages_of_a_finished_run_are_accessible_and_fit(person: User, done: Run, visit_with: Callable[..., Visit], window: dict[str, Any]) -> None:
    visit = visit_with(**window)
    visit.open("/login/")
    assert_sound(visit, "/login/")
    visit.sign_in(person)
    for path in addresses(done):
        visit.open(path)
        visit.page.evaluate("() => document.querySelectorAll('details').forEach(element => element.open = true)")
        assert_sound(visit, path)
        assert visit.page.locator("html").get_attribute("data-bs-theme") == window["color_scheme"]


@pytest.mark.parametrize("window", WINDOWS)
def test_live_and_cancel_pages_are_accessible_and_fit(person: User, live: Run, visit_with: Callable[..., Visit], window: dict[str, Any]) -> None:
    visit = visit_with(**window)
    visit.sign_in(person)
    for path in (reverse("web:run-detail", args=[live.id]), reverse("web:run-cancel", args=[live.id])):
        visit.open(path)
        assert_sound(visit, path)


def test_theme_button_keeps_the_readers_choice(person: User, visit_with: Callable[..., Visit]) -> None:
    visit = visit_with(color_scheme="light")
    visit.sign_in(person)
    visit.page.get_by_role("button", name="Light or dark").click()
    expect(visit.page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    visit.open("/")
    expect(visit.page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def focused(visit: Visit) -> str:
    return str(visit.page.evaluate("() => document.activeElement.innerText || document.activeElement.name || document.activeElement.tagName")).strip()


def tab_to(visit: Visit, text: str) -> list[str]:
    """Press Tab until the element with ``text`` has the focus; the names of all elements passed."""
    passed: list[str] = []
    while len(passed) < 60:
        visit.page.keyboard.press("Tab")
        passed.append(focused(visit))
        if passed[-1] == text:
            return passed
    raise AssertionError(f"“{text}” is not reached by Tab: {passed}")


def test_run_is_started_with_the_keyboard_alone(person: User, done: Run, visit_with: Callable[..., Visit]) -> None:
    visit = visit_with()
    visit.sign_in(person)
    visit.open("/")
    assert tab_to(visit, "Assess")[0] == "Skip to content"
    visit.open(reverse("web:run-begin", args=[done.plan.version_id]))
    tab_to(visit, "confirm")
    visit.page.keyboard.press("Space")
    tab_to(visit, "Seal the plan and start")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("h1")).to_contain_text(f"Run {done.number + 1}")
    assert Run.objects.count() == 2


def test_skip_link_leads_to_the_content(person: User, visit_with: Callable[..., Visit]) -> None:
    visit = visit_with()
    visit.sign_in(person)
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Enter")
    assert visit.page.evaluate("() => document.activeElement.id") == "main"
