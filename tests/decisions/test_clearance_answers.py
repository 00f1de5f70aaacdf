"""Clearance and answers: what was rejected, went stale or is asked for and missing, unless the decisions that count weighed it themselves."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core import clock
from decisions.clearance import Clearance, clearance_of, clearances_of
from decisions.clearance_words import Word
from decisions.services import policy_edit
from inventory.models import ModelVersion, Vendor
from inventory.services import version_transition
from questionnaires.models import Answer, ExhibitState, QuestionnaireRequest, RequestState
from questionnaires.services.reviews import answer_reopen
from tests import factories
from tests.decisions.test_clearance import MUST, codes, decided
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db
NAME = "Interpretability disclosure"
ASKS: list[dict[str, Any]] = [{"key": "c1", "kind": "questionnaire", "name": NAME, "value": 50}]


@pytest.fixture
def version(admin: User) -> ModelVersion:
    return factories.version(admin)


@pytest.fixture
def vendor(version: ModelVersion) -> Vendor:
    return version.model.vendor


def reviewed(admin: User, vendor: Vendor, answers: dict[str, Any] | None = None, **fields: Any) -> QuestionnaireRequest:
    held = rows.TemplateVersion.objects.filter(template__name=NAME, template__organisation=factories.home(admin)).first()
    return rows.reviewed(admin, answers, version=held or rows.template_version(admin, name=NAME), vendor=vendor, **fields)


def reject(row: QuestionnaireRequest, *questions: str) -> None:
    Answer.objects.filter(request=row, question__in=questions).update(verdict="rejected", verdict_reason="It names no access.", points=None)


def said(found: Clearance, code: str) -> str:
    return next(str(row["says"]) for row in found.reasons if row["code"] == code)


def test_vendor_that_nobody_asks_is_cleared_without_a_word_about_answers(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    decided(admin, version)
    found = clearance_of(vendor)
    assert (found.word, codes(found)) == (Word.CLEARED, ["approved"])


def test_policy_that_asks_makes_missing_answers_a_reason_until_they_are_reviewed(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    decided(admin, version)
    policy = factories.gate_policy(admin, ASKS, step="onboard_vendor")
    found = clearance_of(vendor)
    assert (found.word, codes(found)) == (Word.UNDECIDED, ["answers_missing", "approved"])
    assert said(found, "answers_missing") == f"A gate policy asks for answers to a questionnaire. The vendor was never asked “{NAME}”."
    held = rows.template_version(admin, name=NAME)
    rows.request(admin, version=held, vendor=vendor, state=RequestState.WITHDRAWN)
    assert "never asked" in said(clearance_of(vendor), "answers_missing")
    rows.request(admin, version=held, vendor=vendor, state=RequestState.SENT, submitted_at=None)
    rows.request(admin, version=held, vendor=vendor)
    assert f"“{NAME}” is not reviewed yet; the request is submitted." in said(clearance_of(vendor), "answers_missing")
    reviewed(admin, vendor)
    assert clearance_of(vendor).word == Word.CLEARED
    policy_edit(actor=admin, policy=policy, draft=policy_draft([{**ASKS[0], "name": "Another one"}]), seen=1)
    assert "Another one" in said(clearance_of(vendor), "answers_missing")


def policy_draft(conditions: list[dict[str, Any]]) -> Any:
    return factories.Draft(factories.parse(conditions), 1, ("approver",))


def test_advisory_conditions_and_policies_of_others_ask_for_nothing(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    decided(admin, version)
    factories.gate_policy(admin, [{**ASKS[0], "required": False}])
    stranger = factories.user()
    factories.gate_policy(stranger, ASKS)
    assert clearance_of(vendor).word == Word.CLEARED


def test_rejected_answers_end_a_clearance_and_a_newer_review_restores_it(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    decided(admin, version)
    row = reviewed(admin, vendor, reviewed_at=clock.now() - timedelta(days=1))
    assert clearance_of(vendor).word == Word.CLEARED
    reject(row, "headline", "method")
    found = clearance_of(vendor)
    assert (found.word, found.reasons[0]["questionnaire"]) == (Word.NOT_CLEARED, str(row.pk))
    assert said(found, "answers_rejected") == f"A reviewer rejected answers to “{NAME}”: headline, method."
    reviewed(admin, vendor)
    assert clearance_of(vendor).word == Word.CLEARED, "the newest review counts"


def test_verdicts_of_a_review_that_is_not_closed_say_nothing(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    decided(admin, version)
    row = rows.request(admin, vendor=vendor)
    reject(row, "headline")
    assert clearance_of(vendor).word == Word.CLEARED


def test_opening_a_rejected_answer_again_clears_nobody(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    decided(admin, version)
    row = reviewed(admin, vendor)
    reject(row, "headline")
    answer_reopen(actor=admin, request=row, question="headline", reason="Name the access.")
    found = clearance_of(vendor)
    assert (found.word, codes(found)) == (Word.UNDECIDED, ["answers_missing", "approved"])
    assert "opened again" in said(found, "answers_missing")


def test_stale_answers_and_expired_reviews_leave_conditions(admin: User, vendor: Vendor, version: ModelVersion, monkeypatch: Any) -> None:
    decided(admin, version)
    row = reviewed(admin, vendor, valid_until=clock.now().date() + timedelta(days=30))
    assert clearance_of(vendor).valid_until == row.valid_until
    file = rows.exhibit(admin, rows.answer_of(row, "method"), ExhibitState.REFUSED)
    found = clearance_of(vendor)
    assert (found.word, said(found, "answers_stale")) == (Word.WITH_CONDITIONS, f"Accepted answers to “{NAME}” no longer hold: method.")
    file.delete()
    later = clock.now() + timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: later)
    found = clearance_of(vendor)
    assert (found.word, found.valid_until) == (Word.WITH_CONDITIONS, None)
    assert f"held until {row.valid_until}" in said(found, "answers_stale")


def test_decision_that_weighed_the_answers_speaks_for_them(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    row = reviewed(admin, vendor, valid_until=clock.now().date() + timedelta(days=90))
    reject(row, "method")
    rows.score_add(row, "reviewed")
    decided(admin, version, [{**ASKS[0], "value": 25}])
    found = clearance_of(vendor)
    assert (found.word, codes(found), found.valid_until) == (Word.CLEARED, ["approved"], row.valid_until)
    assert {(item["kind"], item["sha256"]) for item in found.document["evidence"]} >= {("questionnaire", row.submission.sha256)}  # type: ignore[union-attr]
    rows.exhibit(admin, rows.answer_of(row, "hours"), ExhibitState.REFUSED)
    assert clearance_of(vendor).word == Word.NOT_CLEARED, "what was approved over it is overtaken"
    assert set(codes(clearance_of(vendor))) == {"overtaken", "answers_rejected", "answers_stale"}


def test_a_line_whose_decision_did_not_weigh_them_brings_the_reason_back(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    row = reviewed(admin, vendor)
    reject(row, "hours")
    decided(admin, version, ASKS)
    assert clearance_of(vendor).word == Word.CLEARED
    other = factories.version(admin, model=version.model)
    decided(admin, other, MUST)
    assert "answers_rejected" in codes(clearance_of(vendor))
    assert clearance_of(vendor, only=version.pk).word == Word.CLEARED
    assert clearance_of(vendor, only=other.pk).word == Word.NOT_CLEARED


def test_answers_about_one_version_concern_that_version_while_it_is_in_use(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    other = factories.version(admin, model=version.model)
    for row in (version, other):
        decided(admin, row)
    reject(reviewed(admin, vendor, model_version=other), "headline")
    assert clearance_of(vendor).word == Word.NOT_CLEARED
    assert clearance_of(vendor, only=version.pk).word == Word.CLEARED
    assert clearance_of(vendor, only=other.pk).word == Word.NOT_CLEARED
    version_transition(actor=admin, version=other, lifecycle="retired", reason="Never used.")
    assert clearance_of(vendor).word == Word.CLEARED


def test_answers_of_another_vendor_say_nothing(admin: User, vendor: Vendor, version: ModelVersion) -> None:
    decided(admin, version)
    reject(reviewed(admin, factories.vendor(admin)), "headline")
    assert clearance_of(vendor).word == Word.CLEARED


def test_queries_do_not_grow_with_vendors_and_their_answers(admin: User) -> None:
    def one() -> Vendor:
        found = factories.version(admin)
        row = reviewed(admin, found.model.vendor, model_version=found)
        reject(row, "headline")
        rows.exhibit(admin, rows.answer_of(row, "method"), ExhibitState.REFUSED)
        return found.model.vendor

    def cost(vendors: list[Vendor]) -> int:
        with CaptureQueriesContext(connection) as taken:
            clearances_of(vendors)
        return len(taken)

    factories.gate_policy(admin, ASKS)
    vendors = [one(), one(), one()]
    assert cost(vendors) == cost(vendors[:1])
