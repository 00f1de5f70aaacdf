"""Two runs side by side: what may be compared, what may not and why, and nothing claimed about chance."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from assessments.contracts import Measurement
from assessments.models import Plan, Run
from assessments.services.plans import plan_seal
from assessments.services.runs import run_create
from inventory.models import ModelVersion
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(admin: User) -> ModelVersion:
    return factories.version(admin)


@pytest.fixture
def finished(admin: User, version: ModelVersion) -> Callable[..., Run]:
    """A finished run of the version; ``items`` and ``document`` change the plan before its seal, ``output`` what came out."""

    def make(*, keys: tuple[str, ...] = ("one",), items: dict[str, Any] | None = None, document: dict[str, Any] | None = None, **output: Any) -> Run:
        plan = factories.plan(admin, keys, version=version, seal=False)
        plan.document |= document or {}
        plan.document["items"] = [{**item, **(items or {})} for item in plan.document["items"]]
        Plan.objects.filter(pk=plan.pk).update(document=plan.document)
        run = run_create(actor=admin, plan=plan_seal(actor=admin, plan=plan))
        for step in run.steps.all():
            factories.finish(factories.worker(factories.home(admin)), step, factories.output(**output))
        run.refresh_from_db()
        return run

    return make


def body_of(browser: Client, first: Run, second: Run) -> str:
    answer = browser.get(f"/runs/compare/?a={first.id}&b={second.id}")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_same_plan_twice_is_identical_bit_for_bit(admin_client: Client, finished: Callable[..., Run]) -> None:
    body = body_of(admin_client, finished(), finished())
    assert "Identical results, bit for bit" in body
    assert "Do not compare" not in body
    assert "Different seeds" not in body
    assert "intervals touch" in body


def test_other_value_shows_both_intervals_and_the_difference(admin_client: Client, finished: Callable[..., Run]) -> None:
    first, second = finished(value=2.0), finished(value=3.5)
    body = body_of(admin_client, first, second)
    assert all(text in body for text in ("1.50 to 2.50", "3.00 to 4.00", "+1.50", "intervals apart"))
    assert "−1.50" in body_of(admin_client, second, first)
    assert "Identical" not in body
    assert "glyph-pair" in body
    assert "Primary measurements of both runs" in body
    assert 'role="img"' in body


def test_difference_is_never_called_more_than_chance(admin_client: Client, finished: Callable[..., Run]) -> None:
    assert "the difference has no interval of its own" in body_of(admin_client, finished(), finished(value=9.0))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": "2"}, "The versions of the instrument differ: 1 and 2."),
        ({"instrument": "linear_direction"}, "The instruments differ: known_circuits and linear_direction."),
        ({"params": {"prompts": 7}}, "The parameter prompts differs: – and 7."),
        ({"probe_sets": {"ioi": "22" * 32}}, "The probe set ioi is not the same file."),
    ],
)
def test_other_instrument_parameter_or_texts_forbid_the_comparison(
    admin_client: Client, finished: Callable[..., Run], change: dict[str, Any], says: str
) -> None:
    body = body_of(admin_client, finished(), finished(items=change))
    assert "Numbers that may not be compared" in body
    assert "Do not compare these numbers." in body
    assert says in body


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"source_digest": "33" * 32}, "The source of the instrument changed between the runs"),
        ({"thresholds": [{"metric": "effect", "op": ">=", "value": 0.5}]}, "Thresholds differ (effect ≥ 1; effect ≥ 0.5)"),
    ],
)
def test_other_source_or_thresholds_are_said_beside_the_numbers(admin_client: Client, finished: Callable[..., Run], change: dict[str, Any], says: str) -> None:
    body = body_of(admin_client, finished(), finished(items=change))
    assert says in body
    assert "Do not compare" not in body


def test_other_seed_and_environment_are_said(admin_client: Client, finished: Callable[..., Run]) -> None:
    body = body_of(admin_client, finished(), finished(document={"seed": 8}, environment={"device": "cuda", "dtype": "float32"}))
    assert "Different seeds." in body
    assert "The environments differ in device." in body


def test_measurements_and_steps_of_one_run_alone_are_listed_as_such(admin_client: Client, finished: Callable[..., Run]) -> None:
    extra = Measurement("extra", "Something extra", 0.5, 10, "mean-v1")
    effect = Measurement("effect", "Effect", 2.0, 10, "mean-v1", low=1.5, high=2.5, role="primary")
    body = body_of(admin_client, finished(), finished(keys=("one", "another_step"), measurements=(effect, extra)))
    assert "Something extra" in body.split("Only in run 2:")[1]
    assert "Another step" in body.split("Only in")[-1]


def test_runs_without_a_common_step_say_so(admin_client: Client, finished: Callable[..., Run]) -> None:
    assert "Nothing in common" in body_of(admin_client, finished(), finished(keys=("other",)))


def test_same_run_twice_is_pointed_out(admin_client: Client, finished: Callable[..., Run]) -> None:
    run = finished()
    assert "This is the same run twice" in body_of(admin_client, run, run)


def test_choice_lists_finished_runs_of_the_own_register(admin: User, admin_client: Client, stranger: Client, finished: Callable[..., Run]) -> None:
    run = finished()
    waiting = run_create(actor=admin, plan=factories.plan(admin))
    body = admin_client.get(f"/runs/compare/?a={run.id}").content.decode()
    assert f'<option value="{run.id}" selected>' in body
    assert str(waiting.id) not in body
    assert str(run.id) not in stranger.get("/runs/compare/").content.decode()
    assert "No run has finished yet" in stranger.get("/runs/compare/").content.decode()


def test_unfinished_run_cannot_be_compared(admin: User, admin_client: Client) -> None:
    waiting = run_create(actor=admin, plan=factories.plan(admin))
    assert admin_client.get(f"/runs/compare/?a={waiting.id}").status_code == 409


def test_stranger_and_nonsense_get_neither(stranger: Client, finished: Callable[..., Run]) -> None:
    first, second = finished(), finished()
    assert stranger.get(f"/runs/compare/?a={first.id}&b={second.id}").status_code == 404
    assert stranger.get("/runs/compare/?a=1").status_code == 422


def test_comparison_costs_few_queries_however_many_steps(
    admin_client: Client, finished: Callable[..., Run], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    first, second = finished(keys=tuple("abcdef")), finished(keys=tuple("abcdef"))
    body_of(admin_client, first, second)
    with django_assert_max_num_queries(12):
        body_of(admin_client, first, second)
