"""Coverage of all systems in a real browser: accessible in both themes, no wider than a telephone, usable without scripts."""

import datetime
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from accounts.models import Role, User
from assessments.models import Run
from core import clock
from decisions.services import exemption_decide, exemption_propose, gap_assign
from evidence.models import EvidenceLink
from evidence.services import link_review
from frameworks.models import Requirement
from inventory.models import OurRole, RiskClass
from inventory.services import deployment_register
from tests import factories
from tests.e2e.conftest import Visit
from tests.e2e.test_pages import faults_of

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
DAY = "as_of=2027-12-02"
SYSTEMS = (
    ("Letter routing", OurRole.PROVIDER, RiskClass.HIGH_ANNEX_III),
    ("Credit scoring", OurRole.DEPLOYER, RiskClass.HIGH_ANNEX_III),
    ("Lift control", OurRole.PROVIDER, RiskClass.HIGH_ANNEX_I),
    ("Web chat", OurRole.DEPLOYER, RiskClass.TRANSPARENCY),
)


def filled(person: User, run: Run) -> None:
    """Four systems, evidence accepted for some duties, a gap with an owner, a duty that two people took out."""
    rows = [factories.system(person, name=name, our_role=role, risk_class=risk) for name, role, risk in SYSTEMS]
    for row in rows[:2]:
        deployment_register(actor=person, system=row, version=run.plan.version, environment="production")
    for place, link in enumerate(EvidenceLink.objects.order_by("requirement__ref", "pk")):
        if place % 3:
            link_review(actor=person, link=link, accept=True, rationale="Read with the plan.")
    duties = {row.ref: row for row in Requirement.objects.known_at(clock.now().date())}
    gap_assign(actor=person, system=rows[0], requirement=duties["AIA-9-6"], owner=person, due_on=clock.now().date() + datetime.timedelta(days=30))
    asked = exemption_propose(actor=person, system=rows[0], requirement=duties["AIA-9-9"], reason="Nobody under 18 is affected; see the impact note.")
    second = factories.user(Role.APPROVER, of=factories.home(person))
    exemption_decide(actor=second, exemption=asked, approve=True, reason="Impact note read.")


def test_overview_and_gaps_are_accessible_and_fit(person: User, done: Run, visit_with: Callable[..., Visit]) -> None:
    filled(person, done)
    visit = visit_with(color_scheme="light")
    visit.sign_in(person)
    for path in (f"/requirements/overview/?{DAY}", f"/requirements/gaps/?{DAY}&fresh=on", "/requirements/trend/"):
        visit.open(path)
        assert faults_of(visit, path) == [], path


def test_day_is_chosen_without_scripts(person: User, done: Run, visit_with: Callable[..., Visit]) -> None:
    filled(person, done)
    visit = visit_with(java_script_enabled=False)
    visit.sign_in(person)
    page = visit.open("/requirements/overview/?framework=eu-ai-act")
    page.get_by_role("navigation", name="Days on which duties begin").get_by_role("link", name="2 December 2027").click()
    expect(page.get_by_role("heading", name="covered on 2 December 2027")).to_be_visible()
    page.get_by_role("link", name="Which gaps open by then").click()
    expect(page.get_by_role("heading", name="What would be open on 2 December 2027")).to_be_visible()
