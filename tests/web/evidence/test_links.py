"""The review queue: proposed evidence is decided once, by a person, with a reason."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Run
from evidence.models import EvidenceLink
from tests import factories

pytestmark = pytest.mark.django_db
QUEUE = reverse("web:evidence-link-list")


@pytest.fixture
def link(run: Run) -> EvidenceLink:
    return EvidenceLink.objects.get(requirement__ref="AIA-11-1")


def review(link: EvidenceLink) -> str:
    return reverse("web:evidence-link-review", args=[link.pk])


def test_queue_leads_to_the_decision(admin_client: Client, link: EvidenceLink) -> None:
    page = admin_client.get(QUEUE, {"status": "proposed", "framework": "eu-ai-act"}).content.decode()
    assert review(link) in page
    assert "NIST" not in page.partition("<table")[2]
    asked = admin_client.get(review(link)).content.decode()
    assert link.requirement.gist in asked
    assert link.rationale in asked


def test_acceptance_is_recorded_with_its_reason_and_leaves_the_queue(admin_client: Client, link: EvidenceLink) -> None:
    answer = admin_client.post(review(link), {"decision": "accept", "rationale": "Read with the plan.", "valid_until": "2099-12-31"})
    assert answer.status_code == 302
    link.refresh_from_db()
    assert (link.status, link.review_rationale, str(link.valid_until)) == ("accepted", "Read with the plan.", "2099-12-31")
    assert review(link) not in admin_client.get(QUEUE, {"status": "proposed"}).content.decode()
    assert "Read with the plan." in admin_client.get(review(link)).content.decode()


def test_decision_is_made_once(admin_client: Client, link: EvidenceLink) -> None:
    admin_client.post(review(link), {"decision": "decline", "rationale": "Not about this duty."})
    answer = admin_client.post(review(link), {"decision": "accept", "rationale": "Changed my mind."})
    assert answer.status_code == 409
    link.refresh_from_db()
    assert link.status == "declined"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"decision": "accept", "rationale": "  "}, "This field is required"),
        ({"rationale": "Read."}, "This field is required"),
        ({"decision": "accept", "rationale": "Read.", "valid_until": "2020-01-01"}, "Choose a day in the future"),
    ],
)
def test_incomplete_decision_keeps_what_was_typed(admin_client: Client, link: EvidenceLink, data: dict[str, str], said: str) -> None:
    answer = admin_client.post(review(link), data)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert data["rationale"].strip() in answer.content.decode()
    link.refresh_from_db()
    assert link.status == "proposed"


def test_only_reviewers_of_the_organisation_decide(as_role: Callable[[str], Client], stranger: Client, link: EvidenceLink) -> None:
    assert as_role(Role.ASSESSOR).get(review(link)).status_code == 403
    assert as_role(Role.APPROVER).get(review(link)).status_code == 200
    assert stranger.get(review(link)).status_code == 404
    assert review(link) not in stranger.get(QUEUE).content.decode()


def test_queries_stay_few(admin: User, admin_client: Client, run: Run, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(4):
        factories.finished_run(admin, ("one", "two"))
    with django_assert_max_num_queries(10):
        assert admin_client.get(QUEUE).content.decode().count("Accept or decline") >= 20
