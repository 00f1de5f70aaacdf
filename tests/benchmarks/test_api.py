"""The arithmetic of the measurement, and that what it asks of the API is there; the measurement itself needs a server and time."""

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import resolve

from accounts.models import User
from accounts.permissions import SCOPES
from benchmarks import api, measure, place, seed_procurement, seed_questionnaires
from decisions.clearance import clearance_of
from inventory.models import Vendor
from tests import factories
from tests.api.caller import token_of
from webhooks.models import Delivery, Subscription

ROOT = Path(__file__).resolve().parents[2]


class Clock:
    """Web processes that use five CPU-ms per call and a tenth of a core when nobody asks."""

    def __init__(self) -> None:
        self.now, self.asked = 0.0, 0

    def cpu_seconds(self) -> float:
        return 0.005 * self.asked + 0.1 * self.now


class Asker:
    def __init__(self, clock: Clock) -> None:
        self.server = clock

    def connect(self) -> None: ...

    def ask(self, call: measure.Call) -> int:
        self.server.asked += 1
        self.server.now += 0.02
        return 321


def test_cpu_time_is_that_of_the_calls_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(measure.time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(measure.time, "sleep", lambda seconds: setattr(clock, "now", clock.now + seconds))
    resting = measure.idle(clock)  # type: ignore[arg-type]
    assert resting == pytest.approx(0.1)
    found = measure.measure(Asker(clock), measure.Call("x", "/x", target_ms=6.0), 50, resting, queries=3)  # type: ignore[arg-type]
    assert (found.cpu_ms, found.low_ms, found.high_ms) == pytest.approx((5.0, 5.0, 5.0))
    assert (found.size, found.met) == (321, True)


@pytest.mark.parametrize(("cpu", "queries", "met"), [(15.0, 10, True), (15.1, 3, False), (1.0, 11, False)])
def test_a_target_is_met_only_when_all_parts_are(cpu: float, queries: int, met: bool) -> None:
    row = measure.Measured(measure.Call("list", "/", target_ms=15.0, target_queries=10), cpu, cpu, cpu, queries, 1000)
    assert row.met is met
    assert measure.table([row]).endswith("| yes |" if met else "| **no** |")


def test_a_call_without_a_target_is_neither_met_nor_missed() -> None:
    row = measure.Measured(measure.Call("floor", "/"), 1.0, 1.0, 1.0, 0, 10)
    assert row.met is None
    assert measure.table([row]).endswith("| – | – | 0 | – | 10 | – |") or "| – |" in measure.table([row])


@pytest.mark.parametrize("name", [name for pair in api.TABLES for name in pair])
def test_every_table_that_is_measured_is_in_the_api(name: str) -> None:
    assert {"vendors", "systems", "models", "versions"} >= {plural for plural, _ in api.TABLES}
    if name in dict(api.TABLES):
        assert resolve(f"{api.ROOT}/{name}").url_name


def test_the_row_asked_for_lies_in_the_middle(admin: User) -> None:
    rows = [factories.vendor(admin) for _ in range(5)]
    assert api.middle("vendors") == str(rows[2].pk)
    assert Vendor.objects.count() == 5


def test_procurement_has_rows_and_a_vendor_that_is_cleared(admin: User) -> None:
    admin.username = "measurer"
    admin.save(update_fields=["username"])
    vendor = factories.version(admin).model.vendor
    assert seed_procurement.fill(factories.home(admin), 3) == str(vendor.pk)
    assert clearance_of(vendor).word == "cleared"
    assert (Subscription.objects.count(), Delivery.objects.count()) == (3, 3)


def test_every_list_that_is_measured_has_rows(admin: User) -> None:
    admin.username = "measurer"
    admin.save(update_fields=["username"])
    for _ in range(3):
        factories.version(admin)
    seed_questionnaires.fill(factories.home(admin), 3)
    client = Client(headers={"Authorization": f"Bearer {token_of(admin, *SCOPES)}"})
    for name in (*api.ASKED, *api.LATER):
        assert len(client.get(f"{api.ROOT}/{name}").json()["items"]) >= 3, name
    whole = client.get(f"{api.ROOT}/questionnaires/{api.middle('questionnaires')}").json()
    assert (len(whole["answers"]), whole["current"]) == (seed_questionnaires.LONGEST, True)


def test_no_password_stands_in_what_is_printed() -> None:
    assert place.server_of("postgres://assay:hidden@db.example/assay") == "db.example:5432"


def test_the_document_names_the_command_and_every_target() -> None:
    text = (ROOT / "docs" / "benchmarks.md").read_text()
    assert "python -m benchmarks.api" in text
    for target in (api.LIST["target_ms"], api.DETAIL_MS, api.CREATE_MS):
        assert re.search(rf"≤ {target:g}\b", text)
