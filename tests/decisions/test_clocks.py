"""Reporting clocks: every row of the table to the minute, and the cases that trip people up."""

from datetime import UTC, date, datetime, timedelta

import pytest

from decisions import periods, wording
from decisions.clocks import Clock, ClockState, Facts, clocks_of
from decisions.regimes import read, shipped
from decisions.vocabulary import FACTS
from tests.decisions.table import AT_ONCE, BRUSSELS, ROWS, WEDNESDAY, at, facts, utc

NOW = at("2028-03-01 12:00")
DORA = ("financial_entity", "ict_incident")


def clock(key: str, known: Facts, now: datetime = NOW) -> Clock:
    return next(row for row in clocks_of(known, shipped(), now) if row.key == key)


@pytest.mark.parametrize(("key", "role", "kinds", "times", "sent", "due", "words"), ROWS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_row_is_due_to_the_minute_and_says_why(
    key: str, role: str, kinds: str, times: dict[str, str], sent: dict[str, str], due: str, words: str
) -> None:
    found = clock(key, facts(role, kinds, times, sent))
    assert words in found.explanation
    if due == AT_ONCE:
        assert (found.due, found.state) == (None, ClockState.WARNED)
        return
    assert found.due is not None
    assert found.due.astimezone(UTC) == utc(due)
    assert wording.moment(found.due, found.zone) in found.explanation, "the explanation names the due time"
    started = [FACTS[name] for name in times if FACTS[name] in found.explanation]
    assert started or "was sent" in found.explanation, "the explanation names what started it"


def test_the_table_covers_every_clock_and_every_clock_has_an_address() -> None:
    known = {row.key for row in clocks_of(Facts({}, frozenset(), frozenset()), shipped(), NOW)}
    assert {row[0] for row in ROWS} == known
    assert all(regime.source.startswith(("https://", "http://")) for regime in shipped())


def test_a_clock_whose_trigger_is_unknown_never_starts_and_says_which_fact_is_missing() -> None:
    for key, role, kinds, _, sent, _, _ in ROWS:
        found = clock(key, facts(role, kinds, {}), at("2029-03-01 12:00"))
        assert (found.state, found.due) == (ClockState.NOT_STARTED, None), (key, sent)
        assert found.explanation.startswith("Not started: ")
    missing = clock("code-9-3-d-initial", facts("code_signatory", "serious_harm", {"aware": WEDNESDAY, "occurred": WEDNESDAY}))
    assert "“Learned that the model was involved” is unknown. 15 days run from it" in missing.explanation


def test_states_follow_the_time() -> None:
    known = facts("controller", "personal_data_breach", {"aware": WEDNESDAY})
    due = at("2028-03-04 10:15")
    moments = {
        "2028-03-01 10:15": "running",
        "2028-03-03 16:14": "running",
        "2028-03-03 16:15": "warned",
        "2028-03-04 10:15": "warned",
        "2028-03-04 10:16": "overdue",
    }
    assert {text: clock("gdpr-33-initial", known, at(text)).state.value for text in moments} == moments
    half = clock("gdpr-33-initial", known, at("2028-03-02 22:15"))
    assert (half.spent(at("2028-03-02 22:15")), half.left(at("2028-03-02 22:15"))) == (50, timedelta(hours=36))
    for sent, state in (("2028-03-04 10:15", "submitted"), ("2028-03-04 10:16", "submitted_late")):
        row = facts("controller", "personal_data_breach", {"aware": WEDNESDAY}, {"gdpr-33-initial": sent})
        assert clock("gdpr-33-initial", row, due + timedelta(days=9)).state == state


def test_death_discovered_on_day_nine_leaves_one_day() -> None:
    times, day_nine = {"aware": WEDNESDAY}, at("2028-03-10 10:15")
    before = clock("aia-73-2-initial", facts("high_risk_provider", "serious_incident", times), day_nine)
    assert before.due == at("2028-03-16 10:15")
    marked = facts("high_risk_provider", "serious_incident death", times)
    after, replaced = clock("aia-73-4-initial", marked, day_nine), clock("aia-73-2-initial", marked, day_nine)
    assert after.due == at("2028-03-11 10:15")
    assert (after.state, after.left(day_nine)) == (ClockState.WARNED, timedelta(days=1))
    assert replaced.state == ClockState.NOT_APPLICABLE
    assert replaced.explanation == "Does not apply: EU AI Act, Art. 73(4), takes its place."


def test_causal_link_makes_the_report_due_at_once_within_the_outer_limit() -> None:
    times = {"aware": WEDNESDAY, "causal_link": "2028-03-01 11:00"}
    found = clock("aia-73-2-initial", facts("high_risk_provider", "serious_incident", times))
    assert (found.state, found.due) == (ClockState.WARNED, at("2028-03-16 10:15"))
    assert "Report at once: “Causal link established or likely” is known since Wednesday 1 March 2028 11:00" in found.explanation


@pytest.mark.parametrize(
    ("aware", "classified", "due", "words"),
    [
        ("2028-03-01 10:15", "2028-03-01 11:00", "2028-03-01 15:00", "4 hours from Wednesday 1 March 2028 11:00 (Classified as major)"),
        ("2028-03-01 10:15", "2028-03-02 09:00", "2028-03-02 10:15", "Never later than 24 hours from Wednesday 1 March 2028 10:15 (Became aware)"),
        ("2028-03-01 10:15", "2028-03-02 10:16", "2028-03-02 14:16", "does not count, because “Classified as major” came after it"),
        ("2028-03-03 10:15", "2028-03-03 22:00", "2028-03-06 12:00", "Moved to Monday 6 March 2028 12:00 because Saturday 4 March is a weekend day."),
        ("2028-03-04 10:15", "2028-03-05 09:00", "2028-03-06 12:00", "because Sunday 5 March is a weekend day."),
        ("2028-03-03 10:15", "2028-03-03 19:59", "2028-03-03 23:59", "4 hours"),
    ],
)
def test_dora_classification_awareness_and_weekends(aware: str, classified: str, due: str, words: str) -> None:
    found = clock("dora-19-initial", facts(*DORA, {"aware": aware, "classified": classified}), at(classified))
    assert found.due == at(due)
    assert words in found.explanation


def test_dora_awareness_before_classification() -> None:
    known = facts(*DORA, {"aware": WEDNESDAY})
    waiting = clock("dora-19-initial", known, at("2028-03-02 10:15"))
    assert (waiting.state, waiting.due) == (ClockState.WARNED, at("2028-03-02 10:15"))
    assert "Once “Classified as major” is entered, it is 4 hours from then, and never later than this." in waiting.explanation
    passed = clock("dora-19-initial", known, at("2028-03-02 10:16"))
    assert (passed.state, passed.due) == (ClockState.NOT_STARTED, None)
    assert "24 hours from “Became aware” (Wednesday 1 March 2028 10:15, Brussels time) have passed without it." in passed.explanation


def test_dora_bank_holiday_and_banks_without_the_rule() -> None:
    times = {"classified": "2028-03-03 22:00"}
    monday_off = facts(*DORA, times, holidays=frozenset({date(2028, 3, 6)}))
    assert clock("dora-19-initial", monday_off, at("2028-03-03 22:00")).due == at("2028-03-07 12:00")
    on_holiday = facts(*DORA, {"classified": "2028-03-06 09:00"}, holidays=frozenset({date(2028, 3, 6)}))
    assert "because Monday 6 March is entered as a bank holiday." in clock("dora-19-initial", on_holiday).explanation
    bank = clock("dora-19-initial", facts("dora_bank", DORA[1], times), at("2028-03-03 22:00"))
    assert bank.due == at("2028-03-04 02:00")
    assert "does not count for your kind of institution" in bank.explanation


def test_dora_final_counts_from_the_last_intermediate_report() -> None:
    known = facts(*DORA, {}, {"dora-19-intermediate": "2028-03-06 09:00"})
    again = facts(*DORA, {}, {"dora-19-intermediate": "2028-03-16 09:00"})
    both = Facts({}, known.kinds, known.roles, sent=(*again.sent, *known.sent))
    assert clock("dora-19-final", both).due == at("2028-04-17 12:00"), "16 April 2028 is a Sunday"


def test_updates_repeat_until_the_end() -> None:
    sent = {"code-9-3-d-initial": "2028-03-02 09:00", "code-9-3-d-intermediate": "2028-03-20 09:00"}
    times = {"model_involvement_aware": WEDNESDAY}
    again = clock("code-9-3-d-intermediate", facts("code_signatory", "serious_harm", times, sent), at("2028-03-20 09:00"))
    assert (again.state, again.due) == (ClockState.RUNNING, at("2028-04-17 09:00"))
    solved = facts("code_signatory", "serious_harm", {**times, "resolved": "2028-03-21 09:00"}, sent)
    stopped = clock("code-9-3-d-intermediate", solved)
    assert stopped.state == ClockState.NOT_APPLICABLE
    assert "“Resolved” on Tuesday 21 March 2028 09:00. The final report takes over." in stopped.explanation
    finished = facts("code_signatory", "serious_harm", times, {**sent, "code-9-3-d-final": "2028-03-22 09:00"})
    assert clock("code-9-3-d-intermediate", finished).state == ClockState.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("start", "period", "end"),
    [
        ("2028-02-28 10:15", "24 hours", "2028-02-29 10:15"),
        ("2027-02-28 10:15", "24 hours", "2027-03-01 10:15"),
        ("2028-01-31 10:15", "1 month", "2028-02-29 10:15"),
        ("2027-01-31 10:15", "1 month", "2027-02-28 10:15"),
        ("2027-12-31 10:15", "1 month", "2028-01-31 10:15"),
        # Clocks go forward on 28 March 2027 and back on 31 October 2027.
        ("2027-03-27 10:15", "24 hours", "2027-03-28 11:15"),
        ("2027-03-27 10:15", "1 day", "2027-03-28 10:15"),
        ("2027-03-27 02:30", "1 day", "2027-03-28 03:30"),
        ("2027-10-30 10:15", "24 hours", "2027-10-31 09:15"),
        ("2027-10-29 10:15", "72 hours", "2027-11-01 09:15"),
        ("2028-03-04 10:15", "5 working days", "2028-03-10 10:15"),
    ],
)
def test_leap_days_clock_changes_and_working_days(start: str, period: str, end: str) -> None:
    found = periods.Period.parse(period).after(at(start), BRUSSELS)
    assert found.astimezone(UTC) == at(end).astimezone(UTC)


