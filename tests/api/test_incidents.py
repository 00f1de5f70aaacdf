"""Incidents over the API: open, enter and correct times, read the clocks, record what was sent."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from core import clock
from decisions.models import Incident, IncidentFact, Submission
from tests import factories
from tests.api.caller import Api

pytestmark = pytest.mark.django_db
NEW = {"title": "Wrong letters", "description": "Two lists.", "severity": "high", "kinds": ["personal_data_breach"], "roles": ["controller"]}
GDPR = "gdpr-33-initial"


def ago(hours: float) -> str:
    return clock.iso(clock.now() - timedelta(hours=hours))


def running(api: Api, path: str) -> dict[str, Any]:
    return next(row for row in api.get(f"{path}/clocks").json()["clocks"] if row["key"] == GDPR)


@pytest.fixture
def path(admin: User) -> str:
    return f"incidents/{factories.incident(admin).id}"


def test_the_whole_way(admin: User, api: Api) -> None:
    system = factories.system(admin)
    made = api.post("incidents", {**NEW, "systems": [str(system.id)]})
    assert made.status_code == 201
    assert made.json()["roles"] == ["high_risk_deployer", "controller"]
    assert made.json()["systems"] == [str(system.id)]
    path = made["Location"]
    assert running(api, path)["state"] == "not_started"
    assert api.post(f"{path}/facts", {"name": "aware", "at": ago(5), "source": "Ticket"}).status_code == 200
    assert api.post(f"{path}/facts", {"name": "aware", "at": ago(4), "source": "Ticket"}).status_code == 409
    found = running(api, path)
    assert (found["state"], found["due_at"]) == ("running", clock.iso(clock.now() + timedelta(hours=67))[:-3] + found["due_at"][-3:])
    corrected = api.post(f"{path}/facts/correct", {"name": "aware", "at": ago(80), "source": "Mail", "reason": "The mail came first."})
    assert [row["source"] for row in corrected.json()["facts"]] == ["Mail"]
    assert IncidentFact.objects.count() == 2
    assert running(api, path)["state"] == "overdue"
    sent = {"clock": GDPR, "submitted_at": ago(0), "reference": "DPA-7"}
    assert api.post(f"{path}/submissions", sent).status_code == 422
    done = api.post(f"{path}/submissions", {**sent, "late_reason": "Holiday"})
    assert [row["reference"] for row in done.json()["submissions"]] == ["DPA-7"]
    assert running(api, path)["state"] == "submitted_late"
    assert api.post(f"{path}/submissions", {**sent, "late_reason": "x"}).status_code == 409
    withdrawn = api.post(f"{path}/facts/correct", {"name": "aware", "source": "x", "reason": "Another incident."})
    assert withdrawn.json()["facts"] == []


def test_lists_are_filtered_tagged_and_narrow(admin: User, api: Api, stranger: Api) -> None:
    version = factories.version(admin)
    low = factories.incident(admin, severity="low", title="Low one", versions=[version])
    factories.incident(admin)
    for query in ("severity=low", "title=low", f"version={version.id}"):
        assert [row["reference"] for row in api.get(f"incidents?{query}").json()["items"]] == [low.reference], query
    assert len(api.get("incidents").json()["items"]) == 2
    assert stranger.get("incidents").json()["items"] == []
    first = api.get(f"incidents/{low.id}")
    assert api.get(f"incidents/{low.id}", if_none_match=first["ETag"]).status_code == 304
    assert api.get("incidents?mood=bad").status_code == 422


@pytest.mark.parametrize(
    ("call", "body", "field"),
    [
        ("", {**NEW, "kinds": ["nothing"]}, "kinds"),
        ("", {**NEW, "systems": ["0b9d3c52-6e0f-4a4e-9d55-0e6a6f0b8d11"]}, "systems"),
        ("", {**NEW, "holidays": ["25.12."]}, "holidays"),
        ("facts", {"name": "aware", "at": "2026-11-02 09:00", "source": "x"}, "at"),
        ("facts", {"name": "aware", "at": "2900-01-01T00:00:00Z", "source": "x"}, "at"),
        ("facts/correct", {"name": "aware", "source": "x", "reason": "y"}, "name"),
    ],
)
def test_what_is_wrong_is_named_in_a_problem_and_changes_nothing(api: Api, path: str, call: str, body: dict[str, Any], field: str) -> None:
    answer = api.post(f"{path}/{call}" if call else "incidents", body)
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert field in answer.content.decode()
    assert (Incident.objects.count(), IncidentFact.objects.count()) == (1, 0)


def test_each_scope_does_its_part(scoped: Callable[..., Api], path: str) -> None:
    fact, sent = {"name": "aware", "at": ago(1), "source": "x"}, {"clock": GDPR, "submitted_at": ago(0), "reference": "x"}
    codes = {}
    for scope in ("incidents:read", "incidents:write", "incidents:submit"):
        api = scoped(scope)
        codes[scope] = (api.get(path).status_code, api.post(f"{path}/facts", fact).status_code, api.post(f"{path}/submissions", sent).status_code)
    assert codes == {"incidents:read": (200, 403, 403), "incidents:write": (200, 200, 403), "incidents:submit": (200, 403, 200)}
    assert Submission.objects.count() == 1


def test_a_repeated_request_with_its_key_opens_one_incident(api: Api) -> None:
    first = api.post("incidents", NEW, idempotency_key="one")
    assert api.post("incidents", NEW, idempotency_key="one").json() == first.json()
    assert Incident.objects.count() == 1
