"""The whole plan through the task shell on real, random models: evidence written, controls null, refusals named."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from assessments.contracts import Cancelled, Refused
from assessments.models import Finding, Plan, Run, RunState, Step
from assessments.services.plans import PlanItem, plan_create, plan_seal
from assessments.services.runs import run_cancel, run_create, run_retry
from assessments.services.standard import STANDARD_ITEMS, standard_plan
from core.errors import AssayError, InvalidInput
from evidence.models import Artifact, EvidenceLink, LedgerEntry
from evidence.storage import blob_read
from gpu_tasks import leases, worker
from gpu_tasks.inspection import version_inspect
from gpu_tasks.models import Attempt
from gpu_tasks.tasks import execute_step, reap_steps
from inventory.models import Access, ModelVersion
from tests import factories
from tests.tiny_models import build_tiny

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="session")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random two-layer model of another family than the default one, without a chat template."""
    return build_tiny(tmp_path_factory.mktemp("qwen"), "qwen3")


@pytest.fixture(scope="session")
def gemma(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny(tmp_path_factory.mktemp("gemma"), "gemma2", with_template=True)


def registered(admin: User, folder: Path) -> ModelVersion:
    facts = version_inspect(source="safetensors", locator=str(folder))
    return factories.version(admin, version_facts=facts)


def run_of(admin: User, plan: Plan) -> Run:
    return run_create(actor=admin, plan=plan_seal(actor=admin, plan=plan))


def execute(run: Run) -> list[str]:
    return [execute_step(str(step.id)) for step in run.steps.all()]


def attested(step: Step) -> dict[str, Any]:
    """The finding in the step's statement."""
    assert step.attestation is not None
    statement = json.loads(base64.b64decode(step.attestation.parsed_envelope["payload"]))
    return dict(statement["predicate"]["finding"])


def small_plan(admin: User, version: ModelVersion, **params: Any) -> Plan:
    items = [PlanItem("known_circuits", params)]
    return plan_create(actor=admin, version=version, title="Small", claim="It is seen.", items=items, seed=3)


@pytest.mark.parametrize("family", ["qwen", "gemma"])
def test_standard_plan_runs_on_another_architecture_and_finds_nothing(admin: User, family: str, request: pytest.FixtureRequest) -> None:
    factories.catalogue(admin)
    run = run_of(admin, standard_plan(actor=admin, version=registered(admin, request.getfixturevalue(family))))
    assert execute(run) == ["done"] * len(STANDARD_ITEMS), [step.error for step in run.steps.all()]
    run.refresh_from_db()
    findings = {row.step.key: row.reading for row in Finding.objects.filter(step__run=run)}
    assert run.state == RunState.DONE
    assert set(findings.values()) <= {"null"}, findings
    assert EvidenceLink.objects.filter(status="proposed").exists()
    # Refusal is designed from the texts on which harm was decoded, and each steering step designs twice on random weights: the statement says how many
    # tokens were not run a second time.
    tokens = {step.key: attested(step)["tokens"] for step in run.steps.all()}
    read = {key: row["read_from_earlier_passes"] for key, row in tokens.items() if row["read_from_earlier_passes"]}
    assert set(read) == {"steering_validation.refusal", "steering_validation.sentiment"}
    assert all(0 <= row["read_from_earlier_passes"] < row["total"] for row in tokens.values())
    assert read["steering_validation.refusal"] > read["steering_validation.sentiment"]


def test_second_run_with_the_same_seed_measures_the_same_to_the_bit(admin: User, qwen: Path) -> None:
    plan = plan_seal(actor=admin, plan=standard_plan(actor=admin, version=registered(admin, qwen)))
    results = []
    for _ in range(2):
        run = run_create(actor=admin, plan=plan)
        execute(run)
        results.append([step.finding.result_artifact.sha256 for step in run.steps.all()])
    assert results[0] == results[1]


def test_result_document_holds_the_sealed_spec_and_every_measurement(admin: User, qwen: Path) -> None:
    run = run_of(admin, small_plan(admin, registered(admin, qwen)))
    execute(run)
    finding = Finding.objects.get()
    document = json.loads(blob_read(finding.result_artifact.sha256))
    assert document["spec"]["probe_sets"] == run.plan.document["items"][0]["probe_sets"]
    assert {row["name"] for row in document["output"]["measurements"]} == set(finding.measurements.values_list("name", flat=True))
    assert not list((Path(worker.settings.ASSAY_VAR) / "work").iterdir()), "the work folder is gone"


def test_item_tables_are_kept_as_they_were_written(admin: User, qwen: Path) -> None:
    run = run_of(admin, small_plan(admin, registered(admin, qwen)))
    execute(run)
    table = Artifact.objects.get(kind="items")
    assert blob_read(table.sha256)[:4] == b"PAR1"


def test_weights_changed_after_registration_fail_the_step_and_name_the_file(admin: User, tmp_path: Path) -> None:
    folder = build_tiny(tmp_path / "model", "llama")
    run = run_of(admin, small_plan(admin, registered(admin, folder)))
    weights = folder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    assert execute(run) == ["failed"]
    step = run.steps.get()
    assert "model.safetensors" in step.error or str(folder) in step.error
    assert step.state == RunState.FAILED
    assert not Artifact.objects.exclude(kind="plan").exists()


def test_unknown_instrument_is_refused_by_name(admin: User) -> None:
    with pytest.raises(Refused, match="mind_reader"):
        plan_create(actor=admin, version=factories.version(admin), title="x", claim="x", items=[PlanItem("mind_reader")], seed=1)
    assert not Plan.objects.exists()


def test_parameter_out_of_range_is_refused_by_name(admin: User) -> None:
    items = [PlanItem("steering_validation", {"behaviour": "sentiment", "random_directions": 3})]
    with pytest.raises(Refused, match="random_directions"):
        plan_create(actor=admin, version=factories.version(admin), title="x", claim="x", items=items, seed=1)


def test_unknown_parameter_is_refused_by_name(admin: User) -> None:
    items = [PlanItem("known_circuits", {"magic": 1})]
    with pytest.raises(Refused, match="magic"):
        plan_create(actor=admin, version=factories.version(admin), title="x", claim="x", items=items, seed=1)


def test_two_steps_with_one_key_are_refused(admin: User) -> None:
    items = [PlanItem("known_circuits"), PlanItem("known_circuits")]
    with pytest.raises(InvalidInput, match="same key"):
        plan_create(actor=admin, version=factories.version(admin), title="x", claim="x", items=items, seed=1)


def test_too_little_access_says_what_would_be_needed(admin: User) -> None:
    version = factories.version(admin, access=Access.TEXT)
    with pytest.raises(InvalidInput, match="needs access to weights"):
        standard_plan(actor=admin, version=version)


def test_cancel_is_heard_between_batches_and_nothing_is_stored(admin: User, qwen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(admin, small_plan(admin, registered(admin, qwen)))
    monkeypatch.setattr(worker, "REPORT_EVERY", 0.0)
    plain = worker.RowProgress.__call__
    calls: list[str] = []

    def cancel_at_third(self: worker.RowProgress, fraction: float, stage: str, tokens: int = 0) -> None:
        calls.append(stage)
        if len(calls) == 3:
            run_cancel(actor=admin, run=run)
        plain(self, fraction, stage, tokens)

    monkeypatch.setattr(worker.RowProgress, "__call__", cancel_at_third)
    assert execute(run) == ["cancelled"]
    run.refresh_from_db()
    assert len(calls) == 3
    assert run.state == RunState.CANCELLED
    assert not Finding.objects.exists()


def test_cancelled_run_can_be_retried_to_its_end(admin: User, qwen: Path) -> None:
    run = run_cancel(actor=admin, run=run_of(admin, small_plan(admin, registered(admin, qwen))))
    run_retry(actor=admin, run=run)
    assert execute(run) == ["done"]
    run.refresh_from_db()
    assert run.state == RunState.DONE


def test_worker_that_lost_its_lease_writes_nothing(admin: User, qwen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(admin, small_plan(admin, registered(admin, qwen)))
    monkeypatch.setattr(worker, "REPORT_EVERY", 0.0)

    def lose(*args: Any, **kwargs: Any) -> bool:
        raise leases.LeaseLost("taken")

    monkeypatch.setattr(leases, "report", lose)
    assert execute(run) == ["lost"]
    assert not Finding.objects.exists()


def test_program_fault_ends_the_step_with_a_message_and_the_attempt_is_kept(admin: User, qwen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(admin, small_plan(admin, registered(admin, qwen)))

    def broken(*args: Any) -> None:
        raise ZeroDivisionError("halves of nothing")

    monkeypatch.setattr(worker, "_execute", broken)
    assert execute(run) == ["failed"]
    assert "ZeroDivisionError: halves of nothing" in run.steps.get().error
    assert Attempt.objects.get().outcome == "failed"


def test_message_for_a_step_that_is_done_does_nothing(admin: User, qwen: Path) -> None:
    run = run_of(admin, small_plan(admin, registered(admin, qwen)))
    execute(run)
    entries = LedgerEntry.objects.count()
    assert execute(run) == ["not free"]
    assert LedgerEntry.objects.count() == entries


def test_reaper_task_rings_for_a_waiting_step(admin: User, qwen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gpu_tasks import dispatch

    run = run_of(admin, small_plan(admin, registered(admin, qwen)))
    rung: list[object] = []

    def ring(step_id: object) -> bool:
        rung.append(step_id)
        return True

    monkeypatch.setattr(dispatch, "ring", ring)
    assert reap_steps() == 1
    assert rung == [Step.objects.get(run=run).id]


def test_output_outside_the_work_folder_is_refused(admin: User, qwen: Path, tmp_path: Path) -> None:
    from assessments.contracts import OutputFile
    from assessments.services.steps import step_spec

    run = run_of(admin, small_plan(admin, registered(admin, qwen)))
    escaping = factories.output(files=(OutputFile("../secret.txt", "text/plain", "items", "Secret"),))
    (tmp_path / "secret.txt").write_text("x")
    (tmp_path / "work").mkdir()
    with pytest.raises(AssayError, match="outside its work folder"):
        worker.store_output(step_spec(run.steps.get()), escaping, tmp_path / "work")


def test_cancelled_is_not_an_assay_error() -> None:
    assert not issubclass(Cancelled, AssayError), "a cancel must never be stored as a failure"
