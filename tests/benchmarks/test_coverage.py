"""The register that the measurement of coverage builds, in small, and its arithmetic."""

import datetime
from pathlib import Path

import pytest

from accounts.models import Membership, Role, User
from benchmarks import coverage, seed_coverage
from core import clock
from evidence.models import EvidenceLink
from inventory.models import AISystem
from reports.coverage import today
from reports.coverage_grid import catalogue_read, cells_of, holdings_read, matrices_of
from reports.subjects import subjects_of
from tests import factories

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.django_db
def test_register_holds_what_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "source", lambda: datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC))
    person = factories.user()
    User.objects.filter(pk=person.pk).update(username="measurer")
    auditor = seed_coverage.register(factories.home(person), systems=4, links=1200)
    assert (AISystem.objects.count(), EvidenceLink.objects.count()) == (4, 1200)
    assert Membership.objects.get(user=auditor).role == Role.AUDITOR
    assert EvidenceLink.objects.filter(status="accepted").count() == 800
    holdings = holdings_read(actor=auditor, catalogue=catalogue_read(), subjects=subjects_of(AISystem.objects.all()), seen=today())
    assert sum(len(facts) for held in holdings.facts.values() for facts in held.values()) == 1200
    states = {cell.state for cell in cells_of(matrices_of(holdings, today(), today()))}
    assert states >= {"covered", "partial", "stale", "proposed", "not_yet", "not_applicable"}
    assert User.objects.filter(pk=auditor.pk).exists()


@pytest.mark.parametrize(
    ("spent", "queries", "counts", "met"), [(300.0, 10, True, "yes"), (301.0, 3, True, "**no**"), (1.0, 11, True, "**no**"), (9e9, 99, False, "–")]
)
def test_both_targets_must_be_met(spent: float, queries: int, counts: bool, met: str) -> None:
    row = coverage.Line("page", (spent, spent - 1, spent + 1), queries, 1000, counts)
    assert row.met == met
    assert coverage.table([row]).endswith(f"| {met} |")


def test_the_document_names_the_command_and_its_targets() -> None:
    text = (ROOT / "docs" / "benchmarks.md").read_text()
    assert "python -m benchmarks.coverage" in text
    assert f"≤ {coverage.TARGET_MS:g} CPU-ms, ≤ {coverage.TARGET_QUERIES} queries" in text
