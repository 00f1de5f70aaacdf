"""The page of a release pipeline: empty, waiting, failed and done, with the gate's reasons and every file to verify."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from assessments.models import Finding, Run, RunState
from assessments.services.steps import step_end
from evidence.models import Artifact
from gpu_tasks import leases
from tests import factories, pipelines

pytestmark = pytest.mark.django_db


def page(browser: Client, run: Run) -> str:
    answer = browser.get(reverse("web:run-pipeline", args=[run.pk]))
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.fixture
def piped(admin: User) -> Run:
    return pipelines.finished(admin)


def test_done_pipeline_shows_stages_gates_and_reasons(admin_client: Client, piped: Run) -> None:
    body = page(admin_client, piped)
    assert all(f"</span> {word}</th>" in body for word in ("Measure", "Design", "Apply", "Re-measure", "Gate"))
    assert body.count('class="gate gate-not_evaluated"') == 3
    assert body.count('class="gate gate-not_met"') == 2
    assert body.count('class="gate gate-met"') == 1
    assert "the instrument is not qualified" in body
    assert "steering effect ≥ 0.5 was not met" in body
    assert "blocks.1.hook_resid_post" in body
    assert "A gate that is met does not show" in body
    assert "hx-get" not in body[body.index('id="pipeline"') : body.index("gate-tally")]


def test_every_stage_leads_to_its_finding_and_its_file(admin_client: Client, piped: Run) -> None:
    body = page(admin_client, piped)
    for finding in Finding.objects.filter(step__run=piped):
        assert reverse("web:finding-detail", args=[finding.pk]) in body
    wanted = ("direction.safetensors", "items.parquet", "costs.parquet", "result.json")
    for row in Artifact.objects.filter(name__in=[f"steering_validation.refusal/{name}" for name in wanted]):
        assert reverse("web:artifact-detail", args=[row.pk]) in body
        assert row.sha256 in body


def test_queries_do_not_grow_with_the_axes(admin: User, admin_client: Client, django_assert_max_num_queries: Any) -> None:
    small, large = pipelines.finished(admin, axes=("refusal",)), pipelines.finished(admin)
    page(admin_client, small)
    for run in (small, large):
        with django_assert_max_num_queries(10):
            page(admin_client, run)


def test_waiting_pipeline_asks_again_and_promises_nothing(admin: User, admin_client: Client) -> None:
    run = pipelines.started(admin)
    body = page(admin_client, run)
    assert f'hx-get="{reverse("web:run-pipeline", args=[run.pk])}"' in body
    assert "The run goes on: 4 steps left." in body
    assert "has not begun yet" in body
    assert "state-queued" in body
    assert "pipeline_effects" not in body


def test_failed_step_is_shown_where_it_failed_and_shuts_the_gate(admin: User, admin_client: Client) -> None:
    run = pipelines.started(admin, axes=("refusal",))
    robot = factories.worker(factories.home(admin))
    first, second = run.steps.all()
    pipelines.finish(admin, first)
    lease = leases.claim(actor=robot, step_id=second.id, worker="test")
    assert lease is not None
    second.refresh_from_db()
    step_end(actor=robot, step=second, token=lease.token, state=RunState.FAILED, error="weights.safetensors holds <NaN>")
    body = page(admin_client, run)
    assert "failed: weights.safetensors holds &lt;NaN&gt;." in body
    assert "Retry on the page of the run" in body
    assert 'class="gate gate-not_evaluated"' in body
    assert "verdict-not_qualified" in body


def test_run_without_a_pipeline_says_what_it_would_need(admin_client: Client, run: Run) -> None:
    body = page(admin_client, run)
    assert "This plan has no release pipeline" in body
    assert reverse("web:plan-pipeline") in body
    assert reverse("web:run-pipeline", args=[run.pk]) not in admin_client.get(reverse("web:run-detail", args=[run.pk])).content.decode()


def test_run_page_leads_to_the_pipeline(admin_client: Client, piped: Run) -> None:
    assert reverse("web:run-pipeline", args=[piped.pk]) in admin_client.get(reverse("web:run-detail", args=[piped.pk])).content.decode()


def test_reader_sees_it_and_stranger_does_not(as_role: Callable[[str], Client], stranger: Client, piped: Run) -> None:
    assert "Release pipeline" in page(as_role(Role.AUDITOR), piped)
    assert stranger.get(reverse("web:run-pipeline", args=[piped.pk])).status_code == 404
