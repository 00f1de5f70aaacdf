"""Drafting a report in a real browser: accessible in both themes, no wider than a telephone, and usable without scripts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from accounts.models import User
from decisions.models import CorrectiveAction, DraftVersion
from decisions.services import draft_save
from reports.incident_reports import incident_report_request
from tests import factories
from tests.e2e import scenes
from tests.e2e.conftest import Visit
from tests.e2e.test_pages import faults_of

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_draft_and_reminders_are_accessible_and_fit(person: User, visit_with: Callable[..., Visit]) -> None:
    row = scenes.incident(person)
    version = draft_save(actor=person, incident=row, key="gdpr-33-initial", answers={"consequences": "Letters were read by others."})
    incident_report_request(actor=person, version=version)
    factories.corrective_action(person, row)
    visit = visit_with(color_scheme="light")
    visit.sign_in(person)
    for name, address in (("incident", f"/incidents/{row.id}/"), ("draft", f"/incidents/{row.id}/drafts/gdpr-33-initial/"), ("mails", "/settings/reminders/")):
        visit.open(address)
        assert faults_of(visit, name) == []


def test_a_draft_and_an_action_are_written_without_scripts(person: User, visit_with: Callable[..., Visit]) -> None:
    row = scenes.incident(person)
    action = factories.corrective_action(person, row)
    visit = visit_with(java_script_enabled=False)
    visit.sign_in(person)
    page = visit.open(f"/incidents/{row.id}/drafts/gdpr-33-initial/")
    page.get_by_label("Likely consequences").fill("Letters were read by others.")
    page.get_by_role("button", name="Save as a version").click()
    expect(page.get_by_role("heading", name="Versions and reports")).to_be_visible()
    assert DraftVersion.objects.get().answers == {"consequences": "Letters were read by others."}
    page = visit.open(f"/incidents/{row.id}/")
    page.get_by_role("link", name="Mark as done").click()
    page.get_by_label("What was done").fill("The lists are apart.")
    page.get_by_role("button", name="Mark as done").click()
    expect(page.locator("#actions .state")).to_have_text("Done")
    assert CorrectiveAction.objects.get(pk=action.pk).done_at is not None
