"""Holds the results of a verified case against the plan that was sealed here, and says how far each of them counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from assessments.contracts import Verdict
from assessments.judgement import cap
from assessments.reception import qualifying
from assessments.reception.opening import Opened
from assessments.reception.plan_words import differences
from assessments.reception.report import Report, listed
from assessments.reception.results import Result, contradictions, missing, plan_seal, results_read
from core.canonical import parse_canonical
from core.errors import IntegrityFailed
from evidence import statements
from evidence.archive import read

CLOCK_SLACK = timedelta(minutes=10)
DIGESTS = {"weights_digest": "weights", "tokenizer_digest": "tokenizer", "template_digest": "chat template"}
LADDER = (Verdict.NULL, Verdict.OBSERVED, Verdict.CAUSAL, Verdict.REPLICATED)
HIGHEST = {True: Verdict.CAUSAL, False: Verdict.OBSERVED}
"""The policy for results that a vendor ran: the highest verdict by whether its weights are those on our record. “Replicated” is never among them."""


@dataclass(frozen=True)
class Sealed:
    """Our own plan, as the checks need it."""

    document: Mapping[str, Any]
    digest: str
    sealed_at: datetime


@dataclass
class Judged:
    """The results with what each may be cited at: ``doubts`` by step key, ``known_weights`` for all of them."""

    results: list[Result]
    known_weights: bool = False
    doubts: dict[str, list[str]] = field(default_factory=dict)

    def verdict(self, result: Result) -> Verdict:
        """The tier of a result: its reading, capped by its instrument's calibration and by the policy for vendor runs."""
        found, highest = cap(result.output.reading, qualified=not self.doubts[result.key]), HIGHEST[self.known_weights]
        return highest if found in LADDER and LADDER.index(found) > LADDER.index(highest) else found

    def reasons(self, result: Result) -> list[str]:
        """Why the verdict is below the reading; empty when it is not."""
        out = list(self.doubts[result.key])
        if not out and self.verdict(result).value != result.output.reading.value:
            out.append("The vendor ran it on weights that we have no digest of: such a result counts as observed at most.")
        return out


def plan_named(opened: Opened) -> tuple[str, dict[str, Any] | None, str]:
    """Digest of the plan that the case is about, its document when the case holds it, and the plan of ours that it says it came from."""
    rows = [row for row in opened.case.statements if row.predicate_type == statements.PLAN_SEAL]
    if not rows:
        return "", None, ""
    digest, received = rows[-1].subjects[0][1], rows[-1].statement["predicate"].get("received")
    origin = str(received.get("plan", "")) if isinstance(received, Mapping) else ""
    if f"artifacts/{digest}" not in opened.case.rows:
        return digest, None, origin
    document = parse_canonical(read(opened.source, f"artifacts/{digest}"))
    return digest, document if isinstance(document, dict) else None, origin


def other_plan(sealed: Mapping[str, Any] | None, found: Mapping[str, Any] | None, report: Report) -> None:
    """Enter that the plan of the case is none of ours, and in what it differs from the nearest."""
    if sealed is None or found is None:
        report.failed("plan", "No plan that you sealed for this vendor has the digest of the plan in the case. It may be another customer's plan.")
        return
    report.failed("plan", f"The plan was changed. {listed(differences(sealed, found)).capitalize()}. Results under a changed plan are not taken in.")


def judge(opened: Opened, plan: Sealed, now: datetime, report: Report) -> Judged | None:
    """All checks on the results; None after ``report`` says why they cannot be used."""
    report.passed("plan", f"Its digest {plan.digest[:16]}… is that of the plan you sealed.")
    try:
        judged = Judged(results_read(opened.source, opened.case))
        _results(judged, plan, report)
        if report.refused:
            return None
        _times(opened, judged, plan, now, report)
        _complete(judged, plan, report)
        _others(opened, judged, plan, report)
        _weights(judged, plan, report)
        _instruments(opened, judged, plan, report)
    except IntegrityFailed as error:
        report.failed("results", f"A result cannot be used: {error}.")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        report.failed("results", f"A statement is not in the form that this program writes ({type(error).__name__}: {str(error)[:80]}).")
    return None if report.refused else judged


