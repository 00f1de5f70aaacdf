"""Plans, runs, findings, instruments and reports, as a program sees them."""

from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from assessments.models import Finding, Plan, Run
from assessments.registry import METHODS
from assessments.services.runs import run_create
from evidence.models import LedgerEntry
from reports.models import Report, ReportState
from tests import factories
from tests.api.base.test_answers import assert_problem
from tests.api.caller import Api

ITEM = {"instrument": "known_circuits"}


@pytest.fixture
def version(admin: User) -> Any:
    return factories.version(admin)


def test_from_a_draft_to_a_run(api: Api, version: Any) -> None:
    thresholds = [{"metric": "effect", "op": ">=", "value": 0.5}, {"metric": "effect", "op": "beyond_null"}]
    body = {"version": str(version.id), "title": "T", "claim": "C", "seed": 7, "items": [{**ITEM, "key": "one", "thresholds": thresholds}]}
    draft = api.post("plans", body)
    assert (draft.status_code, draft.json()["sealed_digest"]) == (201, "")
    item = draft.json()["document"]["items"][0]
    assert item["thresholds"] == [{"metric": "effect", "op": ">=", "value": 0.5}, {"metric": "effect", "op": "beyond_null", "value": None}]
    assert "sealed" in assert_problem(api.post("runs", {"plan": draft.json()["id"]}), 409)["detail"]
    sealed = api.post(f"plans/{draft.json()['id']}/seal").json()
    assert sealed["sealed_digest"] == sealed["digest"] == draft.json()["digest"]
    assert LedgerEntry.objects.get(pk=sealed["sealed_entry"]).payload["digest"] == sealed["digest"]
    run = api.post("runs", {"plan": sealed["id"]})
    assert (run.status_code, run.json()["state"], run.json()["ended"], run.json()["fraction"]) == (201, "queued", False, 0)
    assert [(step["key"], step["finding"]) for step in run.json()["steps"]] == [("one", None)]
    assert LedgerEntry.objects.get(action="assessments.run.started").index > sealed["sealed_entry"]


def test_the_standard_plan_needs_a_name_only(api: Api, version: Any) -> None:
    made = api.post("plans", {"version": str(version.id), "preset": "standard"})
    assert (made.status_code, len(made.json()["document"]["items"])) == (201, 4)
    assert assert_problem(api.post("plans", {"version": str(version.id), "preset": "standard", "title": "T"}), 422)["field"] == "title"
    assert {row["field"] for row in api.post("plans", {"version": str(version.id)}).json()["errors"]} == {"title", "claim", "items"}


@pytest.mark.parametrize(
    "item",
    [
        {"instrument": "no_such"},
        {"instrument": "known_circuits", "params": {"no_such": 1}},
        {"instrument": "steering_validation", "params": {"behaviour": "flying"}},
        {"instrument": "known_circuits", "key": "../../etc"},
        {"instrument": "known_circuits", "thresholds": [{"metric": "effect", "op": ">="}]},
    ],
)
def test_a_plan_that_cannot_be_run_is_refused(api: Api, version: Any, item: dict[str, Any]) -> None:
    assert_problem(api.post("plans", {"version": str(version.id), "title": "T", "claim": "C", "items": [item]}), 422)
    assert not Plan.objects.exists()


def test_plans_are_listed_by_their_seal(api: Api, admin: User) -> None:
    sealed, draft = factories.plan(admin), factories.plan(admin, seal=False)
    for query, wanted in (("sealed=true", sealed), ("sealed=false", draft), (f"version={draft.version_id}", draft)):
        assert [row["id"] for row in api.get(f"plans?{query}").json()["items"]] == [str(wanted.id)]


def test_a_changed_sealed_plan_shows(api: Api, admin: User) -> None:
    plan = factories.plan(admin)
    Plan.objects.filter(pk=plan.pk).update(document={**plan.document, "seed": 8})
    shown = api.get(f"plans/{plan.id}").json()
    assert shown["digest"] != shown["sealed_digest"]


def test_a_run_is_cancelled_and_tried_again(api: Api, admin: User) -> None:
    run = api.post("runs", {"plan": str(factories.plan(admin).id)}).json()
    cancelled = api.post(f"runs/{run['id']}/cancel").json()
    assert (cancelled["state"], cancelled["ended"]) == ("cancelled", True)
    assert_problem(api.post(f"runs/{run['id']}/cancel"), 409)
    again = api.post(f"runs/{run['id']}/retry").json()
    assert ([step["state"] for step in again["steps"]], again["state"]) == (["queued", "queued"], "queued")


def test_a_finished_run_leads_to_its_findings(api: Api, run: Run) -> None:
    finding = Finding.objects.get()
    shown = api.get(f"runs/{run.id}").json()
    assert (shown["state"], shown["fraction"], shown["finished_entry"]) == ("done", 1.0, run.finished_entry_id)
    step = shown["steps"][0]
    assert (step["finding"], step["verdict"], step["reading"]) == (str(finding.id), "not_qualified", "observed")
    day = run.created_at.date()
    for query in (f"plan={run.plan_id}", f"version={run.plan.version_id}", "state=done", f"started_from={day}&started_until={day}"):
        assert [row["number"] for row in api.get(f"runs?{query}").json()["items"]] == [run.number]
    assert api.get("runs?started_until=2001-01-01").json()["items"] == []