def test_working_days_skip_entered_holidays() -> None:
    assert periods.add_working_days(date(2028, 3, 3), 2, {date(2028, 3, 6)}) == date(2028, 3, 8)


def test_a_duty_that_has_not_begun_says_from_when() -> None:
    found = clock("ny-raise-3a-initial", facts("frontier_developer", "critical_safety_incident", {"determined": "2026-12-31 10:00"}))
    assert found.state == ClockState.NOT_APPLICABLE
    assert "the duty begins on 1 January 2027" in found.explanation
    begun = facts("frontier_developer", "critical_safety_incident", {"determined": "2027-01-01 10:00"})
    assert clock("ny-raise-3a-initial", begun).due == at("2027-01-04 10:00")
    assert "Annex I products" in clock("aia-73-2-initial", facts("high_risk_provider", "serious_incident", {"aware": "2027-03-03 10:15"})).explanation


def test_the_earlier_of_two_triggers_counts() -> None:
    times = {"determined": "2028-03-02 10:00", "reasonable_belief": "2028-03-01 10:00"}
    found = clock("ny-raise-3a-initial", facts("frontier_developer", "critical_safety_incident", times))
    assert found.due == at("2028-03-04 10:00")
    assert "(Had reasonable belief)" in found.explanation


def test_roles_and_kinds_that_do_not_fit_say_so() -> None:
    role = clock("gdpr-33-initial", facts("us_bank", "personal_data_breach", {"aware": WEDNESDAY}))
    kind = clock("gdpr-33-initial", facts("controller", "death", {"aware": WEDNESDAY}))
    assert "not among your roles" in role.explanation
    assert "not marked “Personal data breach with a risk to people”" in kind.explanation


def test_authority_zone_decides_days_of_an_eu_authority() -> None:
    known = facts("financial_entity", "ict_incident", {"classified": "2028-03-03 19:30"}, zone="Europe/Helsinki")
    assert clock("dora-19-initial", known, at("2028-03-03 19:30")).due == at("2028-03-06 12:00", "Europe/Helsinki"), (
        "Saturday in Helsinki, still Friday in Brussels"
    )


ROW = (
    "- {key: a, law: L, reference: R, event: E, who: W, roles: [controller], kinds: [death], recipient: X, zone: authority, source: 'https://a', stages: [%s]}"
)


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("{stage: initial, from: [awake], within: 2 days}", "unknown name “awake”"),
        ("{stage: initial, from: [aware], within: soon}", "“soon” is not a period"),
        ("{stage: final, after: initial, within: 2 days}", "follows one that the regime does not have"),
        ("{stage: initial, within: 2 days}", "give one of “from” and “after”"),
    ],
)
def test_a_faulty_regime_is_refused_with_its_key(stage: str, words: str) -> None:
    with pytest.raises(ValueError, match="regime a: ") as caught:
        read(ROW % stage)
    assert words in str(caught.value)
