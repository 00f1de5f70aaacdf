"""Linear read-outs and surface baselines against scikit-learn and brute force."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from assessments.contracts import Refused
from assessments.methods.parts.fits import (
    difference_of_means,
    earliest_good_layer,
    layer_scores,
    logistic,
    permuted_aurocs,
    project,
    standardise,
    swapped_labels,
)
from assessments.methods.parts.surface import baseline_scores, tfidf
from assessments.statistics import auroc

LABELS = np.arange(40) % 2 == 0
PAIRS = [f"pair-{index // 2}" for index in range(40)]
FAMILIES = [f"family-{index // 8}" for index in range(40)]


def rows(gap: float = 0.0, seed: int = 0, layers: int = 3) -> np.ndarray:
    found = np.random.default_rng(seed).standard_normal((40, layers, 12))
    found[LABELS, 1, 0] += gap
    return found


@pytest.mark.parametrize("strength", [0.001, 0.1, 1.0, 10.0])
def test_logistic_equals_scikit_learn(strength: float) -> None:
    train, test = rows(1.5)[:, 1], rows(1.5, seed=9)[:, 1]
    expected = LogisticRegression(C=strength, tol=1e-10, max_iter=10_000).fit(train, LABELS).decision_function(test)
    assert logistic(train, test, LABELS, strength) == pytest.approx(expected, abs=1e-4)


def test_logistic_equals_scikit_learn_with_more_columns_than_rows_and_uneven_labels() -> None:
    chance = np.random.default_rng(3)
    train, test, labels = chance.standard_normal((20, 300)), chance.standard_normal((7, 300)), np.arange(20) < 6
    expected = LogisticRegression(C=0.01, tol=1e-10, max_iter=10_000).fit(train, labels).decision_function(test)
    assert logistic(train, test, labels, 0.01) == pytest.approx(expected, abs=1e-4)


def test_standardise_equals_scikit_learn_and_leaves_constant_columns_at_zero() -> None:
    train, test = rows()[:, 0].copy(), rows(seed=1)[:, 0]
    scaler = StandardScaler().fit(train)
    found = standardise(train, test)
    assert found[0] == pytest.approx(scaler.transform(train))
    assert found[1] == pytest.approx(scaler.transform(test))
    train[:, 2] = 5.0
    assert (standardise(train, test)[1][:, 2] == 0).all()


def test_difference_of_means_finds_the_planted_axis_in_its_layer_only() -> None:
    directions = difference_of_means(rows(8.0), LABELS)
    assert directions.shape == (3, 12)
    assert abs(directions[1, 0]) > 5
    assert np.abs(directions[[0, 2]]).max() < 2
    assert project(rows(8.0), directions)[1] == pytest.approx(rows(8.0)[:, 1] @ directions[1])


def test_layer_scores_hold_each_family_out() -> None:
    found = layer_scores(rows(3.0), LABELS, FAMILIES)
    assert found.shape == (5, 3)
    assert int(found.mean(axis=0).argmax()) == 1
    assert found[:, 1].mean() > 0.9
    by_hand = []
    for family in sorted(set(FAMILIES)):
        out = np.array([name == family for name in FAMILIES])
        direction = rows(3.0)[~out & LABELS, 0].mean(axis=0) - rows(3.0)[~out & ~LABELS, 0].mean(axis=0)
        by_hand.append(float(auroc(rows(3.0)[out, 0] @ direction, LABELS[out])))
    assert found[:, 0] == pytest.approx(by_hand)


def test_the_first_layer_within_one_standard_error_of_the_best_is_chosen() -> None:
    held = np.array([[0.5, 0.80, 0.82, 0.84], [0.6, 0.84, 0.85, 0.90], [0.4, 0.79, 0.81, 0.81], [0.5, 0.83, 0.84, 0.83]])
    # the best is the last (mean 0.845, standard error 0.019), the third lies within (0.830), the second does not (0.815)
    assert earliest_good_layer(held) == 2
    assert earliest_good_layer(np.tile([0.5, 0.7, 0.9, 0.8], (4, 1))) == 2


def test_layer_scores_need_two_families() -> None:
    with pytest.raises(Refused, match="at least two exploration families"):
        layer_scores(rows(), LABELS, ["one"] * 40)


def test_labels_are_exchanged_within_pairs() -> None:
    swapped = swapped_labels(LABELS, PAIRS, 200, seed=1)
    pairs = swapped.reshape(200, 20, 2)
    assert (pairs.sum(axis=2) == 1).all()
    assert 0.45 < (swapped == LABELS).mean() < 0.55
    assert len({row.tobytes() for row in swapped}) == 200


def test_labels_are_shuffled_freely_where_an_item_has_no_partner() -> None:
    for pairs in ([None] * 40, [*PAIRS[:-1], None], ["same"] * 40):
        swapped = swapped_labels(LABELS, pairs, 50, seed=1)
        assert (swapped.sum(axis=1) == 20).all()
        assert not (swapped.reshape(50, 20, 2).sum(axis=2) == 1).all()


def test_permuted_aurocs_equal_refitting_by_hand() -> None:
    train, test = rows(1.0), rows(1.0, seed=5)
    for pairs in (PAIRS, [None] * 40):
        fitted, judged = (swapped_labels(LABELS, pairs, 25, seed=2, purpose=side) for side in ("exploration", "confirmation"))
        by_hand = [auroc(project(test, difference_of_means(train, fit)), judge) for fit, judge in zip(fitted, judged, strict=True)]
        assert permuted_aurocs(train, fitted, test, judged) == pytest.approx(np.array(by_hand))


def test_the_null_does_not_reach_the_top_where_nothing_but_the_concept_differs() -> None:
    chance = np.random.default_rng(3)
    train, test = (np.outer(np.where(LABELS, 1.0, -1.0), np.eye(8)[0])[:, None, :] + 0.01 * chance.normal(size=(40, 1, 8)) for _ in range(2))
    fitted, judged = (swapped_labels(LABELS, PAIRS, 400, seed=2, purpose=side) for side in ("exploration", "confirmation"))
    null = permuted_aurocs(train, fitted, test, judged)
    assert 0.45 < null.mean() < 0.55
    assert np.quantile(null, 0.95) < 0.8


TEXTS = ["How do I bake a cake?", "How do I bake, and bake again?", "Tell me a joke about 3 dogs", "the THE cake; a a", "no shared words here"]


def test_tfidf_equals_scikit_learn() -> None:
    vectoriser = TfidfVectorizer(ngram_range=(1, 2)).fit(TEXTS[:3])
    train, test = tfidf(TEXTS[:3], TEXTS[3:])
    assert train == pytest.approx(vectoriser.transform(TEXTS[:3]).toarray())
    assert test == pytest.approx(vectoriser.transform(TEXTS[3:]).toarray())


def test_words_never_seen_in_training_score_as_nothing() -> None:
    assert (tfidf(TEXTS[:3], ["zebra quagga"])[1] == 0).all()


@pytest.mark.parametrize(
    ("name", "positive", "negative"),
    [
        ("words", "please burn the {}", "please bake the {}"),
        ("length", "go to {} now, and then on to the next one, and the one after that", "go to {} now"),
        ("format", "Is it {}?", "It is {}."),
    ],
)
def test_a_surface_difference_is_found_by_the_baseline_made_for_it(name: str, positive: str, negative: str) -> None:
    nouns = ["house", "bread", "letter", "chair", "tower", "garden", "street", "window", "basket", "mirror"]
    texts = [form.format(noun) for noun in nouns for form in (positive, negative)]
    labels = np.arange(20) % 2 == 0
    found = baseline_scores(texts[:12], labels[:12], texts[12:])
    assert float(auroc(found[name], labels[12:])) == 1.0
    assert set(found) == {"words", "length", "format"}
