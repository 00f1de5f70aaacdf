"""Plans that change, pilots, cases, packs, customers' questionnaires, blind exercises, probe sets and what follows incidents, as a program sees them."""

import base64
import io
import zipfile
from typing import Any

import pytest

from accounts.models import User
from assessments.models import Pilot, Plan, ReceivedCase, Run
from core.hashing import sha256_bytes
from decisions.services import action_complete, draft_save
from evidence.models import LedgerEntry
from questionnaires.inbound import answers_digest
from questionnaires.models import QuestionnaireRequest
from questionnaires.services.inbound import inbound_answer
from reports.cases import case_make
from reports.incident_reports import incident_report_request
from reports.models import CaseExport, VendorPack
from reports.vendor_packs import vendor_pack_make
from tests import factories
from tests.api.base.test_answers import assert_problem
from tests.api.caller import Api
from tests.api.rows import later_rows
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db


def drafted(api: Api, admin: User) -> Any:
    items = [{"instrument": "known_circuits", "key": "one", "thresholds": [{"metric": "effect", "op": ">=", "value": 0.5}]}]
    return api.post("plans", {"version": str(factories.version(admin).id), "title": "T", "claim": "C", "seed": 7, "items": items}).json()


def test_a_draft_is_changed_in_part_and_discarded(api: Api, admin: User) -> None:
    draft = drafted(api, admin)
    at = f"plans/{draft['id']}"
    changed = api.change(at, {"claim": "Another claim."}).json()
    assert (changed["title"], changed["document"]["claim"], changed["document"]["seed"]) == ("T", "Another claim.", 7)
    assert changed["document"]["items"] == draft["document"]["items"]
    assert LedgerEntry.objects.get(action="assessments.plan.revised").payload["previous"] == draft["digest"]
    assert api.change(at, {"items": [{"instrument": "known_circuits", "key": "two"}]}).json()["document"]["items"][0]["key"] == "two"
    assert assert_problem(api.change(at, {"items": [{"instrument": "guessing"}]}), 422)["detail"]
    assert_problem(api.patch(at, {"claim": "Late."}, if_match='"old"'), 412)
    assert api.post(f"{at}/discard").json() == {"id": draft["id"]}
    assert_problem(api.get(at), 404)
    assert LedgerEntry.objects.filter(action="assessments.plan.discarded").count() == 1


def test_a_sealed_plan_can_neither_change_nor_go(api: Api, admin: User) -> None:
    plan = factories.plan(admin)
    assert "sealed" in assert_problem(api.change(f"plans/{plan.pk}", {"title": "Other"}), 409)["detail"]
    assert_problem(api.post(f"plans/{plan.pk}/discard"), 409)
    assert Plan.objects.get(pk=plan.pk).document == plan.document


def test_a_pilot_is_opened_followed_and_ended(api: Api, admin: User) -> None:
    version = factories.endpoint(admin)
    assert assert_problem(api.post("pilots", {"version": str(factories.version(admin).pk)}), 422)["field"] == "version"
    made = api.post("pilots", {"version": str(version.pk), "days": 9, "baseline": 3, "least": 0.2}).json()
    assert (made["rule"]["days"], made["rule"]["least"], made["drift"]["readings"], len(made["days"])) == (9, 0.2, 0, 9)
    assert made["sealed_digest"] == Pilot.objects.get().plan.sealed_digest
    assert_problem(api.post("pilots", {"version": str(version.pk)}), 409)
    ended = api.post(f"pilots/{made['id']}/end", {"reason": "Replaced."}).json()
    assert (ended["state"], ended["reason"], {row["state"] for row in ended["days"]}) == ("stopped", "Replaced.", {"dropped"})
    assert api.get("pilots?state=open").json()["items"] == []


def test_a_case_is_asked_for_and_fetched(api: Api, admin: User, run: Run) -> None:
    made = api.post("cases", {"run": str(run.pk)}).json()
    assert (made["state"], made["sha256"]) == ("requested", "")
    at = f"cases/{made['id']}"
    assert "no file yet" in assert_problem(api.get(f"{at}/content"), 409)["detail"]
    case_make(actor=admin, case=CaseExport.objects.get())
    file = api.get(f"{at}/content")
    data = b"".join(file.streaming_content)  # type: ignore[attr-defined]
    assert (file["Content-Type"], file["ETag"]) == ("application/zip", f'"{api.get(at).json()["sha256"]}"')
    assert any(name.endswith("trusted_root.json") or "log" in name for name in zipfile.ZipFile(io.BytesIO(data)).namelist())
    assert api.get(f"{at}/content", if_none_match=file["ETag"]).status_code == 304


