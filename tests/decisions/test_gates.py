"""Conditions of gates as plain values: what each kind says when it is met, not met, and when nobody can tell."""

import datetime
from typing import Any

import pytest

from core.errors import InvalidInput
from decisions.conditions import Condition, CoverageFact, DrillFact, Facts, FindingFact, IncidentFact, QuestionnaireFact, keyed, parse, words
from decisions.evaluation import evaluate, outcome_of
from decisions.gate_vocabulary import KINDS, STEPS, Outcome, Standing
from decisions.policies import Draft, check, shipped

TODAY = datetime.date(2027, 3, 3)
MET, NOT_MET, UNKNOWN = Standing.MET, Standing.NOT_MET, Standing.UNKNOWN


def finding(verdict: str = "observed", entry: int = 9, **fields: Any) -> FindingFact:
    rest = {"headline": "It is seen", "readings": {"effect": 2.0}, "failed_controls": (), "artifact": "ab" * 32}
    return FindingFact(
        **{"key": f"f{entry}", "version": "v", "instrument": "steering", "axes": frozenset({"sentiment"}), "verdict": verdict, "entry": entry, **rest, **fields}
    )


def facts(*findings: FindingFact, **fields: Any) -> Facts:
    return Facts(**{"today": TODAY, "versions": {"v": "M · v1"}, "findings": findings, **fields})


def one(kind: str, record: Facts, **fields: Any) -> tuple[Standing, str]:
    result = evaluate([Condition("c1", kind, **fields)], record)[0]
    return result.standing, result.reason


@pytest.mark.parametrize(
    ("verdict", "tier", "standing"),
    [
        ("observed", "observed", MET),
        ("causal", "observed", MET),
        ("replicated", "replicated", MET),
        ("observed", "causal", NOT_MET),
        ("null", "observed", NOT_MET),
        ("null", "", MET),
        ("not_qualified", "", UNKNOWN),
        ("inconclusive", "observed", UNKNOWN),
        ("not_applicable", "observed", UNKNOWN),
    ],
)
def test_finding_by_tier(verdict: str, tier: str, standing: Standing) -> None:
    assert one("finding", facts(finding(verdict)), instrument="steering", tier=tier)[0] == standing


@pytest.mark.parametrize(
    ("op", "value", "standing"),
    [
        (">=", 2.0, MET),
        (">", 2.0, NOT_MET),
        ("<=", 2.0, MET),
        ("<", 2.0, NOT_MET),
        (">=", 2.1, NOT_MET),
        ("<", 2.1, MET),
        (">", 1.9, MET),
        ("<=", 1.9, NOT_MET),
    ],
)
def test_finding_by_a_threshold_on_a_named_reading(op: str, value: float, standing: Standing) -> None:
    assert one("finding", facts(finding()), instrument="steering", metric="effect", op=op, value=value)[0] == standing


def test_finding_nobody_can_tell_without_it_or_its_reading_or_with_a_control_that_failed() -> None:
    assert one("finding", facts(), instrument="steering") == (UNKNOWN, "There is no such finding yet.")
    assert one("finding", facts(finding()), instrument="steering", axis="refusal")[0] == UNKNOWN
    assert one("finding", facts(finding()), instrument="steering", metric="loss", op=">", value=0.0)[0] == UNKNOWN
    assert one("finding", facts(finding(failed_controls=("noop_hook",))), instrument="steering")[0] == UNKNOWN
    assert one("finding", facts(finding(), versions={}), instrument="steering")[0] == UNKNOWN


def test_the_newest_finding_counts_and_not_the_best() -> None:
    record = facts(finding("null", entry=12), finding("causal", entry=9))
    result = evaluate([Condition("c1", "finding", instrument="steering", tier="observed")], record)[0]
    assert (result.standing, [row["entry"] for row in result.evidence]) == (NOT_MET, [12])


def test_every_version_at_work_in_a_system_must_meet_it() -> None:
    record = facts(finding(version="a"), finding("null", version="b"), versions={"a": "A · 1", "b": "B · 1"})
    standing, reason = one("finding", record, instrument="steering", tier="observed")
    assert (standing, "B · 1: Its verdict is “null”" in reason) == (NOT_MET, True)
    assert one("finding", facts(finding(version="a"), versions={"a": "A", "b": "B"}), instrument="steering")[0] == UNKNOWN


