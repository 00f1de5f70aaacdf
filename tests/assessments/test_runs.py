"""Plans and runs: sealed before, exactly once after, every change in the log."""

import pytest

from accounts.models import Role, User
from assessments.contracts import Reading
from assessments.models import Finding, Measurement, Plan, Run, RunState
from assessments.services.plans import plan_check_seal, plan_seal
from assessments.services.runs import run_cancel, run_create, run_retry
from assessments.services.steps import step_end
from core.canonical import canonical_digest
from core.errors import Conflict, InvalidState, NotAllowed
from evidence.models import Artifact, EvidenceLink, LedgerEntry
from evidence.storage import blob_read
from gpu_tasks import leases
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def robot(admin: User) -> User:
    return factories.worker(factories.home(admin))


def actions() -> list[str]:
    return list(LedgerEntry.objects.filter(action__startswith="assessments").values_list("action", flat=True))


def test_seal_binds_the_document_in_log_and_store(admin: User) -> None:
    plan = factories.plan(admin)
    assert plan.sealed_entry is not None
    assert plan.sealed_entry.payload["digest"] == plan.sealed_digest == canonical_digest(plan.document)
    artifact = Artifact.objects.get(kind="plan")
    assert canonical_digest(__import__("json").loads(blob_read(artifact.sha256))) == plan.sealed_digest


def test_plan_is_sealed_once(admin: User) -> None:
    plan = factories.plan(admin)
    with pytest.raises(InvalidState, match="was sealed on"):
        plan_seal(actor=admin, plan=plan)
    assert actions().count("assessments.plan.sealed") == 1


def test_unsealed_plan_cannot_run(admin: User) -> None:
    with pytest.raises(InvalidState, match="Seal it first"):
        run_create(actor=admin, plan=factories.plan(admin, seal=False))
    assert not Run.objects.exists()


def test_threshold_moved_after_the_seal_stops_the_run_and_names_both_digests(admin: User) -> None:
    plan = factories.plan(admin)
    plan.document["items"][0]["thresholds"][0]["value"] = 0.1
    Plan.objects.filter(pk=plan.pk).update(document=plan.document)
    with pytest.raises(Conflict, match=rf"changed after its seal: log entry \d+ holds sha256 {plan.sealed_digest[:12]}"):
        run_create(actor=admin, plan=plan)
    assert not Run.objects.exists()
    assert "assessments.run.started" not in actions()


def test_moving_the_rows_own_digest_along_does_not_help(admin: User) -> None:
    plan = factories.plan(admin)
    plan.document["items"][0]["thresholds"][0]["value"] = 0.1
    Plan.objects.filter(pk=plan.pk).update(document=plan.document, sealed_digest=canonical_digest(plan.document))
    plan.refresh_from_db()
    with pytest.raises(Conflict, match="changed after its seal"):
        plan_check_seal(plan)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.GOVERNANCE, Role.APPROVER])
def test_only_assessors_and_administrators_start_runs(admin: User, role: str) -> None:
    plan = factories.plan(admin)
    with pytest.raises(NotAllowed):
        run_create(actor=factories.user(role, of=factories.home(admin)), plan=plan)


def test_finished_step_is_attested_and_its_entry_comes_after_the_seal(admin: User, robot: User) -> None:
    run = run_create(actor=admin, plan=factories.plan(admin))
    for step in run.steps.all():
        factories.finish(robot, step)
    run.refresh_from_db()
    step = run.steps.get(position=0)
    assert run.state == RunState.DONE
    assert run.plan.sealed_entry is not None
    assert step.attestation is not None
    assert run.finished_entry is not None
    assert run.plan.sealed_entry.index < step.attestation.entry.index < run.finished_entry.index
    assert {row.name for row in step.attestation.artifacts.all()} == {"one/result.json", "one/effect.vl.json"}
    assert actions().count("assessments.step.done") == 2
    assert actions()[-1] == "assessments.run.done"


def test_same_output_hashes_the_same_in_two_runs(admin: User, robot: User) -> None:
    plan = factories.plan(admin, ("one",))
    digests = []
    for _ in range(2):
        run = run_create(actor=admin, plan=plan)
        digests.append(factories.finish(robot, run.steps.get()).result_artifact.sha256)
    assert digests[0] == digests[1]


