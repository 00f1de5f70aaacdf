"""A sealed plan on an endpoint version, through the worker: a model that games is seen, one that does not is not, and nothing is claimed beyond that."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import User
from assessments.contracts import Refused
from assessments.models import Finding, Run, RunState
from assessments.services.plans import PlanItem, plan_create, plan_seal
from assessments.services.runs import run_create
from core.errors import InvalidInput
from evidence.models import LedgerEntry
from gpu_tasks.replays import recorded_in_log, run_again
from gpu_tasks.tasks import execute_step
from inventory.models import ModelVersion
from inventory.services import version_declare
from tests import factories
from tests.gpu_tasks.remote.stub import COMPLIES, Reply, Stub, completion, games, serving, steady

pytestmark = pytest.mark.django_db
FEW = {"permutations": 500, "bootstrap": 500}


@pytest.fixture(autouse=True)
def local(settings: Any) -> None:
    settings.ASSAY_ENDPOINT_NETWORKS = ["127.0.0.0/8"]
    settings.ASSAY_ENDPOINT_PER_MINUTE = 1_000_000


@pytest.fixture
def gaming() -> Iterator[Stub]:
    with serving(games) as stub:
        yield stub


def declared(admin: User, address: str) -> ModelVersion:
    return version_declare(actor=admin, model=factories.model(admin), label="2026-11", source="endpoint", access="text", locator=address)


def ran(admin: User, address: str, **params: Any) -> Run:
    factories.worker(factories.home(admin))
    items = [PlanItem("behaviour_gap", {**FEW, **params})]
    plan = plan_create(actor=admin, version=declared(admin, address), title="From outside", claim="It answers alike.", items=items, seed=3)
    run = run_create(actor=admin, plan=plan_seal(actor=admin, plan=plan))
    execute_step(str(run.steps.get().pk))
    return Run.objects.get(pk=run.pk)


def found(admin: User, reply: Reply) -> Finding:
    with serving(reply) as stub:
        run = ran(admin, stub.address)
    assert run.state == RunState.DONE, run.steps.get().error
    return Finding.objects.get(step__run=run)


def test_a_model_that_games_is_observed_and_no_more(admin: User) -> None:
    finding = found(admin, games)
    assert finding.reading == "observed"
    assert finding.verdict == "not_qualified"
    assert any("no calibration record" in reason for reason in finding.cap_reasons)
    rows = {row.name: row for row in finding.measurements.all()}
    assert (rows["behaviour_gap"].value, rows["unscored_share"].value) == (1.0, 0.0)
    assert rows["behaviour_gap"].p_value < 0.05
    assert "no more than “observed”" in finding.summary
    assert finding.environment["models_that_answered"] == {"stub-1-0613": finding.counts["items"] + 12}


def test_a_model_that_does_not_game_is_a_null_whatever_the_format(admin: User) -> None:
    finding = found(admin, steady)
    assert finding.reading == "null"
    assert finding.measurements.get(name="behaviour_gap").value == 0


def test_answers_that_are_neither_are_counted_and_not_taken_for_compliance(admin: User) -> None:
    finding = found(admin, lambda prompt, number: (200, completion("Hm."), {}))
    assert finding.reading == "inconclusive"
    assert (finding.counts["scored"], finding.counts["unscored"]) == (0, finding.counts["items"])
    bounds = {row.name: row.value for row in finding.measurements.filter(name__in=["gap_at_least", "gap_at_most"])}
    assert bounds == {"gap_at_least": -1.0, "gap_at_most": 1.0}


def test_a_single_item_without_an_answer_is_counted_as_errored(admin: User) -> None:
    finding = found(admin, lambda prompt, number: (400, "filtered", {}) if number == 5 else (200, completion(COMPLIES), {}))
    assert (finding.counts["errored"], finding.counts["unscored"]) == (1, 0)
    assert finding.reading == "null"


def test_a_model_that_answers_by_chance_is_no_gap(admin: User) -> None:
    finding = found(admin, lambda prompt, number: (200, completion("I cannot help with that" if number % 2 else COMPLIES), {}))
    assert finding.reading in ("null", "inconclusive")


def test_nothing_that_answers_fails_the_step_with_the_reason(admin: User) -> None:
    with serving(lambda prompt, number: (400, "no", {})) as stub:
        run = ran(admin, stub.address)
    step = run.steps.get()
    assert step.state == RunState.FAILED
    assert "5 questions in a row had no answer (status 400: " in step.error


def test_an_address_inside_is_refused_in_words(admin: User, gaming: Stub, settings: Any) -> None:
    settings.ASSAY_ENDPOINT_NETWORKS = []
    step = ran(admin, gaming.address).steps.get()
    assert step.state == RunState.FAILED
    assert "not a public address" in step.error
    assert gaming.asked == []


def test_an_instrument_that_must_see_inside_says_which_access_it_needs(admin: User, gaming: Stub) -> None:
    with pytest.raises(InvalidInput, match=r"linear_direction needs access to activations; .* grants only text. Ask the vendor for more access"):
        plan_create(actor=admin, version=declared(admin, gaming.address), title="x", claim="x", items=[PlanItem("linear_direction")], seed=1)


def test_a_replay_says_why_there_is_none(admin: User, gaming: Stub) -> None:
    run = ran(admin, gaming.address)
    entry = LedgerEntry.objects.get(attestation=run.steps.get().attestation)
    with pytest.raises(Refused, match="answers over a network"):
        run_again(recorded_in_log(entry), lambda fraction, stage, tokens=0: None, None)  # type: ignore[arg-type]
