"""The calendar of the amended AI Act, day by day: what starts when, for whom, and what older systems are given."""

import datetime
from functools import cache

import pytest

from frameworks.applicability import Applicability, Bite, Use, applicability
from frameworks.importers import catalogue_read, row_fields
from frameworks.models import Framework, FrameworkVersion, Requirement
from frameworks.services import EARLIER, SHIPPED

AMENDED, PUBLISHED = SHIPPED, EARLIER[0]
III, ONE = Use("provider", "high_annex_iii", "EU"), Use("provider", "high_annex_i", "EU")
CHAT, MODEL, SYSTEMIC = Use("provider", "transparency", "EU"), Use("gpai_provider", "minimal", "EU"), Use("gpai_systemic", "minimal", "EU")
APPLIES, NOT_YET, NEVER = Bite.APPLIES, Bite.NOT_YET, Bite.NOT_APPLICABLE


@cache
def rows(path: object) -> dict[str, Requirement]:
    entry = next(row for row in catalogue_read(path).frameworks if row["id"] == "eu-ai-act")  # type: ignore[arg-type]
    version = FrameworkVersion(framework=Framework(slug="eu-ai-act", name=entry["name"], kind="law", jurisdiction="EU"))
    return {row["id"]: Requirement(version=version, position=0, **row_fields(row, {})) for row in entry["requirements"]}


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def older(use: Use, placed: str, changed: str = "", setting: str = "") -> Use:
    return Use(use.role, use.risk_class, use.jurisdiction, day(placed), day(changed) if changed else None, setting)


def asked(edition: object, ref: str, use: Use, when: datetime.date) -> Applicability:
    return applicability(rows(edition)[ref], use, when)


def test_nothing_binds_anybody_when_the_act_enters_into_force() -> None:
    for edition in (AMENDED, PUBLISHED):
        for use in (III, ONE, CHAT, MODEL, SYSTEMIC):
            assert not [ref for ref in rows(edition) if asked(edition, ref, use, day("2024-08-01")).bite == APPLIES]


@pytest.mark.parametrize(
    ("edition", "ref", "use", "begins"),
    [
        (AMENDED, "AIA-4", CHAT, "2025-02-02"),
        (AMENDED, "AIA-5", CHAT, "2025-02-02"),
        (AMENDED, "AIA-53-1a", MODEL, "2025-08-02"),
        (AMENDED, "AIA-55-1a", SYSTEMIC, "2025-08-02"),
        (AMENDED, "AIA-4a", CHAT, "2026-07-27"),
        (AMENDED, "AIA-50-1", CHAT, "2026-08-02"),
        (AMENDED, "AIA-50-2", CHAT, "2026-08-02"),
        (AMENDED, "AIA-50-2", older(CHAT, "2026-08-01"), "2026-12-02"),
        (AMENDED, "AIA-50-2", older(CHAT, "2026-08-02"), "2026-08-02"),
        (AMENDED, "AIA-5-ba-bb", CHAT, "2026-12-02"),
        (AMENDED, "AIA-53-1a", older(MODEL, "2025-08-01"), "2027-08-02"),
        (AMENDED, "AIA-55-1b", older(SYSTEMIC, "2025-08-01"), "2027-08-02"),
        (AMENDED, "AIA-53-1a", older(MODEL, "2025-08-02"), "2025-08-02"),
        (AMENDED, "AIA-9-6", III, "2027-12-02"),
        (AMENDED, "AIA-9-6", older(III, "2027-12-02"), "2027-12-02"),
        (AMENDED, "AIA-43", III, "2027-12-02"),
        (AMENDED, "AIA-72", III, "2027-12-02"),
        (AMENDED, "AIA-9-6", ONE, "2028-08-02"),
        (AMENDED, "AIA-9-6", older(III, "2027-12-01", setting="public_authority"), "2030-08-02"),
        (AMENDED, "AIA-9-6", older(III, "2027-08-01", setting="large_scale_it"), "2030-12-31"),
        (AMENDED, "AIA-9-6", older(III, "2027-08-02", setting="large_scale_it"), "2027-12-02"),
        (AMENDED, "AIA-9-6", older(III, "2027-12-01", "2028-03-01"), "2028-03-01"),
        (AMENDED, "AIA-9-6", older(III, "2026-01-01", "2027-12-02"), "2027-12-02"),
        (PUBLISHED, "AIA-4", CHAT, "2025-02-02"),
        (PUBLISHED, "AIA-53-1a", MODEL, "2025-08-02"),
        (PUBLISHED, "AIA-53-1a", older(MODEL, "2025-08-01"), "2027-08-02"),
        (PUBLISHED, "AIA-50-2", older(CHAT, "2026-08-01"), "2026-08-02"),
        (PUBLISHED, "AIA-9-6", III, "2026-08-02"),
        (PUBLISHED, "AIA-9-6", ONE, "2027-08-02"),
        (PUBLISHED, "AIA-9-6", older(ONE, "2026-08-02"), "2027-08-02"),
        (PUBLISHED, "AIA-9-6", older(III, "2026-08-01", setting="public_authority"), "2030-08-02"),
    ],
)
def test_duty_begins_on_its_day_and_not_the_day_before(edition: object, ref: str, use: Use, begins: str) -> None:
    first = day(begins)
    eve, dawn = asked(edition, ref, use, first - datetime.timedelta(days=1)), asked(edition, ref, use, first)
    assert (eve.bite, eve.begins) == (NOT_YET, first)
    assert eve.reason.startswith(f"Not yet: from {first.day} {first:%B %Y}.")
    assert (dawn.bite, dawn.begins) == (APPLIES, first)


@pytest.mark.parametrize(
    ("edition", "ref", "use"),
    [
        (AMENDED, "AIA-9-6", older(III, "2027-12-01")),
        (AMENDED, "AIA-73-2", older(III, "2027-12-01")),
        (AMENDED, "AIA-9-6", older(ONE, "2028-08-01")),
        (AMENDED, "AIA-9-6", older(III, "2026-01-01", "2027-12-01")),
        (PUBLISHED, "AIA-9-6", older(III, "2026-08-01")),
        (PUBLISHED, "AIA-9-6", older(ONE, "2026-08-01")),
    ],
)
def test_older_system_that_did_not_change_is_never_bound(edition: object, ref: str, use: Use) -> None:
    found = asked(edition, ref, use, day("2040-01-01"))
    assert (found.bite, found.begins) == (NEVER, None)
    assert "its design has not changed significantly since" in found.reason


def test_the_day_of_voluntary_guidance_begins_no_duty() -> None:
    for use in (III, ONE, CHAT, MODEL, SYSTEMIC):
        for ref in rows(AMENDED):
            assert asked(AMENDED, ref, use, day("2027-09-01")).bite == asked(AMENDED, ref, use, day("2027-09-02")).bite


@pytest.mark.parametrize(
    ("use", "reason"),
    [
        (older(III, "2027-12-01", setting="public_authority"), "meant for use by public authorities, so it has until 2 August 2030."),
        (older(III, "2027-08-01", setting="large_scale_it"), "part of a large-scale IT system of Annex X, so it has until 31 December 2030."),
        (older(III, "2027-12-01", "2028-03-01"), "It is older than 2 December 2027, but its design changed significantly on 1 March 2028."),
    ],
)
def test_transition_is_part_of_the_answer(use: Use, reason: str) -> None:
    assert asked(AMENDED, "AIA-9-6", use, day("2027-12-31")).reason.endswith(reason)
    assert asked(AMENDED, "AIA-9-6", use, day("2031-01-01")).reason.endswith(reason)
