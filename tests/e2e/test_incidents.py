"""The clock wall in a real browser: accessible in both themes, no wider than a telephone, and usable without scripts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from accounts.models import User
from tests.e2e import scenes
from tests.e2e.conftest import Visit
from tests.e2e.test_pages import faults_of

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_wall_in_every_state_is_accessible_and_fits(person: User, visit_with: Callable[..., Visit]) -> None:
    row = scenes.incident(person)
    visit = visit_with(color_scheme="light")
    visit.sign_in(person)
    visit.open(f"/incidents/{row.id}/")
    words = {"Running", "Due soon", "Not started", "Submitted", "Submitted late"}
    assert words <= set(visit.page.locator(".clock .state").all_inner_texts())
    assert faults_of(visit, "incident") == []


def test_a_submission_is_recorded_without_scripts(person: User, visit_with: Callable[..., Visit]) -> None:
    row = scenes.incident(person)
    visit = visit_with(java_script_enabled=False)
    visit.sign_in(person)
    page = visit.open(f"/incidents/{row.id}/")
    page.locator("#gdpr-33-initial").get_by_role("link", name="Record a submission").click()
    page.get_by_label("When it was sent").fill(f"{row.created_at:%Y-%m-%dT%H:%M}")
    page.get_by_label("Reference").fill("DPA-7")
    page.get_by_role("button", name="Record").click()
    expect(page.locator("#gdpr-33-initial .state")).to_have_text("Submitted")