@pytest.mark.parametrize(("covered", "applying", "standing"), [(1, 2, MET), (1, 3, NOT_MET), (0, 0, UNKNOWN), (2, 2, MET)])
def test_coverage_by_its_share(covered: int, applying: int, standing: Standing) -> None:
    record = facts(coverage={("eu-ai-act", ""): CoverageFact(applying, covered)})
    assert one("coverage", record, framework="eu-ai-act", value=50)[0] == standing


def test_coverage_of_a_framework_nobody_loaded_is_not_met_silently() -> None:
    assert one("coverage", facts(), framework="none", value=1)[0] == UNKNOWN


@pytest.mark.parametrize(("severity", "standing"), [("high", NOT_MET), ("critical", MET), ("low", NOT_MET)])
def test_incidents_from_a_severity_on(severity: str, standing: Standing) -> None:
    record = facts(incidents=[IncidentFact("i", "I-000001", "high")])
    assert one("incidents", record, severity=severity)[0] == standing
    assert one("incidents", facts(), severity=severity)[0] == MET


@pytest.mark.parametrize(
    ("days", "succeeded", "standing"), [(30, True, MET), (31, True, NOT_MET), (1, False, NOT_MET)]
)  # fmt: skip
def test_drill_by_age_and_result(days: int, succeeded: bool, standing: Standing) -> None:
    drill = DrillFact("d", "v", TODAY - datetime.timedelta(days=days), succeeded, 5)
    assert one("rollback_drill", facts(drills=[drill]), value=30)[0] == standing


def test_drill_that_is_not_recorded_or_was_followed_by_a_failed_one() -> None:
    good = DrillFact("d", "v", TODAY - datetime.timedelta(days=2), True, 5)
    bad = DrillFact("e", "v", TODAY - datetime.timedelta(days=1), False, 6)
    assert one("rollback_drill", facts(), value=30) == (NOT_MET, "No drill is recorded.")
    assert one("rollback_drill", facts(drills=[good, bad]), value=30)[0] == NOT_MET
    assert one("rollback_drill", facts(versions={}), value=30)[0] == UNKNOWN


def answers(**fields: Any) -> QuestionnaireFact:
    rest = {"key": "q", "name": "Due diligence", "version": "v", "vendor": "Northwind", "state": "Reviewed", "reviewed": True, "submission": "ab" * 32}
    return QuestionnaireFact(**{**rest, "claimed": 80.0, "confirmed": 60.0, "valid_until": TODAY, **fields})


@pytest.mark.parametrize(
    ("fact", "wanted", "standing", "reason"),
    [
        (None, {}, UNKNOWN, "Its vendor was never asked “Due diligence”."),
        (answers(name="Another"), {}, UNKNOWN, "Its vendor was never asked “Due diligence”."),
        (answers(version="w"), {}, UNKNOWN, "Its vendor was never asked “Due diligence”."),
        (answers(reviewed=False, state="Being answered"), {}, UNKNOWN, "Northwind's answers are not reviewed yet; the request is being answered."),
        (answers(), {}, MET, "Northwind: 60 % confirmed, reviewed, holds until 2027-03-03."),
        (answers(), {"value": 60.0}, MET, "Northwind: 60 % confirmed, reviewed, holds until 2027-03-03."),
        (answers(), {"value": 60.1}, NOT_MET, "Northwind: 60 % are confirmed, 80 % claimed; asked for is 60.1 %."),
        (answers(confirmed=None, claimed=None), {"value": 0.0}, NOT_MET, "Northwind: nothing in it is scored; asked for is 0 %."),
        (answers(confirmed=None), {}, MET, "Northwind: reviewed, holds until 2027-03-03."),
        (answers(valid_until=datetime.date(2027, 3, 2)), {}, NOT_MET, "The review of Northwind's answers held until 2027-03-02. Ask again."),
        (answers(stale=("It is about M v1; at work now: v2.",)), {}, NOT_MET, "Northwind's answers no longer count. It is about M v1; at work now: v2."),
        (answers(flags=("Cannot be audited",)), {}, MET, "Northwind: 60 % confirmed, reviewed, holds until 2027-03-03."),
        (answers(flags=("Cannot be audited",)), {"no_flags": True}, NOT_MET, "Northwind: open exposure: Cannot be audited."),
        (answers(outdated=2), {"value": 50.0}, MET, "Northwind: 60 % confirmed, reviewed, holds until 2027-03-03. 2 accepted answers are stale and left out."),
    ],
)
def test_questionnaire_counts_only_what_is_confirmed_and_current(
    fact: QuestionnaireFact | None, wanted: dict[str, Any], standing: Standing, reason: str
) -> None:
    record = facts(questionnaires=[fact] if fact else [])
    assert one("questionnaire", record, name="Due diligence", **wanted) == (standing, reason)


