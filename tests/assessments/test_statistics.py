"""Statistics against scikit-learn, SciPy, brute force and closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from assessments.contracts import Refused
from assessments.statistics import (
    auroc,
    benjamini_hochberg,
    bootstrap_auroc,
    bootstrap_auroc_difference,
    bootstrap_mean,
    cluster_weights,
    generator,
    holm,
    max_statistic,
    non_inferiority,
    permutation_p,
    sign_flip_p,
    slope,
    spearman,
    symmetric_band,
    wilson,
)

FAMILIES = [f"family-{index // 8}" for index in range(48)]
LABELS = np.arange(48) % 2 == 0


def noisy_scores(gap: float, seed: int = 0) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return chance.standard_normal(48) + gap * LABELS


def test_auroc_equals_scikit_learn_with_and_without_ties() -> None:
    chance = np.random.default_rng(3)
    for decimals in (8, 1, 0):
        scores = np.round(chance.standard_normal((20, 60)), decimals)
        labels = chance.random(60) < 0.4
        expected = [roc_auc_score(labels, row) for row in scores]
        assert auroc(scores, labels) == pytest.approx(expected, abs=1e-12)


def test_auroc_keeps_leading_axes() -> None:
    scores = np.random.default_rng(1).standard_normal((3, 4, 10))
    labels = np.arange(10) < 5
    assert auroc(scores, labels).shape == (3, 4)
    assert auroc(scores, labels)[2, 1] == pytest.approx(roc_auc_score(labels, scores[2, 1]))


def test_auroc_of_a_constant_score_is_one_half() -> None:
    assert float(auroc(np.zeros(6), np.array([True, False] * 3))) == 0.5


def test_auroc_refuses_a_single_label() -> None:
    with pytest.raises(Refused, match="both labels"):
        auroc(np.arange(4.0), np.ones(4, dtype=bool))


@given(st.lists(st.integers(-50, 50), min_size=6, max_size=30))
def test_auroc_does_not_depend_on_the_scale_and_mirrors_with_the_sign(values: list[int]) -> None:
    scores = np.array(values, dtype=float)
    labels = np.arange(len(values)) % 2 == 0
    found = float(auroc(scores, labels))
    assert float(auroc(3 * scores + 7, labels)) == pytest.approx(found)
    assert float(auroc(-scores, labels)) == pytest.approx(1 - found)


def test_cluster_weights_count_whole_clusters() -> None:
    weights = cluster_weights(["a", "a", "b", "c", "c", "c"], 500, seed=2)
    assert weights.shape == (500, 6)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 5]).all()
    assert (weights[:, 0] + weights[:, 2] + weights[:, 3] == 3).all()


def test_cluster_weights_refuse_one_cluster() -> None:
    with pytest.raises(Refused, match="at least two families"):
        cluster_weights(["only"] * 5, 10, seed=0)


def test_bootstrap_mean_equals_brute_force_over_the_same_draws() -> None:
    values = np.random.default_rng(5).standard_normal(48)
    weights = cluster_weights(FAMILIES, 400, seed=9)
    means = [np.repeat(values, row.astype(int)).mean() for row in weights]
    found = bootstrap_mean(values, FAMILIES, 400, seed=9)
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])))


def test_bootstrap_mean_is_wider_when_items_of_a_cluster_agree() -> None:
    shared = np.repeat(np.random.default_rng(1).standard_normal(6), 8)
    mixed = np.random.default_rng(1).permutation(shared)
    together, apart = bootstrap_mean(shared, FAMILIES, 2000, 1), bootstrap_mean(mixed, FAMILIES, 2000, 1)
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_bootstrap_mean_covers_the_truth_about_as_often_as_it_says() -> None:
    clusters = [str(index // 4) for index in range(120)]
    hits = 0
    for seed in range(200):
        chance = np.random.default_rng(seed)
        values = np.repeat(chance.standard_normal(30), 4) + 0.5 * chance.standard_normal(120)
        found = bootstrap_mean(values, clusters, 400, seed)
        hits += found.low <= 0 <= found.high
    assert 0.88 <= hits / 200 <= 0.99


def test_bootstrap_auroc_equals_scikit_learn_on_the_resampled_items() -> None:
    scores = noisy_scores(1.0)
    weights = cluster_weights(FAMILIES, 60, seed=4)
    resampled = [roc_auc_score(LABELS, scores, sample_weight=row) for row in weights]
    found = bootstrap_auroc(scores, LABELS, FAMILIES, 60, seed=4)
    assert found.value == pytest.approx(roc_auc_score(LABELS, scores))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(resampled, [0.025, 0.975])))


def test_bootstrap_auroc_refuses_a_family_with_one_label() -> None:
    families = ["a", "a", "b", "b"]
    with pytest.raises(Refused, match="b does not"):
        bootstrap_auroc(np.arange(4.0), np.array([True, False, True, True]), families, 50, 0)


def test_difference_of_a_score_with_itself_is_exactly_zero() -> None:
    scores = noisy_scores(0.7)
    found = bootstrap_auroc_difference(scores, scores, LABELS, FAMILIES, 200, 0)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_paired_difference_is_narrower_than_the_two_intervals_apart() -> None:
    first = noisy_scores(1.0)
    second = first + 0.2 * np.random.default_rng(8).standard_normal(48) - 0.3 * LABELS
    paired = bootstrap_auroc_difference(first, second, LABELS, FAMILIES, 2000, 3)
    alone = [bootstrap_auroc(scores, LABELS, FAMILIES, 2000, 3) for scores in (first, second)]
    assert paired.value == pytest.approx(alone[0].value - alone[1].value)
    assert paired.high - paired.low < sum(row.high - row.low for row in alone)


def test_intervals_are_the_same_under_the_same_seed_and_differ_under_another() -> None:
    values = noisy_scores(0.5)
    assert bootstrap_mean(values, FAMILIES, 300, 1) == bootstrap_mean(values, FAMILIES, 300, 1)
    assert bootstrap_mean(values, FAMILIES, 300, 1) != bootstrap_mean(values, FAMILIES, 300, 2)


def test_generators_of_two_purposes_share_no_draws() -> None:
    assert generator(1, "one").random() == generator(1, "one").random()
    assert generator(1, "one").random() != generator(1, "other").random()


def test_permutation_p_is_never_zero_and_counts_ties() -> None:
    null = np.array([0.0, 1.0, 2.0, 3.0])
    assert permutation_p(9.0, null) == pytest.approx(1 / 5)
    assert permutation_p(3.0, null) == pytest.approx(2 / 5)
    assert permutation_p(-3.0, null) == pytest.approx(1.0)


def test_permutation_p_two_sided_looks_at_the_size() -> None:
    null = np.array([-3.0, -1.0, 1.0, 3.0])
    assert permutation_p(-2.0, null, "two-sided") == pytest.approx(3 / 5)
    assert permutation_p(2.0, null, "two-sided") == pytest.approx(3 / 5)
    assert permutation_p(2.0, null) == pytest.approx(2 / 5)


def test_permutation_p_is_uniform_when_nothing_is_there() -> None:
    chance = np.random.default_rng(11)
    found = [permutation_p(chance.standard_normal(), chance.standard_normal(199)) for _ in range(600)]
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_max_statistic_compares_each_value_with_the_largest_of_each_draw() -> None:
    null = np.array([[0.1, 0.5], [0.9, 0.2], [0.3, 0.4], [0.2, 0.1]])
    adjusted, point = max_statistic([0.6, 0.45], null)
    assert adjusted == pytest.approx([2 / 5, 3 / 5])
    assert point == pytest.approx(np.quantile([0.5, 0.9, 0.4, 0.2], 0.95))


def test_max_statistic_holds_the_family_wise_error() -> None:
    chance = np.random.default_rng(2)
    null = chance.standard_normal((400, 12))
    false_alarms = [(max_statistic(chance.standard_normal(12), null)[0] <= 0.05).any() for _ in range(600)]
    assert np.mean(false_alarms) < 0.09


def test_holm_matches_the_step_down_by_hand_and_keeps_the_order_given() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(("hits", "total"), [(0, 24), (3, 24), (12, 24), (24, 24), (1, 1)])
def test_wilson_equals_scipy(hits: int, total: int) -> None:
    expected = stats.binomtest(hits, total).proportion_ci(method="wilson")
    found = wilson(hits, total)
    assert found.value == hits / total
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_wilson_refuses_a_share_of_nothing() -> None:
    with pytest.raises(Refused, match="at least one scored item"):
        wilson(0, 0)


def test_slope_equals_scipy_over_the_last_axis() -> None:
    chance = np.random.default_rng(4)
    x, y = np.array([-4.0, -1.0, 0.0, 2.0, 5.0]), chance.standard_normal((3, 2, 5))
    expected = [[stats.linregress(x, row).slope for row in block] for block in y]
    assert slope(x, y) == pytest.approx(np.array(expected))


def test_spearman_equals_scipy_with_ties() -> None:
    x, y = [1, 2, 2, 3, 5, 5, 8], [2, 1, 4, 4, 4, 6, 9]
    assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    assert spearman([1, 2, 3], [7, 7, 7]) == 0.0


def test_symmetric_band_holds_95_percent_of_both_signs() -> None:
    null = np.random.default_rng(0).standard_normal(20_000)
    assert symmetric_band(null) == pytest.approx(1.96, abs=0.05)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_benjamini_hochberg_equals_scipy(values: list[float]) -> None:
    assert benjamini_hochberg(values) == pytest.approx(stats.false_discovery_control(values), abs=1e-12)


def test_benjamini_hochberg_lies_between_the_raw_values_and_holm() -> None:
    values = [0.001, 0.04, 0.013, 0.9, 0.02]
    assert (benjamini_hochberg(values) >= values).all()
    assert (benjamini_hochberg(values) <= holm(values)).all()


@pytest.mark.parametrize("alternative", ["greater", "two-sided"])
@pytest.mark.parametrize("decimals", [6, 0])
def test_sign_flips_of_few_pairs_equal_scipys_exact_test(alternative: str, decimals: int) -> None:
    data = np.round(np.random.default_rng(4).normal(0.6, 1.2, size=9), decimals)
    wanted = stats.permutation_test((data,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative=alternative, vectorized=False).pvalue
    assert sign_flip_p(data, [str(index) for index in range(9)], 1000, 0, alternative) == pytest.approx(wanted)  # type: ignore[arg-type]


def test_sign_flips_of_many_pairs_come_close_to_the_exact_test() -> None:
    data = np.random.default_rng(5).normal(0.4, 1, size=14)
    names = [str(index) for index in range(14)]
    assert sign_flip_p(data, names, 16_000, 3) == pytest.approx(sign_flip_p(data, names, 2**14, 3), abs=0.01)


def test_sign_flips_keep_clusters_whole() -> None:
    """Four families that all rise: no less than 2 of 16 patterns are as extreme, however many pairs each family has."""
    data, families = np.repeat([1.0, 1.2, 0.9, 1.1], 10), np.repeat(list("abcd"), 10)
    assert sign_flip_p(data, list(families), 1000, 0) == 2 / 16
    assert sign_flip_p(data, list(families), 1000, 0, "greater") == 1 / 16
    assert sign_flip_p(-data, list(families), 1000, 0, "greater") == 1.0


def test_sign_flips_hold_their_level_under_the_null() -> None:
    chance = np.random.default_rng(8)
    names = [str(index) for index in range(10)]
    p_values = [sign_flip_p(chance.standard_normal(10), names, 1024, 0) for _ in range(400)]
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=0.03)


def test_a_paired_test_of_nothing_is_refused() -> None:
    with pytest.raises(Refused, match="at least one pair"):
        sign_flip_p([], [], 100, 0)


def test_non_inferiority_bound_is_the_upper_end_of_the_interval_and_shrinks_with_the_level() -> None:
    rises = np.random.default_rng(2).normal(0.05, 0.1, size=48)
    found = non_inferiority(rises, FAMILIES, 0.2, 2000, 7)
    assert (found.value, found.bound) == (rises.mean(), bootstrap_mean(rises, FAMILIES, 2000, 7).high)
    assert non_inferiority(rises, FAMILIES, 0.2, 2000, 7, level=0.1).bound < found.bound


def test_non_inferiority_agrees_with_the_t_interval_where_every_item_is_its_own_cluster() -> None:
    rises = np.random.default_rng(6).normal(0.03, 0.1, size=400)
    upper = stats.ttest_1samp(rises, 0, alternative="less").confidence_interval(0.975).high
    names = [str(index) for index in range(400)]
    assert non_inferiority(rises, names, 0.1, 8000, 1).bound == pytest.approx(upper, abs=1e-3)
    p_value = stats.ttest_1samp(rises, 0.035, alternative="less").pvalue
    assert non_inferiority(rises, names, 0.035, 8000, 1).p_value == pytest.approx(p_value, abs=0.03)


def test_non_inferiority_fails_where_the_mean_is_within_but_the_interval_is_not() -> None:
    rises = np.repeat([0.0, 0.0, 0.0, 0.0, 0.3, 0.1], 8)
    found = non_inferiority(rises, FAMILIES, 0.1, 2000, 0)
    assert found.value < found.margin < found.bound
    assert not found.holds
    assert found.p_value > 0.025
    assert non_inferiority(rises, FAMILIES, found.bound, 2000, 0).holds
