"""The two editions of the AI Act held against each other: exactly the rows that the amendment changed, and what it means for whom."""

import datetime
import re

import pytest

from accounts.models import User
from frameworks.applicability import Bite, Use
from frameworks.editions import Change, Kind, changes_between
from frameworks.models import Requirement
from tests import factories

pytestmark = pytest.mark.django_db
PUBLISHED, BEFORE, AMENDED = datetime.date(2024, 7, 12), datetime.date(2026, 7, 23), datetime.date(2026, 7, 24)
OLD_DAY, NEW_DAY = datetime.date(2026, 8, 1), datetime.date(2027, 12, 2)
ADDED = {"AIA-4a", "AIA-5-ba-bb", "AIA-75-1a"}
REWORDED = {"AIA-4"}
MARKING = "AIA-50-2"
"""Its day stayed; systems placed earlier were given until 2 December 2026."""
HIGH_RISK = re.compile(r"AIA-(6-4|9-|1\d(-|$)|IV-|2[0-7](-|$)|4[3-9](-|$)|7[23](-|$)|86)")
"""Articles 6(4), 9 to 27, 43 to 49, 72, 73 and 86, and Annex IV: duties of high-risk systems."""
PROVIDER = Use("provider", "high_annex_iii", "EU")


@pytest.fixture
def law(admin: User) -> None:
    factories.catalogue(admin)


def known(day: datetime.date, as_of: datetime.date | None = None) -> list[Requirement]:
    rows = Requirement.objects.known_at(day).filter(version__framework__slug="eu-ai-act").select_related("version__framework")
    return list(rows.as_of(as_of) if as_of else rows)


def changed() -> dict[str, Change]:
    return {change.row.ref: change for change in changes_between(known(BEFORE), known(AMENDED))}


def test_the_amendment_changed_exactly_these_rows(law: None) -> None:
    found = changed()
    high_risk = {row.ref for row in known(BEFORE) if HIGH_RISK.match(row.ref)}
    assert len(high_risk) == 57
    kinds = {kind: {ref for ref, change in found.items() if change.kind == kind} for kind in Kind}
    assert kinds == {Kind.ADDED: ADDED, Kind.REMOVED: set(), Kind.MOVED: high_risk | {MARKING}, Kind.REWORDED: REWORDED}


def test_every_high_risk_date_moved_as_the_calendar_says(law: None) -> None:
    found = changed()
    for ref in (ref for ref in found if HIGH_RISK.match(ref)):
        dates = {move.label: (str(move.before), str(move.after)) for move in found[ref].moves}
        assert dates["begins to bind"] == ("2026-08-02", "2027-12-02"), ref
        assert dates.get("begins for products of Annex I") in (None, ("2027-08-02", "2028-08-02")), ref
    assert [(move.before, str(move.after)) for move in found[MARKING].moves] == [(None, "2026-12-02")]


def test_days_without_news_between_them_differ_in_nothing(law: None) -> None:
    assert changes_between(known(PUBLISHED), known(BEFORE)) == []
    assert changes_between(known(AMENDED), known(AMENDED)) == []


def test_removed_row_is_told_from_an_added_one(law: None) -> None:
    back = {change.row.ref: change.kind for change in changes_between(known(AMENDED), known(BEFORE))}
    assert {ref for ref, kind in back.items() if kind == Kind.REMOVED} == ADDED


@pytest.mark.parametrize(
    ("known_at", "as_of", "count"),
    [
        (BEFORE, datetime.date(2025, 2, 1), 0),
        (BEFORE, datetime.date(2025, 2, 2), 2),
        (BEFORE, datetime.date(2025, 8, 2), 16),
        (BEFORE, OLD_DAY, 16),
        (BEFORE, datetime.date(2026, 8, 2), 77),
        (AMENDED, OLD_DAY, 17),
        (AMENDED, datetime.date(2026, 8, 2), 21),
        (AMENDED, datetime.date(2026, 12, 2), 22),
        (AMENDED, datetime.date(2027, 12, 1), 22),
        (AMENDED, NEW_DAY, 80),
    ],
)
def test_rows_in_force_on_a_day_as_known_on_a_day(law: None, known_at: datetime.date, as_of: datetime.date, count: int) -> None:
    assert len(known(known_at, as_of)) == count


@pytest.mark.parametrize(
    ("use", "as_of", "before", "after", "touched"),
    [
        (PROVIDER, OLD_DAY, Bite.NOT_YET, Bite.NOT_YET, True),
        (PROVIDER, datetime.date(2026, 8, 2), Bite.APPLIES, Bite.NOT_YET, True),
        (PROVIDER, NEW_DAY, Bite.APPLIES, Bite.APPLIES, True),
        (Use("provider", "high_annex_i", "EU"), datetime.date(2027, 8, 2), Bite.APPLIES, Bite.NOT_YET, True),
        (Use("deployer", "high_annex_iii", "EU"), NEW_DAY, Bite.NOT_APPLICABLE, Bite.NOT_APPLICABLE, False),
        (Use("provider", "minimal", "EU"), NEW_DAY, Bite.NOT_APPLICABLE, Bite.NOT_APPLICABLE, False),
        (Use("provider", "high_annex_iii", "JP"), NEW_DAY, Bite.NOT_APPLICABLE, Bite.NOT_APPLICABLE, False),
    ],
)
def test_what_a_moved_date_means_for_a_system(law: None, use: Use, as_of: datetime.date, before: Bite, after: Bite, touched: bool) -> None:
    change = changed()["AIA-9-6"]
    effect = change.effect(use, as_of)
    assert effect.before is not None
    assert effect.after is not None
    assert (effect.before.bite, effect.after.bite, change.touches(effect)) == (before, after, touched)
    assert effect.shifts is (before != after)


def test_wording_concerns_those_whom_the_row_binds(law: None) -> None:
    change = changed()["AIA-4"]
    assert (change.moves, change.reworded) == ((), ("wording",))
    assert change.touches(change.effect(Use("deployer", "minimal", "EU"), NEW_DAY))
    assert not change.touches(change.effect(Use("gpai_provider", "minimal", "EU"), NEW_DAY))


def test_added_duty_concerns_those_whom_it_binds(law: None) -> None:
    change = changed()["AIA-4a"]
    effect = change.effect(Use("deployer", "minimal", "EU"), NEW_DAY)
    assert (effect.before, effect.touches, effect.shifts) == (None, True, True)
