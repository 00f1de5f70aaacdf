"""The five tasks of a newcomer, played in Chromium on a fresh `serve` with the real model, without any guide.

With ASSAY_PICTURES=FOLDER each stage is also photographed in light, dark, 1440 and 390 px: that is where the guide's pictures come from.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Visit, watch
from tests.e2e.pictures import picture
from tests.e2e.serving import ROOT, Installation, fresh_serve

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(3000)]

PASSWORD = "mercury under glass 41"
MINUTES = 60_000
LAW_DAY = "2027-12-02"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    """A fresh installation."""
    with fresh_serve(tmp_path) as installation:
        yield installation


@pytest.fixture
def visit(browser: Browser, place: Installation) -> Iterator[Visit]:
    """One browser window in which all five tasks are played, one after another."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB", color_scheme="light", accept_downloads=True)
    context.set_default_timeout(20_000)
    visit = Visit(context.new_page(), place.url)
    watch(visit)
    yield visit
    context.close()
    assert visit.faults == []


def press(page: Page, name: str) -> None:
    """Press the link or button of that name in the page's content."""
    main = page.locator("main")
    main.get_by_role("link", name=name, exact=True).or_(main.get_by_role("button", name=name, exact=True)).first.click()


def first_sign_in_asks_for_a_password_of_ones_own(visit: Visit, place: Installation) -> None:
    page, (name, password) = visit.page, place.first_login()
    visit.open("/")
    page.get_by_label(re.compile("user name", re.IGNORECASE)).fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    for field in page.locator("main input[type=password]").all():
        held = field.get_attribute("name") or ""
        field.fill(password if "old" in held else PASSWORD)
    page.locator("main form button").first.click()
    visit.open("/")
    expect(page.locator("h1")).to_be_visible()
    picture(page, "home-empty")
    assert not (place.var / "first-login").exists()


def one_a_vendor_and_a_model_version_are_registered(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("link", name="Vendors", exact=True).click()
    press(page, "Register a vendor")
    page.get_by_label("Name", exact=True).fill("Hugging Face")
    page.get_by_label("Country").fill("US")
    page.get_by_role("radio", name=re.compile("^Weights")).check()
    page.locator("main form .btn-primary").click()
    expect(page.locator("h1")).to_have_text("Hugging Face")
    picture(page, "vendor")
    page.locator("main").get_by_role("link", name="Register a model", exact=True).first.click()
    page.get_by_label("Name", exact=True).fill("SmolLM2-135M-Instruct")
    page.locator("main form .btn-primary").click()
    page.locator("main").get_by_role("link", name="Register a version", exact=True).first.click()
    page.get_by_label("Label", exact=True).fill("Q4_1, dequantised")
    page.get_by_label("Weights", exact=True).first.select_option(index=1)
    page.get_by_role("radio", name=re.compile("^Weights")).check()
    picture(page, "version-new")
    page.locator("main form .btn-primary").click()
    expect(page.locator("h1")).to_contain_text("Q4_1", timeout=10 * MINUTES)
    page.wait_for_url(re.compile("/versions/"), timeout=10 * MINUTES)
    picture(page, "version")


def two_a_plan_is_built_sealed_and_run(visit: Visit) -> None:
    page = visit.page
    press(page, "Assess")
    picture(page, "plan-new")
    page.get_by_role("textbox", name="Claim").fill("Known circuits are visible in this model, and a designed direction moves its sentiment.")
    page.get_by_role("button", name="Save the draft").click()
    picture(page, "plan-draft")
    press(page, "Seal")
    page.get_by_label(re.compile("I have read the plan")).check()
    picture(page, "plan-seal")
    page.get_by_role("button", name="Seal the plan and start").click()
    expect(page.locator("h1")).to_contain_text("Run 1")
    expect(page.get_by_role("progressbar").first).to_be_visible()
    page.wait_for_timeout(45_000)
    page.reload()
    picture(page, "run-live")
    expect(page.get_by_role("button", name="Build report")).to_be_visible(timeout=20 * MINUTES)
    picture(page, "run-done")


def three_the_finding_says_what_it_does_not_show(visit: Visit) -> None:
    page = visit.page
    page.locator("main").get_by_role("link", name=re.compile("Steering validation: sentiment")).first.click()
    expect(page.locator("h1")).to_contain_text("Steering validation: sentiment")
    limits = page.get_by_text("Does not show").first
    expect(limits).to_be_visible()
    expect(page.locator(".verdict").first).to_have_text("Not qualified")
    picture(page, "finding")


def four_the_duties_it_counts_towards_are_seen_for_a_day(visit: Visit) -> None:
    page = visit.page
    page.locator("main").get_by_role("link", name=re.compile("duties|coverage|counts towards", re.IGNORECASE)).first.click()
    page.get_by_label("Law as of", exact=True).fill(LAW_DAY)
    page.get_by_role("button", name="Show").first.click()
    expect(page.locator("main")).to_contain_text("2 December 2027")
    expect(page.locator("main")).to_contain_text("AIA-15-4")
    picture(page, "coverage")


def five_the_signed_report_is_exported_and_verified(visit: Visit, place: Installation, tmp_path: Path) -> None:
    page = visit.page
    page.get_by_role("link", name="Assessments", exact=True).click()
    page.locator("main").get_by_role("link", name=re.compile("Run 1|^1$")).first.click()
    page.get_by_role("button", name="Build report").click()
    with page.expect_download(timeout=5 * MINUTES) as pdf:
        page.get_by_role("link", name="R-000001.pdf").click(timeout=5 * MINUTES)
    with page.expect_download() as bundle:
        page.get_by_role("link", name="log entry with proof").click()
    for download in (pdf.value, bundle.value):
        download.save_as(tmp_path / download.suggested_filename)
    # `verify` trusts the keys of the installation it stands in: the newcomer's own, whatever state folder the tests run under.
    command, environment = [ROOT / "assay", "verify", tmp_path / "R-000001.pdf"], {**os.environ, "ASSAY_VAR": str(place.var)}
    checked = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    page.get_by_role("link", name="Reports", exact=True).click()
    page.locator("main").get_by_role("link", name=re.compile("R-000001")).first.click()
    picture(page, "report")


def afterwards_an_artifact_is_checked_in_the_browser_and_home_has_news(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("link", name="Verify in your browser").click()
    page.get_by_role("button", name="Verify now").click()
    expect(page.locator("[data-verify-result]")).not_to_be_empty()
    picture(page, "artifact")
    page.get_by_role("link", name="Home", exact=True).click()
    expect(page.locator("main")).to_contain_text("wait for your review")
    expect(page.locator("main")).not_to_contain_text("is not sealed yet")
    picture(page, "home")


def test_a_newcomer_plays_the_five_tasks(visit: Visit, place: Installation, tmp_path: Path) -> None:
    """One test, because each task starts where the one before it ended."""
    first_sign_in_asks_for_a_password_of_ones_own(visit, place)
    one_a_vendor_and_a_model_version_are_registered(visit)
    two_a_plan_is_built_sealed_and_run(visit)
    three_the_finding_says_what_it_does_not_show(visit)
    four_the_duties_it_counts_towards_are_seen_for_a_day(visit)
    five_the_signed_report_is_exported_and_verified(visit, place, tmp_path)
    afterwards_an_artifact_is_checked_in_the_browser_and_home_has_news(visit)
