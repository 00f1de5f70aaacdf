"""The shipped questionnaires: every row of the scoring, both caps, what is flagged, and what cannot be gamed."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from questionnaires.document import Document
from questionnaires.rules import Given
from questionnaires.scoring import Sheet, Sitting
from questionnaires.shipped import shipped
from questionnaires.values import value_read

ON = date(2026, 11, 21)
LEVEL = "level"
"""In the table below: points that a reviewer gave to the answer."""

ROWS: tuple[tuple[str, Mapping[str, Any], float], ...] = (
    # 1: weights, activations, logits, sampled text only, none: 3/3/2/1/0
    ("q01", {"q01": "weights"}, 3),
    ("q01", {"q01": "activations"}, 3),
    ("q01", {"q01": "logits"}, 2),
    ("q01", {"q01": "text"}, 1),
    ("q01", {"q01": "none"}, 0),
    # 2: up to 24 h 3, 72 h 2, 240 h 1, no 0
    ("q02", {"q02": "yes", "q02-hours": 24}, 3),
    ("q02", {"q02": "yes", "q02-hours": 24.5}, 2),
    ("q02", {"q02": "yes", "q02-hours": 72}, 2),
    ("q02", {"q02": "yes", "q02-hours": 240}, 1),
    ("q02", {"q02": "yes", "q02-hours": 241}, 0),
    ("q02", {"q02": "yes"}, 0),
    ("q02", {"q02": "no"}, 0),
    ("q02", {"q02": "no", "q02-hours": 1}, 0),
    # 3: 3/0
    ("q03", {"q03": "yes"}, 3),
    ("q03", {"q03": "no"}, 0),
    # 4: yes 3, no 0, partly 1
    ("q04", {"q04": "yes"}, 3),
    ("q04", {"q04": "partly"}, 1),
    ("q04", {"q04": "no"}, 0),
    # 5: 12 months 3, 6 2, more than none 1
    ("q05", {"q05": 12}, 3),
    ("q05", {"q05": 11.9}, 2),
    ("q05", {"q05": 6}, 2),
    ("q05", {"q05": 0.5}, 1),
    ("q05", {"q05": 0}, 0),
    # 6: one point a method, at most 3
    ("q06", {"q06": ["probes"]}, 1),
    ("q06", {"q06": ["probes", "sae"]}, 2),
    ("q06", {"q06": ["probes", "sae", "nla"]}, 3),
    ("q06", {"q06": ["probes", "sae", "nla", "attribution", "other"]}, 3),
    ("q06", {"q06": ["none"]}, 0),
    ("q06", {"q06": ["probes", "none"]}, 0),
    # 7: weights, hosted, report, none: 3/2/1/0
    ("q07", {"q07": "weights"}, 3),
    ("q07", {"q07": "hosted"}, 2),
    ("q07", {"q07": "report"}, 1),
    ("q07", {"q07": "none"}, 0),
    # 8: all three 3, else 1 each
    ("q08", {"q08": ["layers", "data", "fidelity"]}, 3),
    ("q08", {"q08": ["layers", "fidelity"]}, 2),
    ("q08", {"q08": ["data"]}, 1),
    ("q08", {"q08": ["none"]}, 0),
    # 9: measured with method 3, stated 1, none 0
    ("q09", {"q09": "measured"}, 3),
    ("q09", {"q09": "stated"}, 1),
    ("q09", {"q09": "none"}, 0),
    # 10: none or each justified 3, unknown 0; a reviewer says which
    ("q10", {"q10": "None.", LEVEL: 3}, 3),
    ("q10", {"q10": "We do not know.", LEVEL: 0}, 0),
    ("q10", {"q10": "None."}, 0),
    # 11: 3/0
    ("q11", {"q11": "yes"}, 3),
    ("q11", {"q11": "no"}, 0),
    # 12: 3/0/1
    ("q12", {"q12": "yes"}, 3),
    ("q12", {"q12": "partly"}, 1),
    ("q12", {"q12": "no"}, 0),
    # 13: defaults suffice 3, configurable 2, no 0
    ("q13", {"q13": "defaults"}, 3),
    ("q13", {"q13": "configurable"}, 2),
    ("q13", {"q13": "none"}, 0),
    # 14: drilled in the last 12 months 3, written 1, none 0
    ("q14", {"q14": "yes", "q14-drill": "2025-11-21"}, 3),
    ("q14", {"q14": "yes", "q14-drill": "2025-11-20"}, 1),
    ("q14", {"q14": "yes", "q14-drill": "2026-11-22"}, 1),
    ("q14", {"q14": "yes"}, 1),
    ("q14", {"q14": "no"}, 0),
    # 15: 4 h 3, 24 h 2, 72 h 1, else 0
    ("q15", {"q15": 4}, 3),
    ("q15", {"q15": 24}, 2),
    ("q15", {"q15": 72}, 1),
    ("q15", {"q15": 73}, 0),
    # 16: raw, summary, none: 3/1/0
    ("q16", {"q16": "raw"}, 3),
    ("q16", {"q16": "summary"}, 1),
    ("q16", {"q16": "none"}, 0),
    ("q16", {"q16": "no-traces"}, 0),
    # 17: tested with result 3, described 1, none 0
    ("q17", {"q17": "tested"}, 3),
    ("q17", {"q17": "described"}, 1),
    ("q17", {"q17": "none"}, 0),
    # 18: internal and behavioural 3, one 2, none 0
    ("q18", {"q18": ["internal", "behavioural"]}, 3),
    ("q18", {"q18": ["internal"]}, 2),
    ("q18", {"q18": ["behavioural"]}, 2),
    ("q18", {"q18": ["none"]}, 0),
    ("q18", {"q18": ["internal", "none"]}, 0),
    # 19: with interval 3, number 2, none 0
    ("q19", {"q19": "yes", "q19-gap": 4, "q19-low": 1, "q19-high": 7}, 3),
    ("q19", {"q19": "yes", "q19-gap": 4, "q19-low": 1}, 2),
    ("q19", {"q19": "yes", "q19-gap": 0}, 2),
    ("q19", {"q19": "yes"}, 0),
    ("q19", {"q19": "no"}, 0),
    # 20: fine-tuned elicitation 3, prompting 2, none 0
    ("q20", {"q20": "fine-tuning"}, 3),
    ("q20", {"q20": "prompting"}, 2),
    ("q20", {"q20": "none"}, 0),
    # 21: rate given 3, yes 2, no 0
    ("q21", {"q21": "yes", "q21-rate": 0}, 3),
    ("q21", {"q21": "yes"}, 2),
    ("q21", {"q21": "no"}, 0),
    # 22: same 3, differences listed 2, unknown 0
    ("q22", {"q22": "same"}, 3),
    ("q22", {"q22": "differences"}, 2),
    ("q22", {"q22": "unknown"}, 0),
    # 23: report with limits stated 3, named 1, none 0; a reviewer says which
    ("q23", {"q23": "An institute.", LEVEL: 3}, 3),
    ("q23", {"q23": "An institute.", LEVEL: 1}, 1),
    ("q23", {"q23": "Nobody.", LEVEL: 0}, 0),
    # 24: rates 3, yes 1, no 0
    ("q24", {"q24": "yes", "q24-misses": 12}, 3),
    ("q24", {"q24": "yes"}, 1),
    ("q24", {"q24": "no"}, 0),
    # 25: self-service within 60 minutes 3, vendor within 240 2, yes 1, no 0
    ("q25", {"q25": "yes", "q25-who": "us", "q25-minutes": 60}, 3),
    ("q25", {"q25": "yes", "q25-who": "us", "q25-minutes": 61}, 2),
    ("q25", {"q25": "yes", "q25-who": "vendor", "q25-minutes": 5}, 2),
    ("q25", {"q25": "yes", "q25-who": "vendor", "q25-minutes": 240}, 2),
    ("q25", {"q25": "yes", "q25-who": "vendor", "q25-minutes": 241}, 1),
    ("q25", {"q25": "yes"}, 1),
    ("q25", {"q25": "no"}, 0),
    # 26: within 6 months 3, 12 2, older 1, no 0
    ("q26", {"q26": "yes", "q26-day": "2026-05-21"}, 3),
    ("q26", {"q26": "yes", "q26-day": "2026-05-20"}, 2),
    ("q26", {"q26": "yes", "q26-day": "2025-11-20"}, 1),
    ("q26", {"q26": "yes", "q26-day": "2027-01-01"}, 0),
    ("q26", {"q26": "no"}, 0),
    # 27: 30 days 3, 7 2, more than none 1
    ("q27", {"q27": 30}, 3),
    ("q27", {"q27": 29}, 2),
    ("q27", {"q27": 7}, 2),
    ("q27", {"q27": 1}, 1),
    ("q27", {"q27": 0}, 0),
    # 28: 24 h from awareness 3, 72 h 2, a start at determination takes one away, none 0
    ("q28", {"q28": "yes", "q28-hours": 24, "q28-start": "awareness"}, 3),
    ("q28", {"q28": "yes", "q28-hours": 72, "q28-start": "awareness"}, 2),
    ("q28", {"q28": "yes", "q28-hours": 24, "q28-start": "determination"}, 2),
    ("q28", {"q28": "yes", "q28-hours": 72, "q28-start": "determination"}, 1),
    ("q28", {"q28": "yes", "q28-hours": 73, "q28-start": "awareness"}, 0),
    ("q28", {"q28": "no"}, 0),
    # 29: all 3, most 2, some 1
    ("q29", {"q29": ["aware", "versions", "tenants", "cause", "updates"]}, 3),
    ("q29", {"q29": ["aware", "versions", "tenants", "cause"]}, 2),
    ("q29", {"q29": ["aware", "versions", "tenants"]}, 2),
    ("q29", {"q29": ["updates"]}, 1),
    ("q29", {"q29": []}, 0),
    # 30: share and unknowns 3, partial 1, none 0; a reviewer says which
    ("q30", {"q30": "All.", LEVEL: 3}, 3),
    ("q30", {"q30": "Some.", LEVEL: 1}, 1),
    ("q30", {"q30": "None.", LEVEL: 0}, 0),
)

BEST: Mapping[str, Any] = {
    key: value
    for question, answers, points in ROWS
    if points == 3
    for key, value in answers.items()
    if key != LEVEL and not (key == "q01" and value == "activations")
}
THIRTY = tuple(f"q{number:02}" for number in range(1, 31))


@pytest.fixture
def document() -> Document:
    return shipped()["interpretability_disclosure"]


def sheet_of(document: Document, answers: Mapping[str, Any], level: float | None = None, accepted: bool = False) -> Sheet:
    verdict = "accepted" if accepted else ""
    given = {
        key: Given(value_read(document.by_id[key], raw), verdict=verdict, points=level if document.by_id[key].levels else None)
        for key, raw in answers.items()
        if key != LEVEL
    }
    return Sitting(document, given, ON).sheet()


@pytest.mark.parametrize(("question", "answers", "points"), ROWS, ids=lambda value: str(value))
def test_points_of_each_answer(document: Document, question: str, answers: Mapping[str, Any], points: float) -> None:
    sheet = sheet_of(document, answers, answers.get(LEVEL))
    assert {row.question: row.claimed for row in sheet.questions}[question] == points


def test_thirty_questions_and_the_headline_are_scored_and_no_follow_up_is(document: Document) -> None:
    scored = {row.id: row for row in document.by_id.values() if row.most is not None}
    assert list(scored) == ["headline", *THIRTY]
    assert all(row.most == 3 for row in scored.values())
    assert {key for key in THIRTY if scored[key].weight == 2} == {"q02", "q12", "q15", "q18", "q25", "q28"}
    assert {key for key in THIRTY if scored[key].weight == 1} == set(THIRTY) - {"q02", "q12", "q15", "q18", "q25", "q28"}
    assert (scored["headline"].weight, document.headline) == (0, ("headline",))


def test_total_is_the_share_of_all_points_of_the_thirty(document: Document) -> None:
    assert sheet_of(document, BEST, level=3, accepted=True).total.confirmed == 100
    without = {key: value for key, value in BEST.items() if not key.startswith("q12")}
    assert sheet_of(document, without, level=3).total.claimed == round(100 * 102 / 108, 1)
    without = {key: value for key, value in BEST.items() if not key.startswith("q30")}
    assert sheet_of(document, without, level=3).total.claimed == round(100 * 105 / 108, 1)


def test_headline_is_judged_and_does_not_count(document: Document) -> None:
    good, bad = (sheet_of(document, {**BEST, "headline": "As below."}, level) for level in (3, 0))
    assert {row.question: row.claimed for row in good.questions}["headline"] == 3
    only = Sitting(document, {"headline": Given("As below.", verdict="accepted", points=3)}, ON).sheet()
    assert only.total.claimed == only.total.confirmed == 0
    assert "no-way-to-audit" not in [row.id for row in good.flags]
    assert "no-way-to-audit" in [row.id for row in bad.flags]


def test_headline_that_nobody_judged_yet_is_no_exposure(document: Document) -> None:
    sheet = sheet_of(document, {**BEST, "headline": "As below."}, level=None)
    assert [row.question for row in sheet.questions if row.open] == ["headline", "q10", "q23", "q30"]
    assert "no-way-to-audit" not in [row.id for row in sheet.flags]


@pytest.mark.parametrize("declined", [True, False])
def test_no_answer_to_the_headline_is_an_exposure(document: Document, declined: bool) -> None:
    answers = {**BEST, **({"headline": {"declined": "It is a secret."}} if declined else {})}
    assert "no-way-to-audit" in [row.id for row in sheet_of(document, answers, level=3).flags]


@pytest.mark.parametrize(("question", "worst", "cap"), [("q04", "no", "no-version-record"), ("q13", "none", "no-audit-log")])
def test_caps(document: Document, question: str, worst: str, cap: str) -> None:
    assert sheet_of(document, BEST, level=3).total.claimed == 100
    for answers in ({**BEST, question: worst}, {key: value for key, value in BEST.items() if key != question}):
        sheet = sheet_of(document, answers, level=3, accepted=True)
        assert (sheet.total.claimed, sheet.total.confirmed, sheet.total.capped_by, sheet.caps) == (50, 50, (cap,), (cap,))
    declined = sheet_of(document, {**BEST, question: {"declined": "We do not say."}}, level=3)
    assert declined.total.claimed == 50
    low = sheet_of(document, {question: worst, "q27": 30})
    assert low.total.claimed == round(100 * 3 / 108, 1), "a cap never raises"


def test_rejected_answer_brings_the_cap(document: Document) -> None:
    given = {key: Given(value_read(document.by_id[key], raw), verdict="accepted", points=3) for key, raw in BEST.items()}
    given["q04"] = Given("yes", verdict="rejected")
    assert Sitting(document, given, ON).sheet().total.claimed == 50


def test_best_answers_raise_no_flag_and_ask_for_no_clause(document: Document) -> None:
    sheet = sheet_of(document, {**BEST, "headline": "As below."}, level=3)
    assert (sheet.flags, sheet.clauses, sheet.caps) == ((), (), ())


def test_nothing_answered_raises_every_flag_but_those_about_an_answer(document: Document) -> None:
    sheet = sheet_of(document, {})
    missing = {row.id for row in document.flags} - {row.id for row in sheet.flags}
    assert missing == {"no-raised-access", "different-model-tested"}
    assert {row.id for row in sheet.clauses} == {row.id for row in document.clauses}


def test_core_has_sixty_questions_in_eight_switchable_categories() -> None:
    core = shipped()["due_diligence_core"]
    assert len([key for key in core.by_id if "-" not in key]) == 60
    assert [row.category for row in core.sections] == [row.id for row in core.categories]
    assert len(core.categories) == 8


@pytest.mark.parametrize(
    ("question", "answer", "cap", "section", "ceiling"),
    [
        ("d01", "opt-out", "our-data-trains", "data", 40),
        ("s03", "no", "no-separation", "security", 30),
        ("e04", "no", "other-version-tested", "evaluation", 50),
        ("c01", "no", "no-audit-right", "contract", 50),
    ],
)
def test_caps_of_the_core(question: str, answer: str, cap: str, section: str, ceiling: float) -> None:
    core = shipped()["due_diligence_core"]
    best = best_of(core)
    full = Sitting(core, best, ON).sheet()
    assert full.sections[section].claimed == full.total.claimed == 100
    sheet = Sitting(core, {**best, question: Given(answer)}, ON).sheet()
    assert cap in sheet.caps
    share = sheet.sections[section].claimed
    assert share is not None
    assert share <= ceiling
    assert sheet.sections[section].capped_by == (cap,)


def test_category_switched_off_is_neither_asked_nor_flagged() -> None:
    core = shipped()["due_diligence_core"]
    sitting = Sitting(core, {}, ON, frozenset({"supply", "contract"}))
    assert not {"p01", "c01"} & {row.id for _, row in sitting.asked()}
    assert not {"no-audit", "chain-unknown"} & {row.id for row in sitting.sheet().flags}
    assert not {"ask-chain", "ask-exit", "ask-audit"} & {row.id for row in sitting.sheet().clauses}
    assert not {"supply", "contract"} & set(sitting.sheet().sections)


def best_of(document: Document) -> dict[str, Given]:
    """For each question the answer that earns most: tried one after the other, because follow-ups decide together with their question."""
    given = {row.id: Given(_first(row), exhibits=1, points=row.most) for row in document.by_id.values()}
    for question in document.by_id.values():
        options = [Given(value, exhibits=1, points=question.most) for value in _answers(question)]
        given[question.id] = max(options, key=lambda row: Sitting(document, {**given, question.id: row}, ON).sheet().total.claimed or 0)
    return given


def _first(question: Any) -> Any:
    return next(iter(_answers(question)))


def _answers(question: Any) -> list[Any]:
    if question.type == "multi":
        return [[row.id for row in question.options if row.id != "none"]]
    made = {"number": [0, 1, 30, 240], "date": [ON.isoformat()], "text": ["Text."], "table": [[{question.columns[0].id: "x"}]] if question.columns else []}
    return made.get(question.type) or list(question.choices)
