"""What the vendor's page and the map say of its answers: headline, scores, exposure with its reasons, who has no place and why."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role, User
from core import clock
from decisions.models import Incident
from evidence.models import LedgerEntry
from inventory.models import ModelVersion, RiskClass, Tier, Vendor
from inventory.services import deployment_register, vendor_update
from questionnaires.models import ExhibitState, QuestionnaireRequest, RequestState
from questionnaires.services.reviews import answer_reopen
from reports.vendor_exposure import exposure, exposures_of
from reports.vendor_map import dots_of
from tests import factories
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db
MAP = "/vendors/map/"


def text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def profile(client: Client, vendor: Vendor) -> str:
    return text(client, reverse("web:vendor-detail", args=[vendor.pk]))


@pytest.mark.parametrize(
    ("classes", "places", "tier", "incidents", "total"),
    [
        ([], 0, Tier.LOW, 0, 0),
        ([], 0, Tier.STANDARD, 0, 5),
        ([RiskClass.MINIMAL], 1, Tier.STANDARD, 0, 17),
        ([RiskClass.MINIMAL, RiskClass.TRANSPARENCY], 2, Tier.IMPORTANT, 0, 43),
        ([RiskClass.HIGH_ANNEX_III] * 5, 5, Tier.CRITICAL, 3, 100),
        ([RiskClass.HIGH_ANNEX_I] * 9, 9, Tier.CRITICAL, 12, 100),
        ([RiskClass.PROHIBITED], 1, Tier.LOW, 1, 49),
    ],
)
def test_exposure_adds_four_parts_up_to_a_hundred(classes: list[str], places: int, tier: str, incidents: int, total: int) -> None:
    found = exposure(classes, places, tier, incidents)
    assert found.total == total
    assert [row.name for row in found.parts] == ["Use", "Spread", "Tier", "Incidents"]
    assert sum(row.most for row in found.parts) == 100


def test_exposure_reads_places_at_work_and_open_incidents(admin: User) -> None:
    version = factories.version(admin)
    vendor = version.model.vendor
    system = factories.system(admin, risk_class=RiskClass.TRANSPARENCY)
    deployment_register(actor=admin, system=system, version=version, environment="production")
    deployment_register(actor=admin, system=system, version=version, environment="test")
    incident = factories.incident(admin)
    incident.versions.set([version])
    incident.vendors.set([vendor])
    found = exposures_of(Vendor.objects.all())[vendor.pk]
    assert [row.points for row in found.parts] == [20, 8, 5, 5]
    assert "at work in 2 places" in found.why
    assert Incident.objects.count() == 1, "named twice, counted once"


def test_the_headline_comes_first_with_verdict_and_what_it_is(admin_client: Client, admin: User) -> None:
    row = rows.reviewed(admin)
    body = profile(admin_client, row.vendor)
    assert body.index("Could we audit this model after an incident?") < body.index("Models and versions")
    assert 'headline-answer">Yes</p>' in body
    assert "state-accepted" in body
    assert "50 %" in body
    assert "This one counts" in body


def test_a_vendor_that_was_never_asked_says_so_and_the_next_step(admin_client: Client, admin: User) -> None:
    body = profile(admin_client, factories.vendor(admin))
    assert "Not asked." in body
    assert "Send it the interpretability disclosure" in body
    assert "Nothing was asked yet" in body


def test_answers_that_wait_are_marked_as_not_judged(admin_client: Client, admin: User) -> None:
    assert "Not judged yet" in profile(admin_client, rows.request(admin).vendor)


def test_flags_clauses_and_the_day_to_ask_again(admin_client: Client, admin: User) -> None:
    soon = clock.now().date() + timedelta(days=20)
    body = profile(admin_client, rows.reviewed(admin, {"headline": "no"}, valid_until=soon).vendor)
    assert "Cannot be audited" in body
    assert "The supplier grants access within 24 hours." in body
    assert "Ask again soon" in body
    gone = rows.reviewed(admin, valid_until=clock.now().date() - timedelta(days=1))
    assert "Expired: ask again" in profile(admin_client, gone.vendor)


def test_the_map_places_confirmed_and_claimed_apart(admin_client: Client, admin: User) -> None:
    row = rows.reviewed(admin)
    rows.exhibit(admin, rows.answer_of(row, "method"), ExhibitState.REFUSED)
    body = text(admin_client, MAP)
    assert f"{row.vendor}: 25 % confirmed, 50 % claimed, exposure 5" in body
    assert reverse("web:vendor-detail", args=[row.vendor_id]) in body
    assert "Little at stake, little confirmed</td>" in body


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda admin: factories.vendor(admin), "never asked"),
        (lambda admin: rows.request(admin, state=RequestState.SENT).vendor, "asked, not reviewed yet"),
        (lambda admin: rows.request(admin, state=RequestState.DRAFT).vendor, "never asked"),
        (lambda admin: rows.reviewed(admin, valid_until=clock.now().date() - timedelta(days=1)).vendor, "review expired"),
    ],
)
def test_vendors_without_a_place_are_named_with_the_reason(admin: User, make: Callable[[User], Vendor], why: str) -> None:
    vendor = make(admin)
    dots = dots_of(Vendor.objects.all(), clock.now().date())
    assert [(dot.vendor, dot.absent) for dot in dots] == [(vendor, why)]


def test_answers_about_a_version_that_left_have_no_place(admin: User) -> None:
    version = factories.version(admin)
    rows.reviewed(admin, vendor=version.model.vendor, model_version=version)
    ModelVersion.objects.update(lifecycle="retired")
    assert [dot.absent for dot in dots_of(Vendor.objects.all(), clock.now().date())] == ["answers are about another version"]


def test_other_questionnaires_give_no_place(admin: User) -> None:
    document: dict[str, Any] = {key: value for key, value in rows.DOCUMENT.items() if key != "headline"}
    rows.reviewed(admin, version=rows.template_version(admin, document=document))
    assert [dot.absent for dot in dots_of(Vendor.objects.all(), clock.now().date())] == ["never asked"]


def test_map_and_profile_cost_the_same_for_many(admin_client: Client, admin: User) -> None:
    def one() -> QuestionnaireRequest:
        version = factories.version(admin)
        row = rows.reviewed(admin, vendor=version.model.vendor, model_version=version)
        rows.exhibit(admin, rows.answer_of(row, "method"), ExhibitState.REFUSED)
        return row

    def cost(address: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert admin_client.get(address).status_code == 200
        return len(seen)

    vendor = one().vendor
    page = reverse("web:vendor-detail", args=[vendor.pk])
    cost(page)
    few = cost(MAP), cost(page)
    one()
    rows.reviewed(admin, vendor=vendor)
    rows.reviewed(admin, vendor=vendor)
    assert (cost(MAP), cost(page)) == few
    print(few)


def test_an_empty_map_says_the_next_step_and_strangers_are_not_on_it(admin_client: Client, stranger: Client, admin: User) -> None:
    assert "No vendor is registered yet" in text(admin_client, MAP)
    row = rows.reviewed(admin)
    assert str(row.vendor) in text(admin_client, MAP)
    assert str(row.vendor) not in text(stranger, MAP)


def test_new_fields_are_kept_and_the_owner_stays_out_of_the_log(admin: User, as_role: Callable[[str], Client]) -> None:
    vendor = factories.vendor(admin, tier=Tier.CRITICAL, owner="A. Person", review_cycle_months=6, contract_reference="C-7")
    changed = vendor_update(actor=admin, vendor=vendor, changes={"owner": "B. Person", "contract_ends_on": clock.now().date()})
    said = str(list(LedgerEntry.objects.filter(subject=f"inventory.vendor:{vendor.pk}").values_list("payload", flat=True)))
    assert "Person" not in said
    assert all(word in said for word in ("critical", "C-7", "contract_ends_on"))
    body = profile(as_role(Role.AUDITOR), changed)
    assert all(word in body for word in ("B. Person", "6 months", "C-7"))


def test_the_page_says_whether_the_vendor_is_cleared_and_why(admin_client: Client, admin: User) -> None:
    row = rows.reviewed(admin)
    row.answers.filter(question="headline").update(verdict="rejected")
    body = admin_client.get(f"/vendors/{row.vendor_id}/").content.decode()
    assert "Not cleared" in body
    assert f'<a href="/questionnaires/{row.pk}/review/">A reviewer rejected answers to “{row.version.template}”: headline.</a>' in body


def test_a_vendor_that_was_asked_is_never_called_not_asked(admin_client: Client, admin: User) -> None:
    waiting = rows.request(admin, {}, state=RequestState.SENT, submitted_at=None)
    body = profile(admin_client, waiting.vendor)
    assert "Asked, not submitted yet." in body
    assert "Not asked." not in body
    row = rows.reviewed(admin)
    answer_reopen(actor=admin, request=row, question="method", reason="Name the result.")
    body = profile(admin_client, row.vendor)
    assert "Not asked." not in body
    assert "open again, so none of it counts" in body
    draft = rows.request(admin, {}, state=RequestState.DRAFT, submitted_at=None)
    assert "Not asked." in profile(admin_client, draft.vendor)
