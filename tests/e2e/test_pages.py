"""Every page in a real browser: accessible in light and dark, quiet, reachable by keyboard, readable without scripts, usable on a telephone.

With ASSAY_PICTURES=FOLDER each page is also photographed in light, dark, 1440 and 390 px, for those who look at them.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import ViewportSize, expect

from accounts.models import User
from assessments.models import Run
from tests.e2e.addresses import Register, filled, page_names
from tests.e2e.conftest import Visit
from tests.e2e.pictures import picture

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

PARTS = 6
TABS = 120
"""Steps of the keyboard walk at most; pages with more stops repeat the same kind of link."""
TELEPHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1440, "height": 900}
STOPS = """() => [...document.querySelectorAll('a[href],button,input,select,textarea,summary')].filter(e =>
    !e.disabled && e.type !== 'hidden' && e.type !== 'radio' && e.tabIndex >= 0 && e.checkVisibility({visibilityProperty: true})).length"""
HERE = """() => { const e = document.activeElement; if (!e || e === document.body) return null;
    window.stops = window.stops || new Map(); if (!window.stops.has(e)) window.stops.set(e, window.stops.size);
    const s = getComputedStyle(e); const seen = s.outlineStyle !== 'none' || s.boxShadow !== 'none';
    return {id: window.stops.get(e), radio: e.type === 'radio', seen: seen, text: (e.innerText || e.name || e.id || e.tagName).slice(0, 40)}; }"""


@pytest.fixture
def register(person: User, done: Run) -> Register:
    """A filled register around a finished run."""
    return filled(person, done)


def dark(visit: Visit) -> None:
    visit.page.emulate_media(color_scheme="dark")
    expect(visit.page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def faults_of(visit: Visit, name: str) -> list[str]:
    """What is wrong with the open page, in both themes and widths."""
    page = visit.page
    page.evaluate("() => document.querySelectorAll('main details').forEach(element => element.open = true)")
    found = visit.axe()
    dark(visit)
    found += visit.axe()
    page.set_viewport_size(TELEPHONE)
    found += visit.axe()
    if visit.overflow() > 0:
        found.append(f"{visit.overflow()} px wider than a telephone")
    if page.locator("h1").count() != 1:
        found.append(f"{page.locator('h1').count()} first-level headings")
    picture(page, name)
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="light")
    return [f"{name}: {fault}" for fault in found]


@pytest.mark.walk
@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_accessible_in_both_themes_and_fits_a_telephone(person: User, register: Register, visit_with: Callable[..., Visit], part: int) -> None:
    visit = visit_with(color_scheme="light")
    visit.sign_in(person)
    faults = []
    for name in page_names()[part::PARTS]:
        answer = visit.page.goto(visit.base + register.path(name))
        assert answer is not None
        assert answer.status == 200, name
        faults += faults_of(visit, name)
    assert faults == []


def walk_by_keyboard(visit: Visit, name: str) -> list[str]:
    """Tab through the open page: each stop is reached once, and shows that it has the focus."""
    wanted, last = min(int(visit.page.evaluate(STOPS)), TABS), None
    reached: set[int] = set()
    faults: list[str] = []
    for _ in range(2 * TABS):
        visit.page.keyboard.press("Tab")
        here = visit.page.evaluate(HERE)
        if here is not None and here["id"] == last:  # day, month and year of one date field
            continue
        if here is None or here["id"] in reached or len(reached) >= wanted:
            break
        last = here["id"]
        if not here["radio"]:
            reached.add(last)
        if not here["seen"]:
            faults.append(f"{name}: no mark on “{here['text']}” when it has the focus")
    if len(reached) < wanted:
        faults.append(f"{name}: {len(reached)} of {wanted} reached by Tab")
    return faults


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_walked_with_the_keyboard_alone(person: User, register: Register, visit_with: Callable[..., Visit], part: int) -> None:
    visit = visit_with()
    visit.sign_in(person)
    faults = []
    for name in page_names()[part::PARTS]:
        visit.open(register.path(name))
        faults += walk_by_keyboard(visit, name)
    assert faults == []


@pytest.mark.walk
def test_every_page_reads_without_scripts(person: User, register: Register, visit_with: Callable[..., Visit]) -> None:
    visit = visit_with(java_script_enabled=False)
    visit.sign_in(person)
    for name in page_names():
        visit.open(register.path(name))
        expect(visit.page.locator("h1")).to_be_visible()
        for element in visit.page.locator("[data-needs-script]").all():
            expect(element).to_be_hidden()


def test_theme_button_keeps_the_readers_choice(person: User, visit_with: Callable[..., Visit]) -> None:
    visit = visit_with(color_scheme="light")
    visit.sign_in(person)
    visit.page.get_by_role("button", name="Light or dark").click()
    expect(visit.page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    visit.open("/")
    expect(visit.page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_skip_link_leads_to_the_content(person: User, visit_with: Callable[..., Visit]) -> None:
    visit = visit_with()
    visit.sign_in(person)
    visit.open("/")
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Enter")
    assert visit.page.evaluate("() => document.activeElement.id") == "main"
