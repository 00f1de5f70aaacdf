"""What is read into the snapshot: complete, without names of persons, and only in the order the log proves."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Role, User
from assessments.contracts import Control, OutputFile, Reading
from assessments.models import Run
from assessments.services.runs import run_create
from assessments.services.steps import step_finish, step_spec
from core import clock
from core.canonical import canonical_json
from core.errors import IntegrityFailed
from evidence.models import EvidenceLink, LedgerEntry
from evidence.services import link_propose, link_review
from evidence.storage import blob_read
from frameworks.models import Requirement
from gpu_tasks import leases
from gpu_tasks.worker import store_output
from inventory.services import deployment_register
from reports.queries import attestations_of, content_read, files_read, step_title
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(admin: User) -> Run:
    factories.catalogue(admin)
    return factories.finished_run(admin, ("known_circuits", "linear_direction.harm"))


def today() -> datetime.date:
    return clock.now().date()


def linked(actor: User, run: Run, ref: str = "AIA-15-4") -> EvidenceLink:
    """A link of the first step to a requirement, proposed by the service account."""
    requirement = Requirement.objects.known_at(today()).get(ref=ref)
    artifact, why = run.steps.all()[0].finding.result_artifact, "It was measured."
    return link_propose(actor=actor, artifact=artifact, requirement=requirement, evidence_kind="board_minutes", rationale=why, tier="not_qualified")


def test_content_read_can_be_hashed_and_repeats_itself(run: Run) -> None:
    assert canonical_json(content_read(run, today())) == canonical_json(content_read(run, today()))


def test_content_read_names_exactly_which_weights_are_meant(run: Run) -> None:
    subject, version = content_read(run, today())["subject"], run.plan.version
    assert (subject["weights_digest"], subject["tokenizer_digest"], subject["template_digest"]) == ("cd" * 32, "ef" * 32, "")
    assert subject["weights_manifest"] == version.weights_manifest
    assert (subject["vendor"], subject["model"]) == (version.model.vendor.name, version.model.name)


def test_content_read_lists_active_systems_only(admin: User, run: Run) -> None:
    system = factories.system(admin, name="Letter sorting")
    used = deployment_register(actor=admin, system=system, version=run.plan.version, environment="production")
    assert [row["name"] for row in content_read(run, today())["systems"]] == ["Letter sorting"]
    used.active = False
    used.save()
    assert content_read(run, today())["systems"] == []


def test_content_read_shows_both_log_entries_in_order(run: Run) -> None:
    content = content_read(run, today())
    assert content["plan"]["entry"] < content["run"]["started_entry"] < min(step["entry"] for step in content["steps"])
    assert max(step["entry"] for step in content["steps"]) < content["run"]["finished_entry"]
    assert content["plan"]["digest"] == run.plan.sealed_digest


def test_content_read_refuses_a_seal_that_came_after_the_run_began(run: Run) -> None:
    run.plan.sealed_entry = LedgerEntry.objects.order_by("-index").first()
    with pytest.raises(IntegrityFailed, match="seal must come before"):
        content_read(run, today())


def test_content_read_says_who_asked_by_role_and_not_by_name(admin: User, run: Run) -> None:
    content = content_read(run, today())
    assert content["run"]["requested_by"] == ["Administrator"]
    assert admin.username not in json.dumps(content)


def test_content_read_carries_reading_and_capped_verdict(run: Run) -> None:
    for step in content_read(run, today())["steps"]:
        assert (step["reading"], step["verdict"], step["qualification"]) == ("observed", "not_qualified", None)


def test_content_read_keeps_measurements_thresholds_controls_and_counts(run: Run) -> None:
    step = content_read(run, today())["steps"][0]
    row = step["measurements"][0]
    assert (row["name"], row["value"], row["low"], row["high"], row["null_low"], row["n"]) == ("effect", 2.0, 1.5, 2.5, None, 10)
    assert step["thresholds"] == [{"metric": "effect", "text": "≥ 1", "met": True}]
    assert step["controls"] == [{"name": "no-op hook", "n": 1, "passed": True, "note": "bit-identical"}]
    assert step["counts"] == {"items": 10, "unscored": 0, "errored": 0}
    assert step["figures"][0]["spec"]["mark"] == "point"


def test_content_read_states_the_sealed_thresholds_of_the_plan(run: Run) -> None:
    item = content_read(run, today())["plan"]["items"][1]
    assert (item["key"], item["title"]) == ("linear_direction.harm", "Linear direction: harm")
    assert item["thresholds"] == [{"metric": "effect", "text": "≥ 1"}]


def test_content_read_discloses_every_other_run_on_the_same_weights(admin: User, run: Run) -> None:
    assert content_read(run, today())["run"]["others"] == []
    same = run_create(actor=admin, plan=run.plan)
    other = run_create(actor=admin, plan=factories.plan(admin, ("three",), version=run.plan.version))
    run_create(actor=admin, plan=factories.plan(admin, ("four",)))
    found = content_read(run, today())["run"]["others"]
    assert [(row["number"], row["same_plan"], row["state"]) for row in found] == [(same.number, True, "Queued"), (other.number, False, "Queued")]


def row_of(run: Run, ref: str = "AIA-15-4", kind: str = "board_minutes") -> list[dict[str, Any]]:
    """Links of ``kind`` shown under requirement ``ref``."""
    rows = content_read(run, today())["requirements"]["rows"]
    return [link for row in rows if row["ref"] == ref for link in row["links"] if link["evidence_kind"] == kind]


def test_links_are_shown_with_their_status_as_of_the_day(admin: User, run: Run) -> None:
    link = linked(admin, run)
    assert [row["status"] for row in row_of(run)] == ["proposed"]
    link_review(actor=admin, link=link, accept=True, rationale="Checked.")
    assert [(row["status"], row["step"], row["tier"]) for row in row_of(run)] == [("accepted", "known_circuits", "not_qualified")]


def test_a_decision_made_after_the_day_does_not_count_yet(admin: User, run: Run) -> None:
    link = link_review(actor=admin, link=linked(admin, run), accept=False, rationale="Too narrow.")
    EvidenceLink.objects.filter(pk=link.pk).update(reviewed_at=clock.now() + datetime.timedelta(days=2))
    assert [row["status"] for row in row_of(run)] == ["proposed"]


def test_a_link_proposed_after_the_day_is_not_shown(admin: User, run: Run) -> None:
    link = linked(admin, run)
    EvidenceLink.objects.filter(pk=link.pk).update(created_at=clock.now() + datetime.timedelta(days=2))
    assert row_of(run) == []


def test_what_the_instruments_proposed_is_shown_under_its_requirement(run: Run) -> None:
    shown = [link for row in content_read(run, today())["requirements"]["rows"] for link in row["links"]]
    assert len(shown) == EvidenceLink.objects.count() > 0
    assert {link["status"] for link in shown} == {"proposed"}


def test_requirements_say_whether_they_are_in_force(admin: User, run: Run) -> None:
    linked(admin, run)
    linked(admin, run, "NIST-AIRMF-MEASURE-2.13")
    rows = {row["ref"]: row for row in content_read(run, today())["requirements"]["rows"]}
    assert (rows["AIA-15-4"]["voluntary"], rows["AIA-15-4"]["applies"]) == (False, rows["AIA-15-4"]["applies_from"] <= today().isoformat())
    assert (rows["NIST-AIRMF-MEASURE-2.13"]["applies_from"], rows["NIST-AIRMF-MEASURE-2.13"]["applies"]) == (None, True)


def test_coverage_counts_add_up_to_the_requirements_in_force(run: Run) -> None:
    rows = content_read(run, today())["requirements"]["coverage"]
    in_force = Requirement.objects.known_at(today()).as_of(today()).count()
    assert sum(row["applying"] for row in rows) == in_force > 0
    for row in rows:
        assert row["applying"] == sum(row[name] for name in ("covered", "partial", "stale", "proposed", "missing"))


def test_coverage_counts_links_on_the_steps_of_the_version(admin: User, run: Run) -> None:
    link = linked(admin, run, "NIST-AIRMF-MEASURE-2.1")

    def counts() -> tuple[int, int, int]:
        rows = content_read(run, today())["requirements"]["coverage"]
        return tuple(sum(row[name] for row in rows) for name in ("proposed", "partial", "covered"))  # type: ignore[return-value]

    before = counts()
    assert before[0] > 0
    link_review(actor=admin, link=link, accept=True, rationale="Checked.")
    after = counts()
    assert after[0] == before[0] - 1
    assert sum(after[1:]) == sum(before[1:]) + 1


def test_coverage_leaves_out_links_of_other_versions(admin: User, run: Run) -> None:
    other = factories.finished_run(admin, ("one",))
    before = content_read(other, today())["requirements"]["coverage"]
    linked(admin, run, "NIST-AIRMF-MEASURE-2.1")
    assert content_read(other, today())["requirements"]["coverage"] == before


def test_attestations_of_gives_seal_run_steps_and_decisions_but_no_drafts(admin: User, run: Run) -> None:
    link_review(actor=admin, link=linked(admin, run), accept=True, rationale="Checked.")
    actions = [row.entry.action for row in attestations_of(run)]
    assert actions == [
        "inventory.modelversion.registered",
        "assessments.plan.sealed",
        "assessments.run.started",
        "assessments.step.done",
        "assessments.step.done",
        "assessments.run.done",
        "evidence.link.accepted",
    ]


def test_attestations_of_leaves_out_other_runs_of_the_same_plan(admin: User, run: Run) -> None:
    other = run_create(actor=admin, plan=run.plan)
    assert other.subject not in {row.entry.subject for row in attestations_of(run)}


def test_files_read_gives_flat_names_and_no_figures(admin: User, tmp_path: Path) -> None:
    (tmp_path / "items.parquet").write_bytes(b"PAR1 raw PAR1")
    files = (OutputFile("items.parquet", "application/vnd.apache.parquet", "items", "Raw items"),)
    run = run_create(actor=admin, plan=factories.plan(admin, ("known_circuits",)))
    robot = factories.worker(factories.home(admin))
    rows = files_read(finish(robot, run, tmp_path, files=files, controls=(Control("twin", 3, None, "gives a null"),), reading=Reading.NULL))
    assert [row["name"] for row in rows] == ["known_circuits.items.parquet", "known_circuits.result.json"]
    assert blob_read(rows[0]["sha256"]) == b"PAR1 raw PAR1"


def finish(robot: User, run: Run, workdir: Path, **output: Any) -> Any:
    """End the only step of ``run`` with files; its attestation."""
    step = run.steps.get()
    lease = leases.claim(actor=robot, step_id=step.id, worker="test")
    assert lease is not None
    step.refresh_from_db()
    result = factories.output(**output)
    step_finish(actor=robot, step=step, token=lease.token, output=result, artifacts=store_output(step_spec(step), result, workdir))
    step.refresh_from_db()
    return step.attestation


def test_content_read_makes_few_queries_however_many_steps(admin: User, run: Run, django_assert_max_num_queries: Any) -> None:
    more = factories.finished_run(admin, ("a", "b", "c", "d", "e", "f"))
    for found, steps in ((run, 2), (more, 6)):
        # Coverage takes two queries for each step with links.
        with django_assert_max_num_queries(26 + 2 * steps):
            content_read(Run.objects.get(pk=found.pk), today())


@pytest.mark.parametrize(
    ("key", "title"),
    [("known_circuits", "Known circuits"), ("steering_validation.refusal", "Steering validation: refusal")],
)
def test_step_title_follows_from_the_key(key: str, title: str) -> None:
    assert step_title(key) == title


def test_content_read_shows_a_person_with_two_roles_by_both(admin: User) -> None:
    assessor = factories.user(Role.ASSESSOR, of=factories.home(admin))
    factories.Membership.objects.create(user=assessor, organisation=factories.home(admin), role=Role.APPROVER)
    robot = factories.worker(factories.home(admin))
    run = run_create(actor=assessor, plan=factories.plan(admin, ("one",)))
    factories.finish(robot, run.steps.get())
    run.refresh_from_db()
    assert content_read(run, today())["run"]["requested_by"] == ["Approver", "Assessor"]
