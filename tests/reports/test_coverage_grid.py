"""Coverage of many systems at once: the same states as the matrix, what makes evidence go stale, and exactly what an amendment moves."""

import datetime
import itertools
from typing import Any

import pytest

from accounts.models import Role, User
from assessments.models import AddedProbeSet, Finding, Run
from decisions.services import exemption_decide, exemption_propose
from evidence.models import EvidenceLink
from evidence.services import link_review
from frameworks.applicability import Bite
from frameworks.editions import changes_between
from frameworks.models import Requirement
from inventory.models import AISystem, OurRole, RiskClass
from inventory.services import deployment_end, deployment_register
from reports.charts import figure_svg
from reports.coverage import Matrix, matrix_read, requirements_known, today
from reports.coverage_grid import catalogue_read, holdings_read, matrices_of
from reports.coverage_groups import group_of
from reports.coverage_trend import trend_figure, trend_of
from reports.requirements import version_coverage
from reports.subjects import subjects_of
from tests import factories

pytestmark = pytest.mark.django_db
LATER = datetime.date(2027, 12, 2)


@pytest.fixture
def run(admin: User) -> Run:
    factories.catalogue(admin)
    return factories.finished_run(admin)


@pytest.fixture
def system(admin: User, run: Run) -> AISystem:
    row = factories.system(admin, name="Letters", our_role=OurRole.PROVIDER)
    deployment_register(actor=admin, system=row, version=run.plan.version, environment="production")
    return row


def grid(actor: User, as_of: datetime.date = LATER, known_at: datetime.date | None = None) -> dict[str, Matrix]:
    subjects = subjects_of(AISystem.objects.visible_to(actor))
    known = known_at or today()
    holdings = holdings_read(actor=actor, catalogue=catalogue_read(), subjects=subjects, seen=min(known, max(as_of, today())))
    return matrices_of(holdings, as_of, known)


def states(matrix: Matrix) -> dict[tuple[str, str], str]:
    return {(cell.subject.name, cell.requirement.ref): cell.state for cell in matrix.cells()}


def state(actor: User, ref: str = "AIA-11-1", **days: Any) -> str:
    return states(grid(actor, **days)["eu-ai-act"])["Letters", ref]


def accept(actor: User, **fields: Any) -> EvidenceLink:
    return link_review(actor=actor, link=EvidenceLink.objects.get(requirement__ref="AIA-11-1"), accept=True, rationale="Read.", **fields)


@pytest.mark.parametrize("day", [LATER, datetime.date(2026, 8, 1)])
def test_grid_says_what_the_matrix_says(admin: User, system: AISystem, day: datetime.date) -> None:
    factories.system(admin, name="Chat", our_role=OurRole.DEPLOYER, risk_class=RiskClass.MINIMAL)
    accept(admin, valid_until=LATER)
    whole = grid(admin, as_of=day)
    for slug, found in whole.items():
        one = matrix_read(actor=admin, framework=slug, subjects=subjects_of(AISystem.objects.all()), as_of=day, known_at=today())
        assert states(found) == states(one)
    assert len(whole) == 6


def test_evidence_about_a_version_no_longer_at_work_is_stale(admin: User, system: AISystem) -> None:
    accept(admin)
    assert state(admin) == "partial"
    deployment_end(actor=admin, deployment=system.deployments.get(), reason="Replaced.")
    assert state(admin) == "stale"


def test_evidence_is_stale_once_the_record_of_its_instrument_has_ended(admin: User, system: AISystem, run: Run) -> None:
    accept(admin)
    record = factories.qualification(admin)
    Finding.objects.update(qualification=record, cap_reasons=[])
    ends = record.valid_until.date()
    row = Requirement.objects.filter(ref="AIA-11-1")
    row.update(applies_from=datetime.date(2024, 1, 1))
    after = ends + datetime.timedelta(days=1)
    assert [state(admin, as_of=ends), state(admin, as_of=after)] == ["partial", "stale"]
    # The version's own page and the assessment report count by the same reasons.
    told = [next(found for found in version_coverage(run.plan.version, day) if found.requirement.ref == "AIA-11-1").state for day in (ends, after)]
    assert told == ["partial", "stale"]


def test_evidence_is_stale_once_its_probe_set_was_replaced(admin: User, system: AISystem, run: Run) -> None:
    accept(admin)
    first = factories.probe_set(admin)
    run.plan.document["items"][0]["probe_sets"] = {first.slug: first.digest}
    type(run.plan).objects.filter(pk=run.plan_id).update(document=run.plan.document)
    assert state(admin) == "partial"
    kept = {name: getattr(first, name) for name in ("organisation", "slug", "title", "items", "families", "baseline", "artifact", "added_by")}
    AddedProbeSet.objects.create(version="2", digest="22" * 32, **kept)
    assert state(admin) == "stale"


def test_demanded_tier_is_honoured(admin: User, system: AISystem) -> None:
    link = accept(admin)
    for wanted, hoped in (("not_qualified", 1), ("replicated", 0)):
        Requirement.objects.filter(ref="AIA-11-1").update(details={"tier": wanted}, evidence_kinds=[link.evidence_kind])
        cell = next(cell for cell in grid(admin)["eu-ai-act"].cells() if cell.requirement.ref == "AIA-11-1")
        assert (len(cell.answer.current), len(cell.answer.weak)) == (hoped, 1 - hoped)
        assert cell.state == ("covered" if hoped else "partial")