def test_questionnaire_points_to_what_was_submitted_and_its_score() -> None:
    result = evaluate([Condition("c1", "questionnaire", name="Due diligence")], facts(questionnaires=[answers()]))[0]
    assert result.evidence[0] | {"says": ""} == {"questionnaire": "q", "submission": "ab" * 32, "confirmed": 60.0, "valid_until": "2027-03-03", "says": ""}


def test_a_wish_that_is_not_made_leaves_the_stored_form_as_it_was() -> None:
    assert Condition("c1", "questionnaire", name="Q").document == {"key": "c1", "kind": "questionnaire", "required": True, "name": "Q"}
    assert Condition("c1", "questionnaire", name="Q", no_flags=True).document["no_flags"] is True


@pytest.mark.parametrize(
    ("severity", "required", "waived", "outcome"),
    [
        ("high", True, frozenset(), Outcome.NO_GO),
        ("high", True, frozenset({"c1"}), Outcome.GO_WITH_CONDITIONS),
        ("high", False, frozenset(), Outcome.GO_WITH_CONDITIONS),
        ("critical", True, frozenset(), Outcome.GO),
        ("critical", True, frozenset({"c1"}), Outcome.GO),
    ],
)
def test_outcome_by_rule(severity: str, required: bool, waived: frozenset[str], outcome: Outcome) -> None:
    record = facts(incidents=[IncidentFact("i", "I-000001", "high")])
    assert outcome_of(evaluate([Condition("c1", "incidents", required=required, severity=severity)], record), waived) == outcome


def test_outcome_counts_what_nobody_can_tell_as_failed() -> None:
    results = evaluate([Condition("c1", "questionnaire", name="Q")], facts())
    assert outcome_of(results, frozenset()) == Outcome.NO_GO


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"kind": "opinion"}, "kind"),
        ({"kind": "finding"}, "instrument"),
        ({"kind": "finding", "instrument": "x", "tier": "good"}, "tier"),
        ({"kind": "finding", "instrument": "x", "op": ">", "value": 1}, "metric"),
        ({"kind": "finding", "instrument": "x", "metric": "m", "value": 1}, "op"),
        ({"kind": "finding", "instrument": "x", "metric": "m", "op": ">"}, "value"),
        ({"kind": "coverage", "value": 50}, "framework"),
        ({"kind": "coverage", "framework": "f", "value": 101}, "value"),
        ({"kind": "coverage", "framework": "f", "value": 50, "day": "soon"}, "day"),
        ({"kind": "incidents", "severity": "huge"}, "severity"),
        ({"kind": "rollback_drill"}, "value"),
        ({"kind": "questionnaire", "name": " "}, "name"),
        ({"kind": "questionnaire", "name": "Q", "value": 101}, "value"),
        ({"kind": "incidents", "severity": "low", "colour": "red"}, "conditions"),
    ],
)
def test_wrong_condition_names_its_field(row: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse([{"key": "c1", **row}])
    assert caught.value.field == field


def test_conditions_keep_their_keys_and_new_ones_get_free_ones() -> None:
    rows = [Condition("c2", "incidents", severity="low"), Condition("", "incidents", severity="low"), Condition("", "incidents", severity="high")]
    assert [row.key for row in keyed(rows)] == ["c2", "c1", "c3"]
    with pytest.raises(InvalidInput, match="same key"):
        parse([rows[0].document, rows[0].document])


def test_shipped_policies_cover_every_step_and_say_every_condition_in_words() -> None:
    assert {row.step for row in shipped()} == set(STEPS)
    for row in shipped():
        assert row.draft.conditions
        assert all(words(condition).endswith(".") for condition in row.draft.conditions)
    assert {condition.kind for row in shipped() for condition in row.draft.conditions} == set(KINDS)


@pytest.mark.parametrize(
    ("draft", "field"), [(Draft(quorum=0), "quorum"), (Draft(quorum=10), "quorum"), (Draft(roles=()), "roles"), (Draft(roles=("auditor",)), "roles")]
)
def test_policy_that_nobody_could_decide_under_is_refused(draft: Draft, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(draft)
    assert caught.value.field == field
