"""Habits of the pages in a real browser: search palette, lists, saved filters, explained words, copying, figures; and the same without scripts."""

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from assessments.models import Finding, Run
from tests.e2e import scenes
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

VENDORS = "/vendors/"
NEAR = """() => { const [word, note] = ['button.term', '.term-note:popover-open'].map(name => document.querySelector(name).getBoundingClientRect());
    return (Math.abs(note.top - word.bottom) < 12 || Math.abs(word.top - note.bottom) < 12) && note.top >= 0 && note.bottom <= innerHeight; }"""


@pytest.fixture
def visit(person: User, visit_with: Callable[..., Visit]) -> Visit:
    """The person signed in, light, with the clipboard allowed."""
    window = visit_with(color_scheme="light", permissions=["clipboard-read", "clipboard-write"])
    window.sign_in(person)
    return window


@pytest.fixture
def vendors(person: User, visit: Visit) -> Page:
    """The list of three vendors."""
    scenes.register(person)
    return visit.open(VENDORS)


def names(page: Page) -> list[str]:
    return page.locator("#rows tbody tr td:first-child").all_inner_texts()


def test_palette_is_opened_walked_and_left_by_keyboard(vendors: Page, visit: Visit) -> None:
    palette, field, hits = vendors.locator("#palette"), vendors.locator("#palette-q"), vendors.locator("#palette-hits a.hit")
    vendors.locator("[data-palette-open]").focus()
    vendors.keyboard.press("Enter")
    expect(field).to_be_focused()
    vendors.keyboard.type("model")
    expect(hits.nth(1)).to_be_visible()
    assert visit.axe() == []
    vendors.keyboard.press("ArrowDown")
    expect(hits.first).to_be_focused()
    vendors.keyboard.press("ArrowUp")
    expect(field).to_be_focused()
    vendors.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect(vendors.locator("[data-palette-open]")).to_be_focused()


def test_palette_opens_what_is_chosen(vendors: Page) -> None:
    vendors.keyboard.press("/")
    vendors.keyboard.type("Hollow Oak")
    expect(vendors.locator("#palette-hits a.hit").first).to_contain_text("Hollow Oak Speech")
    vendors.keyboard.press("ArrowDown")
    vendors.keyboard.press("Enter")
    expect(vendors.get_by_role("heading", level=1)).to_have_text("Hollow Oak Speech")


def test_list_keeps_filter_order_and_focus_and_goes_back(vendors: Page) -> None:
    vendors.locator("#id_name").fill("model")
    expect(vendors).to_have_url(re.compile(r"/vendors/\?name=model$"))
    expect(vendors.locator("#rows [role=status]")).to_contain_text("2 shown by this filter")
    expect(vendors.locator("#id_name")).to_be_focused()
    assert names(vendors) == ["Northwind Models", "Open Model Lab"]
    vendors.locator("#sort-name").click()
    expect(vendors.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    expect(vendors.locator("#sort-name")).to_be_focused()
    assert names(vendors) == ["Open Model Lab", "Northwind Models"]
    vendors.locator("#id_name").fill("open")
    expect(vendors).to_have_url(re.compile(r"(?=.*name=open)(?=.*sort=-name)"))
    vendors.go_back()
    expect(vendors).to_have_url(re.compile(r"(?=.*name=model)(?=.*sort=-name)"))
    expect(vendors.locator("#rows tbody tr")).to_have_count(2)
    expect(vendors.get_by_role("heading", level=1)).to_have_text("Vendors")


def test_filter_is_saved_and_deleted_after_one_more_question(vendors: Page, visit: Visit) -> None:
    visit.open(f"{VENDORS}?name=model")
    vendors.get_by_text("Save this filter").click()
    vendors.get_by_label("Name of this filter").fill("Labs")
    vendors.get_by_role("button", name="Save filter").click()
    visit.open(VENDORS)
    vendors.get_by_role("link", name="Labs", exact=True).click()
    expect(vendors).to_have_url(re.compile("name=model"))
    expect(vendors.locator("#rows tbody tr")).to_have_count(2)
    vendors.get_by_role("link", name="Delete the filter Labs").click()
    assert visit.axe() == []
    vendors.locator("main .btn-danger").click()
    expect(vendors).to_have_url(visit.base + VENDORS)
    expect(vendors.get_by_role("link", name="Labs", exact=True)).to_have_count(0)


def test_word_is_explained_beside_it_and_digest_is_copied(visit: Visit) -> None:
    page = visit.open("/styleguide/")
    word, note = page.locator("button.term").first, page.locator(".term-note:popover-open")
    word.focus()
    page.keyboard.press("Enter")
    expect(note).to_be_visible()
    page.wait_for_function(NEAR)  # the page scrolls smoothly to the word
    assert visit.axe() == []
    page.keyboard.press("Escape")
    expect(note).to_have_count(0)
    word.hover()
    expect(note).to_be_visible()
    page.mouse.move(5, 5)
    expect(note).to_have_count(0)
    page.locator("[data-copy]").first.click()
    expect(page.locator("#announce")).to_have_text("Copied to the clipboard")
    assert page.evaluate("() => navigator.clipboard.readText()") == page.locator("[data-copy]").first.get_attribute("data-copy")


def test_figure_opens_follows_the_theme_and_closes(visit: Visit, done: Run) -> None:
    page = visit.open(reverse("web:finding-detail", args=[Finding.objects.get(step__run=done, step__key="steering_validation.sentiment").id]))
    button, drawing = page.locator("[data-figure-open]").first, page.locator(".figure-live svg")
    button.focus()
    page.keyboard.press("Enter")
    expect(drawing).to_be_visible(timeout=30_000)
    expect(page.locator("#announce")).to_have_text("Interactive view of Dose and response opened below the figure")
    assert visit.axe() == []
    page.locator(".figure-live-note").scroll_into_view_if_needed()
    x, y = page.evaluate("""() => { const box = document.querySelectorAll('.figure-live .mark-symbol path')[2].getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2]; }""")
    page.mouse.move(x, y)
    expect(page.locator("#vg-tooltip-element.visible")).to_contain_text("log-odds")
    light = drawing.inner_html()
    page.get_by_role("button", name="Light or dark").click()
    page.wait_for_function("before => document.querySelector('.figure-live svg')?.innerHTML !== before", arg=light)
    assert visit.axe() == []
    page.locator(".figure-live").focus()
    page.keyboard.press("Escape")
    expect(page.locator(".figure-live")).to_have_count(0)
    expect(button).to_be_focused()


def test_lists_search_and_menu_work_without_scripts(person: User, visit_with: Callable[..., Visit]) -> None:
    scenes.register(person)
    visit = visit_with(java_script_enabled=False, viewport={"width": 390, "height": 844})
    visit.sign_in(person)
    page = visit.open(VENDORS)
    page.get_by_label("Name", exact=True).fill("model")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#rows tbody tr")).to_have_count(2)
    page.locator(".masthead-more summary").click()
    page.locator(".masthead-more").get_by_role("link", name="Reports").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Reports")
    page.locator("a.masthead-search").click()
    expect(page).to_have_url(re.compile("/search/"))