def test_a_vendors_case_is_refused_with_its_checks_or_answered_with_what_is_here(api: Api, admin: User) -> None:
    version = factories.version(admin)
    vendor, key = version.model.vendor, factories.vendor_key(admin, version.model.vendor)
    body = {"vendor": str(vendor.pk), "content": base64.b64encode(b"no ZIP").decode()}
    refused = api.post("received-cases/import", body, idempotency_key="one").json()
    assert (refused["outcome"], refused["case"], refused["sha256"]) == ("refused", None, sha256_bytes(b"no ZIP"))
    assert {row["slug"]: row["state"] for row in refused["checks"]}["file"] == "failed"
    assert LedgerEntry.objects.filter(action="assessments.case.refused").count() == 1, "the refusal is kept although nothing else is"
    case = factories.received_case(admin, version, key)
    ReceivedCase.objects.filter(pk=case.pk).update(sha256=refused["sha256"])
    again = api.post("received-cases/import", body).json()
    assert (again["outcome"], again["repeated"], again["case"]) == (case.outcome, True, str(case.pk))
    shown = api.get(f"received-cases/{case.pk}").json()
    assert (shown["sha256"], shown["key"], shown["run"]) == (refused["sha256"], key.fingerprint, str(case.run.pk))
    assert assert_problem(api.post("received-cases/import", {**body, "content": "not base64"}), 422)["field"] == "content"


def test_a_pack_says_what_the_record_says_and_is_fetched_signed(api: Api, admin: User, scoped: Any) -> None:
    vendor = rows.reviewed(admin).vendor
    made = api.post("vendor-packs", {"vendor": str(vendor.pk)}).json()
    assert (made["state"], made["signed_sha256"], made["content"]["vendor"]["name"]) == ("requested", None, vendor.name)
    assert api.post("vendor-packs", {"vendor": str(vendor.pk)}).json()["id"] == made["id"]
    assert_problem(scoped("reports:build", "inventory:read").post("vendor-packs", {"vendor": str(vendor.pk)}), 403)
    at = f"vendor-packs/{made['id']}"
    assert [api.get(f"{at}/{part}").status_code for part in ("pdf", "proof")] == [409, 409]
    vendor_pack_make(actor=admin, pack=VendorPack.objects.get())
    pdf = api.get(f"{at}/pdf")
    assert b"".join(pdf.streaming_content).startswith(b"%PDF")  # type: ignore[attr-defined]
    assert pdf["ETag"] == f'"{api.get(at).json()["signed_sha256"]}"'
    assert api.get(f"{at}/proof").json()["mediaType"]


def test_a_customers_questionnaire_is_read_with_what_we_say(api: Api, admin: User) -> None:
    row = QuestionnaireRequest.objects.get(pk=rows.inbound_values(admin)["inbound_id"])
    rows.request(admin)
    inbound_answer(actor=admin, request=row, question="q001", raw="Yes, every night.")
    assert [found["id"] for found in api.get("inbound-questionnaires?customer=bank").json()["items"]] == [str(row.pk)]
    whole = api.get(f"inbound-questionnaires/{row.pk}").json()
    assert [(line["question"], line["text"], line["revision"]) for line in whole["lines"]] == [("q001", "Yes, every night.", 1), ("q002", "", 0)]
    assert (whole["unanswered"], whole["answers_digest"]) == (1, answers_digest(row))
    assert_problem(api.get(f"inbound-questionnaires/{rows.request(admin).pk}"), 404)


def test_a_blind_exercise_says_nothing_of_its_truth(api: Api, admin: User) -> None:
    row, truth = factories.blind_exercise(admin)
    answer = api.get(f"blind-exercises/{row.pk}")
    assert (answer.json()["commitment"], answer.json()["planted"], answer.json()["outcome"]) == (row.commitment, "", "")
    assert truth.encode() not in answer.content
    assert len(api.get("blind-exercises?state=sealed").json()["items"]) == 1


def test_a_probe_set_is_found_by_its_digest(api: Api, admin: User) -> None:
    row = factories.probe_set(admin)
    assert api.get(f"probe-sets?digest={row.digest}").json()["items"][0]["artifact"] == str(row.artifact_id)


def test_actions_and_drafts_of_an_incident_are_read(api: Api, admin: User) -> None:
    incident = factories.incident(admin)
    done = action_complete(actor=admin, action=factories.corrective_action(admin, incident), note="Two lists are one now.")
    waiting = factories.corrective_action(admin, incident)
    found = {word: [row["id"] for row in api.get(f"incident-actions?incident={incident.pk}&open={word}").json()["items"]] for word in ("true", "false")}
    assert found == {"true": [str(waiting.pk)], "false": [str(done.pk)]}
    step = api.get(f"incident-actions/{done.pk}").json()["steps"][0]
    assert (step["kind"], step["note"], step["by"]) == ("done", "Two lists are one now.", str(admin.pk))
    version = draft_save(actor=admin, incident=incident, key="gdpr-33-initial", answers={"people": "About 40"})
    assert api.get(f"incident-drafts/{version.pk}").json()["report"] is None
    report = incident_report_request(actor=admin, version=version)
    whole = api.get(f"incident-drafts/{version.pk}").json()
    assert (whole["answers"], whole["report"]["reference"], whole["report"]["state"]) == ({"people": "About 40"}, report.reference, "requested")
    assert "answers" not in api.get("incident-drafts?clock=gdpr-33-initial").json()["items"][0]


def test_the_new_lists_cost_few_queries_however_many_rows(api: Api, admin: User, run: Run, django_assert_max_num_queries: Any) -> None:
    lists = [*later_rows(admin, run), "questionnaires"]
    for _ in range(3):
        factories.corrective_action(admin, factories.incident(admin))
        factories.questionnaire_campaign(admin)
        factories.pilot(admin)
    api.get("me")
    for name in lists:
        api.get(name)
        with django_assert_max_num_queries(8 if name == "questionnaires" else 3):
            assert api.get(name).json()["items"], name
