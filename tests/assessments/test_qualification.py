"""What a calibration may say of an instrument: hits, claims, limits, areas, with honest intervals and no trial dropped."""

from dataclasses import asdict, replace
from json import dumps, loads

import numpy as np
import pytest

from assessments.contracts import Reading
from assessments.qualification import TrialResult, auroc_interval, detection_limit, judged, qualified, record_from, record_of, shortfalls, shortfalls_of
from assessments.qualification_figures import roc_figure
from assessments.statistics import generator, wilson
from tests.factories import trial, trials


def test_every_trial_right_gives_full_sensitivity_no_claims_and_wide_intervals() -> None:
    record = record_of(trials())
    assert record.sensitivity is not None
    assert record.false_positives is not None
    assert (record.sensitivity.value, record.sensitivity.n, record.sensitivity.organisms) == (1.0, 8, 4)
    assert (record.false_positives.value, record.false_positives.n, record.false_positives.organisms) == (0.0, 32, 16)
    assert record.sensitivity.low == pytest.approx(wilson(4, 4).low, abs=1e-6), "four models are four pieces of evidence, not eight"
    assert qualified(record)


@pytest.mark.parametrize(("found", "claimed", "fine"), [(4, 0, True), (3, 0, False), (4, 1, False), (0, 8, False)])
def test_qualification_follows_from_the_point_estimates(found: int, claimed: int, fine: bool) -> None:
    record = record_of(trials(found, claimed))
    assert qualified(record) is fine
    assert bool(shortfalls(record)) is not fine
    assert record.sensitivity is not None
    assert record.false_positives is not None
    assert (record.sensitivity.hits, record.false_positives.hits) == (2 * found, 2 * claimed)


def test_errors_stay_in_the_denominators_and_count_against_the_instrument() -> None:
    rows = [*trials(), trial("planted", 9, None), trial("twin", 9, None)]
    record = record_of(rows)
    assert record.sensitivity is not None
    assert record.false_positives is not None
    assert (record.sensitivity.hits, record.sensitivity.n, record.sensitivity.errored) == (8, 9, 1)
    assert (record.false_positives.hits, record.false_positives.n, record.false_positives.errored) == (1, 33, 1)
    assert record.errored == 2
    assert not qualified(record)


def test_nothing_tried_is_not_measured_and_never_qualifies() -> None:
    record = record_of([])
    assert (record.sensitivity, record.false_positives, record.limit, record.rocs) == (None, None, None, ())
    assert len(shortfalls(record)) == 2
    assert not qualified(record_of([trial("planted")])), "claims were never tested"
    assert not qualified(record_of([trial("twin", 1, Reading.NULL)])), "finding was never tested"


def test_organisms_looked_at_while_tuning_are_shown_and_not_counted() -> None:
    record = record_of([trial("planted", n, Reading.NULL) for n in (1, 2)] + [trial("planted", 3, tuning=True)])
    assert record.sensitivity is not None
    assert (record.sensitivity.value, record.tuning) == (0.0, 1)
    assert {group.tuning for group in record.groups} == {True, False}


def test_a_readable_concept_without_effect_may_be_observed_but_not_causal() -> None:
    def decoy(number: int, reading: Reading) -> TrialResult:
        return trial("decoy", number, reading, most=Reading.OBSERVED)

    record = record_of([*trials(), decoy(11, Reading.OBSERVED), decoy(12, Reading.CAUSAL)])
    assert record.false_positives is not None
    assert record.causal_false_positives is not None
    assert (record.false_positives.hits, record.causal_false_positives.hits) == (1, 1)
    planted = trial("planted", 1, Reading.CAUSAL, least=Reading.OBSERVED, most=Reading.OBSERVED)
    apart = record_of([planted])
    assert apart.causal_false_positives is not None
    assert apart.causal_false_positives.hits == 1, "too much claimed of a planted model is a claim too"


@pytest.mark.parametrize(
    ("reading", "least", "most", "right"),
    [
        (Reading.OBSERVED, Reading.OBSERVED, None, True),
        (Reading.CAUSAL, Reading.OBSERVED, None, True),
        (Reading.CAUSAL, Reading.OBSERVED, Reading.OBSERVED, False),
        (Reading.NULL, Reading.OBSERVED, None, False),
        (Reading.NULL, None, None, True),
        (Reading.INCONCLUSIVE, None, None, True),
        (Reading.OBSERVED, None, None, False),
        (Reading.OBSERVED, None, Reading.OBSERVED, True),
    ],
)
def test_judgement(reading: Reading, least: Reading | None, most: Reading | None, right: bool) -> None:
    assert judged(reading, least, most) is right


