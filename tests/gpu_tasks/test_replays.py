"""A step is run again from its statement alone, in the installation or from an exported case, and held to the record."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from accounts.models import User
from assessments.contracts import Refused
from assessments.models import Replay, Run, Step
from assessments.replay import EXACT, Outcome
from assessments.services.plans import PlanItem, plan_create, plan_seal
from assessments.services.replays import replay_record
from assessments.services.runs import run_create
from core.errors import IntegrityFailed, NotAllowed
from evidence import statements
from evidence.case import case_write
from evidence.models import Attestation, LedgerEntry
from evidence.storage import blob_read
from gpu_tasks import worker
from gpu_tasks.inspection import version_inspect
from gpu_tasks.replays import Replayed, recorded_in_case, recorded_in_log, run_again
from gpu_tasks.tasks import execute_step
from tests import factories
from tests.tiny_models import build_tiny

pytestmark = pytest.mark.django_db
SMALL = {"prompts": 48, "sequences": 4, "half": 12, "patch_prompts": 2, "bootstrap": 200}


def unheard(fraction: float, stage: str, tokens: int = 0) -> None:
    """Nobody listens."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny(tmp_path_factory.mktemp("replayed"), "llama")


@pytest.fixture
def step(admin: User, folder: Path) -> Step:
    """A step that was carried out on a real, random model."""
    version = factories.version(admin, version_facts=version_inspect(source="safetensors", locator=str(folder)))
    plan = plan_create(actor=admin, version=version, title="Small", claim="It is seen.", items=[PlanItem("known_circuits", SMALL)], seed=3)
    run: Run = run_create(actor=admin, plan=plan_seal(actor=admin, plan=plan))
    step = run.steps.get()
    assert execute_step(str(step.id)) == "done"
    return Step.objects.select_related("attestation__entry", "run").get(pk=step.pk)


def again(step: Step) -> Replayed:
    assert step.attestation is not None
    return run_again(recorded_in_log(step.attestation.entry), unheard, settings.ASSAY_CACHE)


def test_the_same_machine_gives_the_same_bits(step: Step) -> None:
    done = again(step)
    assert (done.comparison.outcome, done.comparison.tolerance, done.comparison.changes) == (Outcome.IDENTICAL, EXACT, ())
    assert done.result == blob_read(step.finding.result_artifact.sha256)


def test_an_exported_case_is_enough(step: Step, admin: User, tmp_path: Path) -> None:
    assert step.attestation is not None
    case_write(actor=admin, path=tmp_path / "case", title="A case", attestations=list(Attestation.objects.exclude(artifacts=None)))
    statement = tmp_path / "case" / "statements" / f"statement-{step.attestation.entry.index}.sigstore.json"
    assert run_again(recorded_in_case(statement), unheard, settings.ASSAY_CACHE).comparison.outcome == Outcome.IDENTICAL
    result = tmp_path / "case" / "artifacts" / step.finding.result_artifact.sha256
    result.chmod(0o600)
    result.write_bytes(result.read_bytes().replace(b'"seed":3', b'"seed":4'))
    with pytest.raises(IntegrityFailed, match=r"result\.json was changed"):
        recorded_in_case(statement)


def test_a_number_that_does_not_come_again_is_found(step: Step) -> None:
    assert step.attestation is not None
    then = recorded_in_log(step.attestation.entry)
    document: dict[str, Any] = json.loads(json.dumps(then.document))
    document["output"]["measurements"][0]["value"] += 1e-9
    found = run_again(type(then)(document, then.files, then.source), unheard, settings.ASSAY_CACHE).comparison
    assert found.outcome == Outcome.DIFFERS
    assert [row.name for row in found.rows if not row.holds] == [document["output"]["measurements"][0]["name"]]


def test_outcome_is_attested_and_logged_beside_the_step(step: Step) -> None:
    done = again(step)
    row = replay_record(actor=worker.service_actor(), step=step, comparison=done.comparison, result=done.result)
    entry = LedgerEntry.objects.get(action="assessments.step.replayed")
    assert Replay.objects.get() == row
    assert (row.attestation.entry, row.attestation.predicate_type) == (entry, statements.REPLAY)
    assert entry.payload["outcome"] == "identical"
    assert row.attestation.organisation_id == step.run.organisation_id
    kept = row.attestation.artifacts.get(name="known_circuits/replay.json")
    assert json.loads(blob_read(kept.sha256))["outcome"] == "identical"


def test_only_workers_record_replays(step: Step, admin: User) -> None:
    done = again(step)
    with pytest.raises(NotAllowed):
        replay_record(actor=admin, step=step, comparison=done.comparison, result=done.result)
    assert not Replay.objects.exists()


def test_other_statements_cannot_be_replayed(step: Step) -> None:
    sealed = step.run.plan.sealed_entry
    assert sealed is not None
    with pytest.raises(Refused, match="only the result of a step"):
        recorded_in_log(sealed)
