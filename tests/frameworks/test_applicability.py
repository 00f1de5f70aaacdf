"""Whether a duty binds a use: role, risk class, place and date, each with its reason."""

import datetime
from typing import Any

import pytest

from frameworks.applicability import Applicability, Bite, Use, applicability
from frameworks.models import Framework, FrameworkVersion, Requirement

BEFORE, FROM, ANNEX_I = datetime.date(2027, 12, 1), datetime.date(2027, 12, 2), datetime.date(2028, 8, 2)
HIGH = Use("provider", "high_annex_iii", "EU")


def duty(jurisdiction: str = "EU", **fields: Any) -> Requirement:
    version = FrameworkVersion(framework=Framework(slug="law", name="Law", kind="law", jurisdiction=jurisdiction))
    defaults = {"ref": "L-1", "roles": ["provider"], "applies_from": FROM, "details": {}}
    return Requirement(version=version, **{**defaults, **fields})


def asked(use: Use | None = HIGH, day: datetime.date = FROM, **fields: Any) -> Applicability:
    return applicability(duty(**fields), use, day)


def test_duty_bites_from_its_day_on() -> None:
    assert asked(day=BEFORE).bite == Bite.NOT_YET
    assert asked(day=BEFORE).reason == "Not yet: from 2 December 2027."
    assert asked(day=FROM).bite == Bite.APPLIES
    assert "binds providers" in asked(day=FROM).reason


def test_duty_that_ended_says_when() -> None:
    found = asked(day=datetime.date(2031, 1, 1), applies_until=datetime.date(2030, 12, 31))
    assert (found.bite, found.reason) == (Bite.ENDED, "No longer: it ended on 31 December 2030.")


def test_other_roles_are_not_bound() -> None:
    found = asked(Use("deployer", "high_annex_iii", "EU"))
    assert found.bite == Bite.NOT_APPLICABLE
    assert found.reason == "It binds providers; here you are one of the deployers."


def test_row_with_a_date_for_annex_i_is_a_high_risk_duty_and_later_for_annex_i() -> None:
    details = {"applies_from_annex_i": ANNEX_I.isoformat()}
    assert asked(details=details).bite == Bite.APPLIES
    assert asked(Use("provider", "minimal", "EU"), details=details).bite == Bite.NOT_APPLICABLE
    assert asked(Use("provider", "high_annex_i", "EU"), details=details).begins == ANNEX_I
    assert asked(Use("provider", "high_annex_i", "EU"), details=details).bite == Bite.NOT_YET


def test_named_risk_classes_narrow_further() -> None:
    details = {"risk_classes": ["high_annex_iii"]}
    assert asked(details=details).bite == Bite.APPLIES
    found = asked(Use("provider", "high_annex_i", "EU"), details=details)
    assert found.reason == "It binds high-risk systems of Annex III; this one is classed among high-risk systems of Annex I."


def test_duties_of_model_providers_do_not_hang_on_a_risk_class() -> None:
    found = asked(Use("gpai_systemic", "minimal", "EU"), roles=["gpai_systemic"], details={"applies_from_annex_i": ANNEX_I.isoformat()})
    assert found.bite == Bite.APPLIES
    assert found.begins == FROM


@pytest.mark.parametrize(
    ("role", "bound", "words"),
    [
        ("large_frontier_developer", {"gpai_systemic", "frontier_developer", "large_frontier_developer"}, "large developers of frontier models"),
        ("frontier_developer", {"gpai_systemic", "frontier_developer"}, "developers of frontier models"),
        ("gpai_systemic", {"gpai_systemic"}, "providers of general-purpose models with systemic risk"),
        ("gpai_provider", set(), "providers of general-purpose models"),
    ],
)
def test_role_brings_the_roles_with_it_that_the_law_presumes(role: str, bound: set[str], words: str) -> None:
    for other in ("gpai_systemic", "frontier_developer", "large_frontier_developer"):
        found = asked(Use(role, "minimal", "EU"), roles=[other])
        assert (found.bite == Bite.APPLIES) is (other in bound)
        assert words in found.reason
    assert asked(Use("large_frontier_developer", "minimal", "EU"), roles=["gpai_systemic"]).reason == (
        "Applies because it binds providers of general-purpose models with systemic risk, and large developers of frontier models count as such, "
        "since 2 December 2027."
    )


@pytest.mark.parametrize(
    ("law", "used_in", "binds"),
    [
        ("EU", "EU", True),
        ("EU", "DE", True),
        ("EU", "US", False),
        ("EU", "US-CA, FR", True),
        ("US-CA", "US", True),
        ("US-CA", "US-NY", False),
        ("US", "US-CA", True),
        ("international", "JP", True),
        ("EU", "worldwide", True),
        ("EU", "", True),
    ],
)
def test_place_excludes_only_where_it_is_certain(law: str, used_in: str, binds: bool) -> None:
    found = asked(Use("provider", "high_annex_iii", used_in), jurisdiction=law)
    assert (found.bite == Bite.APPLIES) is binds


def test_voluntary_framework_of_another_place_may_be_followed() -> None:
    found = asked(Use("provider", "minimal", "EU"), jurisdiction="US", voluntary=True, applies_from=None)
    assert found.bite == Bite.APPLIES
    assert found.reason.startswith("Followed by choice")


def test_model_alone_is_judged_by_the_date_only() -> None:
    assert asked(None).bite == Bite.APPLIES
    assert "choose a system" in asked(None).reason
    assert asked(None, BEFORE).bite == Bite.NOT_YET
