"""A gate over real answers: which request counts for which version, four eyes, and a decision that falls when an answer goes stale."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User
from core import clock
from core.errors import NotAllowed
from decisions.basis import bases_of, basis_of, stands
from decisions.gate_models import Decision
from decisions.gate_vocabulary import Outcome
from decisions.services import approval_give
from inventory.models import ModelVersion
from questionnaires.models import ExhibitState, QuestionnaireRequest
from questionnaires.services.exhibits import exhibit_refuse
from questionnaires.services.reviews import answer_reopen
from tests import factories
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db
NAME = "Interpretability disclosure"
CONDITION = {"key": "c1", "kind": "questionnaire", "name": NAME, "value": 50}


@pytest.fixture
def version(admin: User) -> ModelVersion:
    return factories.version(admin)


def decision(admin: User, version: ModelVersion, **more: Any) -> Decision:
    person = factories.user(Role.GOVERNANCE, of=factories.home(admin))
    return factories.decision(person, factories.gate_policy(admin, [{**CONDITION, **more}]), version=version)


def reviewed(admin: User, version: ModelVersion, answers: dict[str, Any] | None = None, **fields: Any) -> QuestionnaireRequest:
    held = rows.template_version(admin, name=NAME) if not rows.TemplateVersion.objects.exists() else rows.TemplateVersion.objects.get()
    return rows.reviewed(admin, answers, version=held, vendor=version.model.vendor, **fields)


def reason(row: Decision) -> str:
    return basis_of(row).results[0].reason


def test_the_basis_names_what_was_submitted_and_its_score(admin: User, version: ModelVersion) -> None:
    row = reviewed(admin, version)
    basis = basis_of(decision(admin, version))
    assert basis.outcome == Outcome.GO
    assert basis.document["conditions"][0]["evidence"][0]["submission"] == row.submission.sha256  # type: ignore[union-attr]
    assert basis.document["conditions"][0]["evidence"][0]["confirmed"] == 50.0


def test_a_claim_alone_never_passes(admin: User, version: ModelVersion) -> None:
    row = reviewed(admin, version)
    asked = decision(admin, version)
    answer_reopen(actor=admin, request=row, question="headline", reason="Say more.")
    assert basis_of(asked).outcome == Outcome.NO_GO
    assert "not reviewed yet; the request is being answered" in reason(asked)


def test_answers_about_another_version_do_not_count_and_the_newest_review_does(admin: User, version: ModelVersion) -> None:
    other = factories.version(admin, model=version.model)
    asked = decision(admin, version)
    reviewed(admin, version, model_version=other)
    assert "never asked" in reason(asked)
    reviewed(admin, version)
    assert "50 % confirmed" in reason(asked)
    reviewed(admin, version, {"headline": "no"})
    assert "0 % are confirmed" in reason(asked)


def test_open_exposure_is_named_where_none_may_be(admin: User, version: ModelVersion) -> None:
    reviewed(admin, version, {"headline": "no"})
    asked = decision(admin, version, value=0, no_flags=True)
    assert reason(asked).endswith("open exposure: Cannot be audited.")
    assert basis_of(decision(admin, version, value=0)).outcome == Outcome.GO


def test_whoever_judged_the_answers_cannot_approve_over_them(admin: User, version: ModelVersion) -> None:
    judge = factories.user(Role.GOVERNANCE, of=factories.home(admin))
    row = reviewed(admin, version)
    QuestionnaireRequest.objects.filter(pk=row.pk).update(reviewed_by=judge)
    asked = decision(admin, version)
    with pytest.raises(NotAllowed, match="closed the review"):
        approval_give(actor=judge, decision=asked, digest=basis_of(asked).digest)


def test_an_approved_decision_falls_when_a_file_behind_an_answer_is_refused(admin: User, version: ModelVersion) -> None:
    row = reviewed(admin, version)
    file = rows.exhibit(admin, rows.answer_of(row, "method"), ExhibitState.RELEASED)
    asked = decision(admin, version)
    for _ in range(2):
        approval_give(actor=factories.user(Role.APPROVER, of=factories.home(admin)), decision=Decision.objects.get(pk=asked.pk), digest=basis_of(asked).digest)
        if Decision.objects.get(pk=asked.pk).state == "approved":
            break
    fresh = Decision.objects.get(pk=asked.pk)
    assert stands(fresh, basis_of(fresh))
    exhibit_refuse(actor=admin, exhibit=file, reason="Another product.")
    assert not stands(fresh, basis_of(fresh))
    assert reason(fresh) == f"{row.vendor}: 25 % are confirmed, 50 % claimed; asked for is 50 %. 1 accepted answer is stale and left out."


def test_an_expired_review_does_not_pass(admin: User, version: ModelVersion) -> None:
    reviewed(admin, version, valid_until=clock.now().date() - timedelta(days=1))
    assert "Ask again" in reason(decision(admin, version))


def test_answers_of_another_register_do_not_count(admin: User, version: ModelVersion) -> None:
    stranger = factories.user(Role.ADMINISTRATOR)
    rows.reviewed(stranger, version=rows.template_version(stranger, name=NAME))
    assert "never asked" in reason(decision(admin, version))


def test_queries_do_not_grow_with_the_decisions(admin: User) -> None:
    def one() -> Decision:
        found = factories.version(admin)
        row = reviewed(admin, found, model_version=found)
        rows.exhibit(admin, rows.answer_of(row, "method"), ExhibitState.REFUSED)
        return decision(admin, found)

    def cost(found: list[Decision]) -> int:
        fresh = list(
            Decision.objects.filter(pk__in=[row.pk for row in found])
            .select_related("policy__policy", "version__model__vendor")
            .prefetch_related("tasks", "waivers")
        )
        with CaptureQueriesContext(connection) as seen:
            bases_of(fresh)
        return len(seen)

    first = [one()]
    few = cost(first)
    assert cost([*first, one(), one()]) == few
