"""Working after an incident over the API: corrective actions, drafts of reports, and the signed reports made over them."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Role, User
from core import clock
from core.hashing import sha256_bytes
from decisions.models import ActionStep, CorrectiveAction, DraftVersion, Incident, IncidentReport
from evidence.models import LedgerEntry
from reports.incident_reports import incident_report_make
from tests import factories
from tests.api.base.test_answers import assert_problem
from tests.api.caller import Api

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(admin: User) -> Incident:
    return factories.incident(admin)


def action(admin: User, incident: Incident) -> dict[str, Any]:
    return {"incident": str(incident.pk), "text": "Keep the lists apart", "owner": str(admin.pk), "due_on": day(10)}


def day(ahead: int) -> str:
    return (clock.now().date() + timedelta(days=ahead)).isoformat()


def test_an_action_is_added_handed_on_done_with_proof_and_opened_again(api: Api, admin: User, incident: Incident) -> None:
    made = api.post("incident-actions", action(admin, incident))
    assert made.status_code == 201
    at = f"incident-actions/{made.json()['id']}"
    other = factories.user(Role.ASSESSOR, of=factories.home(admin))
    moved = api.post(f"{at}/change", {"owner": str(other.pk), "due_on": day(20), "reason": "Away until then."}).json()
    assert (moved["owner"], moved["due_on"]) == (str(other.pk), day(20))
    proof = {"name": "receipt.txt", "content": base64.b64encode(b"Merged.").decode()}
    done = api.post(f"{at}/done", {"note": "One list now.", "proof": proof}).json()
    assert done["done_at"]
    assert done["steps"][-1]["proof"] == sha256_bytes(b"Merged.")
    assert_problem(api.post(f"{at}/done", {"note": "Again."}), 409)
    assert_problem(api.post(f"{at}/change", {"owner": str(admin.pk), "due_on": day(9), "reason": "Late."}), 409)
    assert api.post(f"{at}/reopen", {"reason": "A third list turned up."}).json()["done_at"] is None
    assert [step["kind"] for step in api.get(at).json()["steps"]] == ["changed", "done", "reopened"]
    names = LedgerEntry.objects.filter(action__startswith="decisions.action").values_list("action", flat=True)
    assert [name.rpartition(".")[2] for name in names] == ["added", "changed", "done", "reopened"]


def test_an_action_that_does_not_fit_names_the_field_and_leaves_nothing(api: Api, admin: User, incident: Incident) -> None:
    auditor = factories.user(Role.AUDITOR, of=factories.home(admin))
    for more, field in (
        ({"incident": str(admin.pk)}, "incident"),
        ({"owner": str(auditor.pk)}, "owner"),
        ({"due_on": day(-1)}, "due_on"),
        ({"text": ""}, "text"),
        ({"colour": "red"}, "colour"),
    ):
        assert assert_problem(api.post("incident-actions", {**action(admin, incident), **more}), 422)["field"] == field
    assert not CorrectiveAction.objects.exists()
    row = factories.corrective_action(admin, incident)
    wrong = {"name": "proof.exe", "content": base64.b64encode(b"MZ").decode()}
    assert assert_problem(api.post(f"incident-actions/{row.pk}/done", {"note": "Done.", "proof": wrong}), 422)["field"] == "proof"
    assert not ActionStep.objects.exists()


def test_a_draft_is_saved_in_versions_and_its_report_is_fetched_signed(api: Api, admin: User, incident: Incident) -> None:
    wish = {"incident": str(incident.pk), "clock": "gdpr-33-initial", "answers": {"people": "About 40"}}
    made = api.post("incident-drafts", wish).json()
    assert (made["number"], made["answers"], made["report"]) == (1, {"people": "About 40"}, None)
    assert api.post("incident-drafts", wish).json()["id"] == made["id"], "nothing was said anew"
    second = api.post("incident-drafts", {**wish, "answers": {"people": "Exactly 41"}}).json()
    assert second["number"] == 2
    at = f"incident-drafts/{second['id']}"
    assert [api.get(f"{at}/{part}").status_code for part in ("pdf", "data", "proof")] == [409, 409, 409]
    asked = api.post(f"{at}/report").json()["report"]
    assert asked["state"] == "requested"
    assert "there is no file yet" in assert_problem(api.get(f"{at}/pdf"), 409)["detail"]
    incident_report_make(actor=factories.worker(factories.home(admin)), report=IncidentReport.objects.get())
    pdf, data = (b"".join(api.get(f"{at}/{part}").streaming_content) for part in ("pdf", "data"))  # type: ignore[attr-defined]
    assert pdf.startswith(b"%PDF")
    assert sha256_bytes(pdf) == api.get(at).json()["report"]["pdf_sha256"] == api.get(f"{at}/pdf")["ETag"].strip('"')
    assert "Exactly 41" in json.dumps(json.loads(data))
    assert api.get(f"{at}/proof").json()["mediaType"]


def test_a_draft_that_does_not_fit_names_the_field(api: Api, admin: User, incident: Incident, scoped: Any) -> None:
    wish = {"incident": str(incident.pk), "clock": "gdpr-33-initial", "answers": {"people": "About 40"}}
    for more, field in (({"clock": "gdpr-34"}, "clock"), ({"answers": {"weather": "Fine"}}, "weather"), ({"answers": {"people": 40}}, "answers.people")):
        assert assert_problem(api.post("incident-drafts", {**wish, **more}), 422)["field"] == field
    assert not DraftVersion.objects.exists()
    made = api.post("incident-drafts", wish).json()
    assert_problem(scoped("incidents:write").post(f"incident-drafts/{made['id']}/report"), 403)
    assert_problem(scoped("reports:build").post(f"incident-drafts/{made['id']}/report"), 403)
    assert scoped("reports:build", "incidents:read").post(f"incident-drafts/{made['id']}/report").status_code == 200