def _results(judged: Judged, plan: Sealed, report: Report) -> None:
    items = {item["key"]: item for item in plan.document["items"]}
    wrong = []
    keys = [row.key for row in judged.results]
    wrong += [f"step “{key}” has more than one result" for key in sorted({key for key in keys if keys.count(key) > 1})]
    if len({row.found["run"] for row in judged.results}) > 1:
        wrong.append("the results come from more than one run")
    for row in judged.results:
        if row.key not in items or row.plan_digest != plan.digest:
            wrong.append(f"the result “{row.key}” belongs to another plan")
        else:
            wrong += [f"step “{row.key}”: {words}" for words in contradictions(row, items[row.key], plan.document["seed"])]
    if not judged.results:
        wrong.append("the case holds no result at all")
    if wrong:
        report.failed("results", f"What the case says of its results does not fit together: {listed(wrong)}.")
    else:
        report.passed("results", f"{len(judged.results)} attested result files say what their statements say, with your parameters, texts, limits and seed.")


def _times(opened: Opened, judged: Judged, plan: Sealed, now: datetime, report: Report) -> None:
    seal = plan_seal(opened.case, plan.digest)
    assert seal is not None, "the verifier refuses results whose plan has no seal in the case"
    taken, first = _at(seal.statement["predicate"]["record"]["at"]), min(_at(row.at) for row in judged.results)
    last = max(_at(row.at) for row in judged.results)
    if taken < plan.sealed_at - CLOCK_SLACK:
        report.failed("times", f"The vendor's log had the plan on {_day(taken)}, before you sealed it on {_day(plan.sealed_at)} (UTC).")
    elif first < taken or last > now + CLOCK_SLACK:
        report.failed("times", f"A result is dated before the plan was taken in, or in the future (first {_day(first)}, last {_day(last)}, UTC).")
    else:
        report.passed("times", f"Sealed here {_day(plan.sealed_at)}, taken in there {_day(taken)}, results by {_day(last)} (UTC).")


def _day(moment: datetime) -> str:
    return f"{moment:%d %B %Y %H:%M}"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _complete(judged: Judged, plan: Sealed, report: Report) -> None:
    absent = missing(judged.results, plan.document["items"])
    count = len(plan.document["items"])
    if absent:
        report.limited("complete", f"{len(absent)} of {count} steps have no result: {listed(absent)}. Ask the vendor why; they are shown as failed.")
    else:
        report.passed("complete", f"All {count} steps have a result.")


def _others(opened: Opened, judged: Judged, plan: Sealed, report: Report) -> None:
    seal = plan_seal(opened.case, plan.digest)
    assert seal is not None
    last = max(row.statement.index for row in judged.results)
    told = sum(seal.index < row.index < last for row in opened.case.statements)
    untold = last - seal.index - 1 - told
    if untold:
        found = f"Between taking the plan in and the last result the vendor's log has {untold} entries that the case does not open."
        report.limited("others", f"{found} They may be other work, or other runs of this plan. Ask for a case that opens them if it matters.")
    else:
        report.passed("others", "Between taking the plan in and the last result the vendor's log has no entry that the case does not open.")


def _weights(judged: Judged, plan: Sealed, report: Report) -> None:
    sealed = plan.document["subject"]
    loaded = {row.found["subject"]["weights_digest"] for row in judged.results}
    if not sealed["weights_digest"]:
        report.limited("weights", f"You have no digest of the weights. The vendor says it loaded {listed(sorted(loaded))}. Results count as observed at most.")
        return
    wrong = sorted({word for name, word in DIGESTS.items() for row in judged.results if row.found["subject"][name] != sealed[name]})
    if wrong:
        report.failed("weights", f"It was run on another {' and '.join(wrong)} than on your record: {listed(sorted(loaded))}, not {sealed['weights_digest']}.")
        return
    judged.known_weights = True
    report.passed("weights", f"The vendor's installation attests the digest on your record, {sealed['weights_digest'][:16]}….")


def _instruments(opened: Opened, judged: Judged, plan: Sealed, report: Report) -> None:
    items = {item["key"]: item for item in plan.document["items"]}
    judged.doubts = {row.key: qualifying.doubts(opened.source, opened.case, row, items[row.key]) for row in judged.results}
    weak = [f"{items[key]['instrument']} (step “{key}”): {' '.join(words)}" for key, words in judged.doubts.items() if words]
    if weak:
        report.limited("instruments", f"Not for {len(weak)} of {len(judged.results)} results, which are therefore taken in as “not qualified”: {listed(weak)}")
    else:
        report.passed("instruments", "Every record was recomputed here from its own trials and holds for the machine that was used.")


def sorted_by_plan(results: Sequence[Result], plan: Sealed) -> list[Result]:
    """The results in the order of the plan's steps."""
    order = [item["key"] for item in plan.document["items"]]
    return sorted(results, key=lambda row: order.index(row.key))