def test_judgement_falls_with_the_wording(admin: User, system: AISystem) -> None:
    row = Requirement.objects.known_at(today()).get(ref="AIA-9-6")
    asked = exemption_propose(actor=admin, system=system, requirement=row, reason="It is a toy.")
    assert state(admin, "AIA-9-6") == "missing"
    exemption_decide(actor=factories.user(Role.APPROVER, of=factories.home(admin)), exemption=asked, approve=True, reason="Seen.")
    assert state(admin, "AIA-9-6") == "not_applicable"
    assert state(admin, "AIA-9-6", known_at=today() - datetime.timedelta(days=1)) == "missing"
    Requirement.objects.filter(pk=row.pk).update(gist="Test it twice.")
    assert state(admin, "AIA-9-6") == "missing"


def test_two_days_and_two_states_of_knowledge_differ_by_the_amendment_alone(admin: User, system: AISystem) -> None:
    """From 2026-08-01 to 2027-12-02, and across 2026-07-24: a state changes exactly where the rows themselves say so."""
    factories.system(admin, name="Toy", our_role=OurRole.PROVIDER, risk_class=RiskClass.HIGH_ANNEX_I)
    before, after = datetime.date(2026, 7, 23), datetime.date(2026, 7, 24)
    changed = {change.row.ref for change in changes_between(requirements_known("eu-ai-act", before), requirements_known("eu-ai-act", after))}
    assert len(changed) == 62
    moved: dict[datetime.date, set[tuple[str, str]]] = {}
    for day in (datetime.date(2026, 8, 1), datetime.date(2026, 8, 2), LATER):
        old, new = (states(grid(admin, day, known)["eu-ai-act"]) for known in (before, after))
        moved[day] = {place for place in old.keys() | new.keys() if old.get(place) != new.get(place)}
        assert {ref for _, ref in moved[day]} <= changed
    assert ("Letters", "AIA-9-6") in moved[datetime.date(2026, 8, 2)]
    assert not any(place == ("Letters", "AIA-9-6") for place in moved[datetime.date(2026, 8, 1)] | moved[LATER])
    assert ("Toy", "AIA-9-6") in moved[LATER]
    first, last = (states(grid(admin, day)["eu-ai-act"]) for day in (datetime.date(2026, 8, 1), LATER))
    rows = {row.ref: row for row in requirements_known("eu-ai-act", today())}
    for name, ref in itertools.product(("Letters",), rows):
        begins = rows[ref].applies_from
        bites = first[name, ref] != "not_applicable" and begins is not None and datetime.date(2026, 8, 1) < begins <= LATER
        assert (first[name, ref] != last[name, ref]) == bites, ref


def test_stranger_reads_no_evidence(admin: User, system: AISystem) -> None:
    accept(admin)
    subjects = subjects_of(AISystem.objects.all())
    holdings = holdings_read(actor=factories.user(Role.AUDITOR), catalogue=catalogue_read(), subjects=subjects, seen=today())
    assert not holdings.facts


def test_cells_that_do_not_apply_hold_no_evidence(admin: User, system: AISystem) -> None:
    accept(admin)
    cells = [cell for cell in grid(admin, as_of=today())["eu-ai-act"].cells() if cell.applies.bite != Bite.APPLIES]
    assert cells
    assert not any(cell.answer.current for cell in cells)


GROUPS = {
    "AIA-9-6": "Article 9",
    "AIA-4a": "Article 4a",
    "AIA-XI-s2": "Annex XI",
    "COP-A3.1": "Appendix 3",
    "COP-10.1": "Commitment 10",
    "NIST-AIRMF-MAP-1.6": "MAP 1",
    "ISO42001-A.10.2": "A.10",
    "SB53-12b1": "Section 12",
    "RAISE-1421-red": "Section 1421",
    "OWN-7-b": "OWN-7",
}


@pytest.mark.parametrize(("ref", "group"), GROUPS.items())
def test_groups(ref: str, group: str) -> None:
    assert group_of(ref) == group


def test_trend_is_worked_out_from_what_was_known_each_week(admin: User, system: AISystem) -> None:
    Requirement.objects.filter(ref="AIA-11-1").update(applies_from=datetime.date(2024, 1, 1))
    link = accept(admin)
    back = datetime.timedelta(weeks=2)
    EvidenceLink.objects.filter(pk=link.pk).update(created_at=link.created_at - 2 * back, reviewed_at=link.reviewed_at - back)
    subjects = subjects_of(AISystem.objects.visible_to(admin))
    weeks = trend_of(holdings_read(actor=admin, catalogue=catalogue_read(), subjects=subjects, seen=today()), today(), 6)
    assert [week.counts["partial"] for week in weeks] == [0, 0, 0, 1, 1, 1]
    figure = trend_figure(weeks)
    assert figure["alt"].startswith(f"On {today().isoformat()}: 0 covered, 1 partly covered,")
    assert "<svg" in figure_svg(figure["spec"])