def test_a_finding_says_what_it_does_not_show_even_in_the_list(api: Api, run: Run) -> None:
    finding = Finding.objects.get()
    for query in (f"run={run.id}", f"version={run.plan.version_id}", "instrument=known_circuits", "verdict=not_qualified", "reading=observed"):
        (row,) = api.get(f"findings?{query}").json()["items"]
        assert (row["verdict"], row["reading"], row["does_not_show"]) == ("not_qualified", "observed", "that it matters.")
    whole = api.get(f"findings/{finding.id}").json()
    assert [(row["name"], row["value"], row["low"], row["high"]) for row in whole["measurements"]] == [("effect", 2.0, 1.5, 2.5)]
    assert whole["controls"] == [{"name": "no-op hook", "n": 1, "passed": True, "note": "bit-identical"}]
    assert whole["thresholds"][0]["met"] is True
    assert whole["figures"] == [{"name": "effect", "title": "Effect", "caption": "The effect.", "alt": "A line that rises."}]
    assert whole["result_sha256"] == finding.result_artifact.sha256
    assert LedgerEntry.objects.get(pk=whole["log_index"]).payload["result"] == whole["result_sha256"]
    assert whole["plan_digest"] == run.plan.sealed_digest


def test_the_catalogue_of_instruments(api: Api) -> None:
    rows = api.get("instruments").json()["items"]
    assert [row["slug"] for row in rows] == [method.card.slug for method in METHODS]
    assert all(row["does_not_show"] and row["qualification"] is None for row in rows)
    whole = api.get("instruments/steering_validation").json()
    behaviour = next(row for row in whole["parameters"] if row["name"] == "behaviour")
    assert "sentiment" in behaviour["choices"]
    assert all(len(digest) == 64 for digest in whole["probe_sets"].values())
    assert "known_circuits" in assert_problem(api.get("instruments/nothing"), 404)["detail"]


def test_calibration_records_stand_beside_instruments_and_findings(api: Api, admin: User, django_assert_max_num_queries: Any) -> None:
    record = factories.qualification(admin)
    run = run_create(actor=admin, plan=factories.plan(admin, ("one",)))
    finding = factories.finish(factories.worker(factories.home(admin)), run.steps.get(), factories.output_here())
    with django_assert_max_num_queries(5):
        rows = {row["slug"]: row for row in api.get("instruments").json()["items"]}
    found = rows["known_circuits"]
    assert (found["qualified"], found["cap_reasons"], rows["linear_direction"]["qualified"]) == (True, [], False)
    assert found["qualification"]["sha256"] == record.result_artifact.sha256
    assert found["qualification"]["sensitivity"]["n"] == 8
    assert any("./assay calibrate linear_direction" in reason for reason in rows["linear_direction"]["cap_reasons"])
    whole = api.get(f"findings/{finding.id}").json()
    assert (whole["verdict"], whole["cap_reasons"], whole["qualification"]["entry"]) == ("observed", [], record.attestation.entry.index)
    assert whole["qualification"]["entry"] < whole["log_index"]


def test_a_report_is_asked_for_once_per_content(api: Api, run: Run) -> None:
    body = {"run": str(run.id), "prepared_for": "The committee"}
    made = api.post("reports", body)
    assert (made.status_code, made.json()["state"], made.json()["reference"]) == (201, "requested", "R-000001")
    assert api.post("reports", body).json()["id"] == made.json()["id"]
    assert_problem(api.get(f"reports/{made.json()['id']}/pdf"), 409)
    assert assert_problem(api.post("reports", {**body, "as_of": "2001-01-01"}), 422)["field"] == "as_of"
    assert assert_problem(api.post("reports", {**body, "as_of": "20 May"}), 422)["field"] == "as_of"
    assert assert_problem(api.post("reports", {**body, "run": str(uuid4())}), 422)["field"] == "run"
    assert len(api.get(f"reports?run={run.id}&version={run.plan.version_id}&state=requested").json()["items"]) == 1


def test_a_finished_report_is_handed_out_with_its_proof(api: Api, run: Run, admin: User) -> None:
    seal = run.plan.sealed_entry
    artifact = Finding.objects.get().result_artifact
    report = Report.objects.create(
        number=7, run=run, title="T", prepared_for="P", as_of=run.created_at, state=ReportState.DONE, content_digest="0" * 64, artifact=artifact, entry=seal,
        created_by=admin,
    )  # fmt: skip
    pdf = api.get(f"reports/{report.id}/pdf")
    assert (pdf["Content-Type"], pdf["ETag"], pdf["Content-Disposition"]) == ("application/pdf", f'"{artifact.sha256}"', 'attachment; filename="R-000007.pdf"')
    assert pdf["X-Content-Type-Options"] == "nosniff"
    assert api.get(f"reports/{report.id}/pdf", if_none_match=pdf["ETag"]).status_code == 304
    proof = api.get(f"reports/{report.id}/proof")
    assert proof["Content-Type"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert seal is not None
    assert proof.json()["verificationMaterial"]["tlogEntries"][0]["logIndex"] == str(seal.index)


@pytest.mark.parametrize("path", ["plans", "runs", "findings"])
def test_long_lists_cost_few_queries(api: Api, admin: User, path: str, django_assert_max_num_queries: Any) -> None:
    run = factories.finished_run(admin, keys=tuple(f"step{n}" for n in range(8)))
    for n in range(12):
        Plan.objects.create(version=run.plan.version, title=f"P{n}", document=run.plan.document, author=admin)
        Run.objects.create(plan=run.plan, number=100 + n, requested_by=admin)
    api.get(path)
    with django_assert_max_num_queries(3):
        assert len(api.get(path).json()["items"]) >= 8


def test_a_run_with_many_steps_costs_few_queries(api: Api, admin: User, django_assert_max_num_queries: Any) -> None:
    run = factories.finished_run(admin, keys=tuple(f"step{n}" for n in range(8)))
    api.get(f"runs/{run.id}")
    with django_assert_max_num_queries(4):
        assert len(api.get(f"runs/{run.id}").json()["steps"]) == 8