def test_verdict_is_capped_without_qualification_and_the_reading_is_kept(admin: User, robot: User) -> None:
    run = run_create(actor=admin, plan=factories.plan(admin, ("one",)))
    finding = factories.finish(robot, run.steps.get(), factories.output(reading=Reading.CAUSAL))
    assert (finding.reading, finding.verdict) == ("causal", "not_qualified")


def test_thresholds_are_judged_as_sealed(admin: User, robot: User) -> None:
    run = run_create(actor=admin, plan=factories.plan(admin, ("one", "two")))
    met = factories.finish(robot, run.steps.get(key="one"), factories.output(1.0))
    unmet = factories.finish(robot, run.steps.get(key="two"), factories.output(0.99))
    assert met.thresholds[0]["met"] is True
    assert unmet.thresholds[0]["met"] is False


def test_finished_step_proposes_links_and_accepts_none(admin: User, robot: User) -> None:
    factories.catalogue(admin)
    run = run_create(actor=admin, plan=factories.plan(admin, ("one",)))
    factories.finish(robot, run.steps.get())
    links = EvidenceLink.objects.all()
    assert links
    assert {link.status for link in links} == {EvidenceLink.Status.PROPOSED}
    assert {link.tier for link in links} == {"not_qualified"}


def test_failed_write_leaves_no_finding_and_no_entry(admin: User, robot: User) -> None:
    run = run_create(actor=admin, plan=factories.plan(admin, ("one",)))
    before = LedgerEntry.objects.count()
    broken = factories.output(primary="absent")
    with pytest.raises(KeyError):
        factories.finish(robot, run.steps.get(), broken)
    assert not Finding.objects.exists()
    assert not Measurement.objects.exists()
    assert LedgerEntry.objects.count() == before


def test_cancel_ends_queued_steps_at_once(admin: User) -> None:
    run = run_cancel(actor=admin, run=run_create(actor=admin, plan=factories.plan(admin)))
    assert run.state == RunState.CANCELLED
    assert set(run.steps.values_list("state", flat=True)) == {RunState.CANCELLED}
    assert actions()[-2:] == ["assessments.run.cancel_requested", "assessments.run.cancelled"]


def test_cancel_waits_for_the_running_step(admin: User, robot: User) -> None:
    run = run_create(actor=admin, plan=factories.plan(admin))
    step = run.steps.get(position=0)
    lease = leases.claim(actor=robot, step_id=step.id, worker="w")
    assert lease is not None
    run = run_cancel(actor=admin, run=run)
    assert not run.ended
    assert step_end(actor=robot, step=step, token=lease.token, state=RunState.CANCELLED, error="cancelled by request")
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


def test_ended_run_cannot_be_cancelled(admin: User) -> None:
    with pytest.raises(InvalidState, match="nothing to cancel"):
        run_cancel(actor=admin, run=factories.finished_run(admin))


def test_retry_queues_only_what_did_not_finish(admin: User, robot: User) -> None:
    run = run_create(actor=admin, plan=factories.plan(admin))
    factories.finish(robot, run.steps.get(key="one"))
    lost = run.steps.get(key="two")
    lease = leases.claim(actor=robot, step_id=lost.id, worker="w")
    assert lease is not None
    step_end(actor=robot, step=lost, token=lease.token, state=RunState.FAILED, error="no disk")
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert [step.key for step in run_retry(actor=admin, run=run)] == ["two"]
    factories.finish(robot, run.steps.get(key="two"))
    run.refresh_from_db()
    assert run.state == RunState.DONE
    assert run.cancel_requested is False


def test_finished_run_cannot_be_retried(admin: User) -> None:
    with pytest.raises(InvalidState, match="only failed or cancelled"):
        run_retry(actor=admin, run=factories.finished_run(admin))


def test_runs_are_numbered_without_gaps(admin: User) -> None:
    plan = factories.plan(admin)
    assert [run_create(actor=admin, plan=plan).number for _ in range(3)] == [1, 2, 3]


def test_strangers_see_no_runs_findings_or_plans(admin: User) -> None:
    run = factories.finished_run(admin)
    stranger = factories.user()
    assert not Run.objects.visible_to(stranger).exists()
    assert not Plan.objects.visible_to(stranger).exists()
    assert not Finding.objects.visible_to(stranger).exists()
    assert list(Run.objects.visible_to(admin)) == [run]
