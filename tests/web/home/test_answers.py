"""Answers of vendors on the first page: what waits, what ends, and that asking again takes the need away."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from core import clock
from evidence.models import EvidenceLink
from questionnaires.models import Answer, QuestionnaireRequest, RequestState, Verdict
from tests import factories
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db


def cards(client: Client) -> dict[str, str]:
    return {card.title: card.url for card in client.get("/").context["cards"]}


def ends_in(admin: User, days: int) -> QuestionnaireRequest:
    return rows.reviewed(admin, valid_until=clock.now().date() + timedelta(days=days))


def test_submitted_answers_wait_for_those_who_may_review(admin: User, admin_client: Client, as_role: Callable[[str], Client]) -> None:
    row = rows.request(admin)
    assert cards(admin_client)[f"Answers of {row.vendor} wait for review"] == reverse("web:questionnaire-review", args=[row.pk])
    assert not any("wait for review" in title for title in cards(as_role(Role.AUDITOR)))
    rows.request(admin)
    assert "Answers of 2 questionnaires wait for review" in cards(admin_client)


@pytest.mark.parametrize(
    ("days", "said"), [(-1, "The review of {} has ended"), (0, "Ask {} again: its review ends soon"), (30, "Ask {} again: its review ends soon")]
)
def test_a_review_that_ends_is_named(admin: User, admin_client: Client, days: int, said: str) -> None:
    row = ends_in(admin, days)
    assert said.format(row.vendor) in cards(admin_client)


def test_a_review_with_time_left_and_one_that_was_asked_again_are_not(admin: User, admin_client: Client) -> None:
    ends_in(admin, 31)
    row = ends_in(admin, 3)
    again = rows.request(admin, {}, vendor=row.vendor, version=row.version, state=RequestState.SENT, submitted_at=None)
    assert not any("review" in title for title in cards(admin_client))
    QuestionnaireRequest.objects.filter(pk=again.pk).update(state=RequestState.WITHDRAWN)
    assert f"Ask {row.vendor} again: its review ends soon" in cards(admin_client)


@pytest.mark.parametrize(("days", "said"), [(-1, "{} has not answered in time"), (0, "Answers of {} are due on"), (7, "Answers of {} are due on"), (8, None)])
def test_due_days_are_named_until_answers_were_handed_in_once(admin: User, admin_client: Client, days: int, said: str | None) -> None:
    row = rows.request(admin, {}, state=RequestState.SENT, submitted_at=None, due_on=clock.now().date() + timedelta(days=days))
    about = [title for title in cards(admin_client) if str(row.vendor) in title]
    assert [title.startswith(said.format(row.vendor)) for title in about] == [True] if said else about == []
    QuestionnaireRequest.objects.filter(pk=row.pk).update(state=RequestState.OPENED, submitted_at=clock.now())
    assert not any(str(row.vendor) in title for title in cards(admin_client))


def test_an_accepted_answer_whose_evidence_ends_before_the_review_is_named(admin: User, admin_client: Client, as_role: Callable[[str], Client]) -> None:
    row = ends_in(admin, 300)
    link = rows.evidence_behind(admin, rows.answer_of(row, "headline"), valid_until=clock.now().date() + timedelta(days=30))
    title = f"An answer of {row.vendor} loses its evidence"
    assert cards(admin_client)[title] == reverse("web:questionnaire-review", args=[row.pk])
    assert title not in cards(as_role(Role.AUDITOR))
    EvidenceLink.objects.filter(pk=link.pk).update(valid_until=clock.now().date() + timedelta(days=31))
    assert title not in cards(admin_client)
    EvidenceLink.objects.filter(pk=link.pk).update(valid_until=clock.now().date() - timedelta(days=1))
    Answer.objects.filter(request=row).update(verdict=Verdict.NEEDS_EVIDENCE)
    assert title not in cards(admin_client)


def test_other_registers_are_not_named(admin: User, admin_client: Client) -> None:
    rows.request(factories.user(Role.ADMINISTRATOR))
    assert not any("wait for review" in title for title in cards(admin_client))