def test_detection_limit_is_the_weakest_strength_with_everything_stronger_found() -> None:
    def planted(strength: float, found: int) -> list[TrialResult]:
        return [trial("planted", n, Reading.OBSERVED if n <= found else Reading.NULL, strength=strength) for n in range(1, 6)]

    falling = record_of([*planted(1.0, 5), *planted(0.5, 4), *planted(0.25, 3)])
    assert falling.limit is not None
    assert (falling.limit.strength, falling.limit.share.value) == (0.5, 0.8)
    gap = record_of([*planted(1.0, 5), *planted(0.5, 1), *planted(0.25, 5)])
    assert gap.limit is not None
    assert gap.limit.strength == 1.0, "a lucky weak strength below a missed one is no limit"
    assert record_of(planted(1.0, 3)).limit is None
    assert detection_limit(()) is None


def test_full_strength_is_each_familys_own_strongest() -> None:
    other = [trial("planted", n, Reading.NULL, family="gamer", organism=f"gamer-{n}", strength=0.8) for n in (1, 2)]
    record = record_of([trial("planted", 1), *other])
    assert record.sensitivity is not None
    assert (record.sensitivity.hits, record.sensitivity.n) == (1, 3)


def test_roc_of_separated_scores_has_area_one_and_an_interval_that_is_not_empty() -> None:
    (roc,) = record_of(trials()).rocs
    assert roc.auroc == 1.0
    assert 0.5 < roc.low < 0.95
    assert roc.points[0] == (0.0, 0.0)
    assert roc.points[-1] == (1.0, 1.0)


def test_scores_of_different_metrics_are_never_ranked_against_each_other() -> None:
    rows = [trial("planted", 1, metric="slope", score=0.1), trial("twin", 1, Reading.NULL, metric="auroc", score=0.9)]
    assert record_of(rows).rocs == ()


def test_auroc_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    draw, true = generator(3, "coverage"), 0.8413
    shift = 2**0.5  # area of two unit normals one apart in units of their difference
    hits = 0
    for _ in range(400):
        planted, other = draw.normal(shift, 1, 12), draw.normal(0, 1, 20)
        area = float((planted[:, None] > other[None, :]).mean())
        found = auroc_interval(area, 12, 20)
        hits += found.low <= true <= found.high
    assert 0.92 <= hits / 400 <= 0.99


def test_auroc_interval_is_symmetric_and_narrows_with_n() -> None:
    found, mirrored = auroc_interval(0.8, 10, 14), auroc_interval(0.2, 10, 14)
    assert np.allclose([found.low, found.high], [1 - mirrored.high, 1 - mirrored.low], atol=1e-9)
    assert auroc_interval(0.8, 100, 140).high - auroc_interval(0.8, 100, 140).low < found.high - found.low


def test_record_survives_the_way_through_plain_json() -> None:
    record = record_of([*trials(3, 1), trial("planted", 9, None)])
    assert record_from(loads(dumps(asdict(record)))) == record
    empty = record_of([])
    assert record_from(loads(dumps(asdict(empty)))) == empty


def test_figure_shows_every_cut_and_the_verdicts_and_says_so_in_words() -> None:
    figure = roc_figure(record_of(trials()))
    assert figure is not None
    assert "area" in figure.alt.lower()
    assert "1.00" in figure.caption
    assert roc_figure(record_of([])) is None


def own(role: str, number: int, reading: Reading | None = None) -> TrialResult:
    """A trial on an organism that was registered here; without ``reading`` the right one."""
    made = trial(role, number) if reading is None else trial(role, number, reading)
    return replace(made, organism=f"copycat-{role}-{number}", family="copycat", own=True)


def test_organisms_of_ones_own_can_cost_a_qualification_and_never_buy_it() -> None:
    good, poor = trials(), trials(found=3)
    easy = [own("planted", n) for n in range(100)] + [own("twin", n, Reading.NULL) for n in range(100)]
    assert shortfalls_of([*good, *easy]) == []
    (bought,) = shortfalls_of([*poor, *easy])
    assert bought.startswith("On the models that come with the program alone: It found 75")
    assert shortfalls(record_of([*poor, *easy])) == [], "together they would have qualified it"
    hard = [own("planted", n, Reading.NULL) for n in range(4)]
    assert shortfalls_of(good) == []
    (cost,) = shortfalls_of([*good, *hard])
    assert cost.startswith("It found 67")
    assert shortfalls_of(easy) == [], "where the program brings none, they decide alone"
    record = record_from(loads(dumps(asdict(record_of([*good, *easy])))))
    assert record.own == 200
    assert {group.own for group in record.groups} == {True, False}
    assert {group.family for group in record.groups if group.own} == {"copycat"}
    assert record_of(good).own == 0
