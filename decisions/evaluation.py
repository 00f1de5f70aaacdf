"""Holds conditions against the facts. What cannot be told is never taken for met. No tables, no reading of the time."""

import datetime
import operator
from collections.abc import Callable, Iterable, Mapping

from decisions.conditions import Condition, Facts, FindingFact, QuestionnaireFact, Result, conclusive
from decisions.gate_vocabulary import LADDER, SEVERITIES, Outcome, Standing

COMPARE: dict[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
WORST = (Standing.NOT_MET, Standing.UNKNOWN, Standing.MET)
NO_VERSION = "No model version is at work in this system, so there is nothing to look at."


def evaluate(conditions: Iterable[Condition], facts: Facts) -> list[Result]:
    """Every condition in its order."""
    return [EVALUATE[row.kind](row, facts) for row in conditions]


def outcome_of(results: Iterable[Result], waived: frozenset[str]) -> Outcome:
    """No go while a required condition is not met and not waived; conditions when one is waived or an advisory one is not met; else go."""
    failed = [row.condition for row in results if row.standing != Standing.MET]
    if any(row.required and row.key not in waived for row in failed):
        return Outcome.NO_GO
    return Outcome.GO_WITH_CONDITIONS if failed else Outcome.GO


def _over_versions(row: Condition, facts: Facts, judge: Callable[[str], Result]) -> Result:
    """The worst over all versions, with everybody's reasons and evidence."""
    if not facts.versions:
        return Result(row, Standing.UNKNOWN, NO_VERSION)
    found = {key: judge(key) for key in facts.versions}
    worst = next(standing for standing in WORST if any(result.standing == standing for result in found.values()))
    many = len(found) > 1
    reasons = [f"{facts.versions[key]}: {result.reason}" if many else result.reason for key, result in found.items()]
    return Result(row, worst, " ".join(reasons), tuple(item for result in found.values() for item in result.evidence))


def _finding(row: Condition, facts: Facts) -> Result:
    return _over_versions(row, facts, lambda version: _finding_of(row, facts, version))


def _finding_of(row: Condition, facts: Facts, version: str) -> Result:
    rows = (found for found in facts.findings if found.version == version and found.instrument == row.instrument)
    newest = next((found for found in rows if not row.axis or row.axis in found.axes), None)
    if newest is None:
        return Result(row, Standing.UNKNOWN, "There is no such finding yet.")
    standing, reason = _judged(row, newest)
    return Result(row, standing, reason, (newest.evidence,))


def _judged(row: Condition, found: FindingFact) -> tuple[Standing, str]:
    if found.failed_controls:
        return Standing.UNKNOWN, f"Its control “{found.failed_controls[0]}” did not behave, so nothing follows from it."
    if not conclusive(found.verdict):
        return Standing.UNKNOWN, f"Its verdict is “{found.verdict.replace('_', ' ')}”, so nothing follows from it."
    if row.tier and LADDER.index(found.verdict) < LADDER.index(row.tier):
        return Standing.NOT_MET, f"Its verdict is “{found.verdict}”, which is weaker than “{row.tier}”."
    return _threshold(row, found) if row.metric else (Standing.MET, f"Its verdict is “{found.verdict}”.")


def _threshold(row: Condition, found: FindingFact) -> tuple[Standing, str]:
    value = found.readings.get(row.metric)
    if value is None or row.value is None:
        return Standing.UNKNOWN, f"The finding has no reading called “{row.metric}”."
    said = f"“{row.metric}” is {value:g}; asked for is {row.op} {row.value:g}."
    return (Standing.MET if COMPARE[row.op](value, row.value) else Standing.NOT_MET), said


def _coverage(row: Condition, facts: Facts) -> Result:
    found = facts.coverage.get((row.framework, row.day))
    if found is None or not found.applying:
        return Result(row, Standing.UNKNOWN, "No requirement of this framework that applies to the subject on that day is in the catalogue.")
    share = 100 * found.covered / found.applying
    met = row.value is not None and share >= row.value
    said = f"{found.covered} of {found.applying} requirements are covered ({int(share)} %)."
    return Result(row, Standing.MET if met else Standing.NOT_MET, said, found.links)


def _incidents(row: Condition, facts: Facts) -> Result:
    least = SEVERITIES.index(row.severity)
    rows = [found for found in facts.incidents if SEVERITIES.index(found.severity) >= least]
    evidence: tuple[Mapping[str, object], ...] = tuple({"incident": found.key, "says": found.reference} for found in rows)
    if rows:
        return Result(row, Standing.NOT_MET, f"Open: {', '.join(found.reference for found in rows)}.", evidence)
    return Result(row, Standing.MET, "None is recorded as open.")


def _drill(row: Condition, facts: Facts) -> Result:
    return _over_versions(row, facts, lambda version: _drill_of(row, facts, version))


def _drill_of(row: Condition, facts: Facts, version: str) -> Result:
    newest = max((found for found in facts.drills if found.version == version), key=lambda found: (found.held_on, found.entry), default=None)
    if newest is None:
        return Result(row, Standing.NOT_MET, "No drill is recorded.")
    evidence = ({"drill": newest.key, "entry": newest.entry, "says": f"Drill of {newest.held_on.isoformat()}"},)
    if not newest.succeeded:
        return Result(row, Standing.NOT_MET, f"The drill of {newest.held_on.isoformat()} did not succeed.", evidence)
    if newest.held_on < facts.today - datetime.timedelta(days=int(row.value or 0)):
        return Result(row, Standing.NOT_MET, f"The last drill, of {newest.held_on.isoformat()}, is too long ago.", evidence)
    return Result(row, Standing.MET, f"The drill of {newest.held_on.isoformat()} succeeded.", evidence)


def _questionnaire(row: Condition, facts: Facts) -> Result:
    return _over_versions(row, facts, lambda version: _questionnaire_of(row, facts, version))


def _questionnaire_of(row: Condition, facts: Facts, version: str) -> Result:
    found = next((item for item in facts.questionnaires if item.version == version and item.name == row.name), None)
    if found is None:
        return Result(row, Standing.UNKNOWN, f"Its vendor was never asked “{row.name}”.")
    if not found.reviewed:
        return Result(row, Standing.UNKNOWN, f"{found.vendor}'s answers are not reviewed yet; the request is {found.state.lower()}.")
    standing, reason = _answers(row, found, facts.today)
    return Result(row, standing, reason, (_answers_evidence(found),))


def _answers(row: Condition, found: QuestionnaireFact, today: datetime.date) -> tuple[Standing, str]:
    """Met only while the review holds, enough is confirmed, and no exposure is open where none may be."""
    until = found.valid_until.isoformat() if found.valid_until else ""
    if found.valid_until is None or found.valid_until < today:
        return Standing.NOT_MET, f"The review of {found.vendor}'s answers held until {until}. Ask again."
    if found.stale:
        return Standing.NOT_MET, f"{found.vendor}'s answers no longer count. {found.stale[0]}"
    old = f" {found.outdated} accepted answer{' is' if found.outdated == 1 else 's are'} stale and left out." if found.outdated else ""
    if row.value is not None and (found.confirmed is None or found.confirmed < row.value):
        score = "nothing in it is scored" if found.confirmed is None else f"{found.confirmed:g} % are confirmed, {found.claimed or 0:g} % claimed"
        return Standing.NOT_MET, f"{found.vendor}: {score}; asked for is {row.value:g} %.{old}"
    if row.no_flags and found.flags:
        return Standing.NOT_MET, f"{found.vendor}: open exposure: {', '.join(found.flags)}.{old}"
    score = "" if found.confirmed is None else f" {found.confirmed:g} % confirmed,"
    return Standing.MET, f"{found.vendor}:{score} reviewed, holds until {until}.{old}"


def _answers_evidence(found: QuestionnaireFact) -> Mapping[str, object]:
    said = f"{found.vendor}: {found.name}" + ("" if found.confirmed is None else f", {found.confirmed:g} % confirmed")
    until = found.valid_until.isoformat() if found.valid_until else ""
    return {"questionnaire": found.key, "submission": found.submission, "confirmed": found.confirmed, "valid_until": until, "says": said}


EVALUATE: dict[str, Callable[[Condition, Facts], Result]] = {
    "finding": _finding, "coverage": _coverage, "incidents": _incidents, "rollback_drill": _drill, "questionnaire": _questionnaire,
}  # fmt: skip
