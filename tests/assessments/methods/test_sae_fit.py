"""Fitting sparse features: the numbers mean what they say, the files work elsewhere, and the reading follows from them."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from assessments.autoencoders import Autoencoder, AutoencoderFit
from assessments.contracts import Control, Reading, Refused
from assessments.methods.parts import sae_text
from assessments.methods.parts.sae_files import read_autoencoder, write_saelens
from assessments.methods.parts.sae_fitting import Material, Measured, Nulls, Plan, Small
from assessments.methods.parts.sae_quality import (
    Losses,
    explained_variance,
    principal_components,
    random_features,
    ratio,
    render,
    shuffled,
    splice_losses,
)
from assessments.methods.parts.sae_results import Limits, Results
from assessments.methods.parts.sae_synthetic import Recovery, dictionary, mean_matched_cosine, recovery
from assessments.methods.sae_fit import SaeFit
from assessments.statistics import generator
from assessments.subject import Activations, Floats
from gpu_tasks.runtime.adapter import BridgeSubject
from tests.assessments.methods.conftest import Listener, make_spec

Model = Callable[..., BridgeSubject]


def quiet(tokens: int) -> None:
    """Listens to nothing."""


def rows_of(count: int, width: int = 16, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)


def small_autoencoder(seed: int = 0, **changes: object) -> Autoencoder:
    draws = np.random.default_rng(seed)
    decoder = draws.standard_normal((24, 16)).astype(np.float32)
    decoder /= np.linalg.norm(decoder, axis=1, keepdims=True)
    made = Autoencoder("topk", np.ascontiguousarray(decoder.T), np.full(24, 0.1, np.float32), decoder, draws.standard_normal(16).astype(np.float32), True, 4)
    return replace(made, **changes)  # type: ignore[arg-type]


def test_explained_variance_is_one_ratio_of_sums() -> None:
    error, spread = np.array([1.0, 9.0]), np.array([2.0, 90.0])
    assert explained_variance(error, spread) == pytest.approx(1 - 10 / 92)
    with pytest.raises(Refused, match="do not vary"):
        explained_variance(error, np.zeros(2))


def test_a_ratio_over_families_resamples_whole_families() -> None:
    found = ratio(np.array([1.0, 1.0, 3.0]), np.array([1.0, 1.0, 1.0]), ["a", "a", "b"], 500, 1)
    assert found.value == pytest.approx(5 / 3)
    assert (found.low, found.high) == pytest.approx((1.0, 3.0))


def test_topk_keeps_the_highest_positive_scores_only() -> None:
    autoencoder, rows = small_autoencoder(), rows_of(50)
    codes = autoencoder.encode(rows)
    scores = (rows - autoencoder.decoder_bias) @ autoencoder.encoder + autoencoder.encoder_bias
    assert ((codes > 0).sum(axis=1) <= 4).all()
    assert (codes.max(axis=1) == np.maximum(scores.max(axis=1), 0)).all()
    assert np.sort(codes, axis=1)[:, -4:] == pytest.approx(np.maximum(np.sort(scores, axis=1)[:, -4:], 0))


def test_jumprelu_passes_what_exceeds_its_threshold_whole() -> None:
    made = small_autoencoder(architecture="jumprelu", threshold=np.full(24, 0.5, np.float32), centred=False)
    scores = rows_of(20) @ made.encoder + made.encoder_bias
    assert made.encode(rows_of(20)) == pytest.approx(np.where(scores > 0.5, scores, 0))


def test_activations_are_the_residuals_of_every_ordinary_position(tiny_model: Model) -> None:
    subject = tiny_model("gemma3")
    items = subject.random_tokens(5, 12, 3) + subject.random_tokens(2, 7, 4)
    found = subject.activations(items, 1, quiet, limit=float("inf"))
    assert found.values.shape == (5 * 11 + 2 * 6, 64)
    assert found.where[0].tolist() == [0, 1]
    lasts = [place for place, (item, position) in enumerate(found.where) if position == len(items[item]) - 1]
    assert found.values[lasts] == pytest.approx(subject.residuals(items, [1], quiet)[:, 0], abs=1e-5)
    median = float(np.median(np.linalg.norm(found.values, axis=1)))
    few = subject.activations(items, 1, quiet, limit=median)
    assert few.outliers == len(found.values) - len(few.values) > 0
    assert subject.activations(items, 1, quiet).limit == pytest.approx(4 * median)


def test_harvesting_in_bfloat16_is_close_and_adds_in_full_precision(tiny_model: Model) -> None:
    subject = tiny_model("qwen3")
    items = subject.random_tokens(4, 16, 3)
    exact, fast = (subject.activations(items, 1, quiet, fast=fast).values for fast in (False, True))
    assert 0 < np.linalg.norm(exact - fast) / np.linalg.norm(exact) < 0.03


def test_unchanged_activations_put_back_leave_the_loss_bit_identical_and_others_do_not(tiny_model: Model) -> None:
    subject = tiny_model("qwen3")
    items = subject.random_tokens(4, 16, 3)
    plain = subject.cross_entropy(items, quiet)
    same = subject.spliced_cross_entropy(items, 0, lambda rows: rows, float("inf"), quiet)
    zero = subject.spliced_cross_entropy(items, 0, np.zeros_like, float("inf"), quiet)
    none = subject.spliced_cross_entropy(items, 0, np.zeros_like, 0.0, quiet)
    assert all(np.array_equal(one, other) for one, other in zip(plain, same, strict=True))
    assert not np.array_equal(plain[0], zero[0])
    # the first prediction rests on position 0 alone, which is never replaced, and no position is shorter than the limit of zero
    assert [row[0] for row in zero] == [row[0] for row in plain]
    assert all(np.array_equal(one, other) for one, other in zip(plain, none, strict=True))


def test_planted_features_are_found_and_random_ones_are_not(tiny_model: Model) -> None:
    found = recovery(tiny_model("gemma3"), 20_000, 7, quiet)
    assert found.mcc > 0.85
    assert found.found > 0.7
    assert found.random < 0.5


def test_matching_is_one_to_one_and_knows_no_sign_or_order() -> None:
    truth = dictionary(10, 3)[1]
    order = np.random.default_rng(0).permutation(len(truth))
    assert mean_matched_cosine(-2 * truth[order], truth) == (pytest.approx(1.0), 1.0)
    # one feature cannot be the partner of two that are nearly alike
    twice = np.array([[1, 0, 0], [1, 0.01, 0]], np.float32)
    assert mean_matched_cosine(np.array([[1, 0, 0], [0, 0, 1]], np.float32), twice) == (pytest.approx(0.5, abs=0.01), 0.5)


def test_the_fit_works_on_raw_activations_whatever_their_centre_and_scale(tiny_model: Model) -> None:
    subject = tiny_model("gemma3")
    values = dictionary(6000, 5)[0]
    fit = AutoencoderFit(128, 6, 6, 3)
    plain = render(subject.fit_autoencoder(values[:5000], fit, quiet), values[5000:]).explained
    moved = (40 * values + 300).astype(np.float32)
    assert render(subject.fit_autoencoder(moved[:5000], fit, quiet), moved[5000:]).explained == pytest.approx(plain, abs=0.02)
    assert plain > 0.4


def test_the_same_seed_gives_the_same_weights(tiny_model: Model) -> None:
    subject, values = tiny_model("gemma3"), dictionary(2000, 5)[0]
    first, again, other = (subject.fit_autoencoder(values, AutoencoderFit(64, 4, 2, seed), quiet) for seed in (3, 3, 4))
    assert np.array_equal(first.decoder, again.decoder)
    assert np.array_equal(first.encoder_bias, again.encoder_bias)
    assert not np.array_equal(first.decoder, other.decoder)


def test_a_fit_says_when_there_is_nothing_to_fit(tiny_model: Model) -> None:
    subject = tiny_model("gemma3")
    with pytest.raises(Refused, match="give more tokens"):
        subject.fit_autoencoder(rows_of(3), AutoencoderFit(64, 4, 2, 1), quiet)
    with pytest.raises(Refused, match="choose another layer"):
        subject.fit_autoencoder(np.ones((100, 8), np.float32), AutoencoderFit(64, 4, 2, 1), quiet)


def test_nulls_lie_where_they_must() -> None:
    values = dictionary(3000, 5)[0]
    centre = values.mean(axis=0)
    units = rows_of(128, 64, 2)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    by_components = principal_components(values[:2000], values[2000:], 6)
    assert 0 < random_features(values[2000:], centre, units, 6) < 0.7
    assert 6 / 64 < by_components < 0.3
    mixed = shuffled(values, generator(1, "test"))
    assert np.array_equal(np.sort(mixed, axis=0), np.sort(values, axis=0))
    assert not np.array_equal(mixed, values)


def test_documents_of_held_out_packages_are_never_fitted_on(tiny_model: Model) -> None:
    fit_on, judge_on = sae_text.held_out(7)
    assert not set(fit_on) & set(judge_on)
    assert sae_text.held_out(7) == (fit_on, judge_on) != sae_text.held_out(8)
    train = sae_text.chunks(tiny_model("gemma3"), fit_on, 500, 32)
    assert {len(row) for row in train.tokens} == {32}
    assert {row[0] for row in train.tokens} == {tiny_model("gemma3").facts.prefix_token}
    assert set(train.families) <= set(fit_on)
    # a text that also stands in the fitting part is left out of the other
    assert sae_text.chunks(tiny_model("gemma3"), fit_on[:1], 500, 32, seen=train.strings).strings & train.strings == frozenset()


def test_the_directory_reads_back_as_it_was_written(tmp_path: Path) -> None:
    made, rows = small_autoencoder(), rows_of(40)
    files = write_saelens(tmp_path, "sae", made, {"l0": 4.0})
    back = read_autoencoder(tmp_path / "sae")
    assert np.array_equal(back.reconstruct(rows), made.reconstruct(rows))
    assert back.about["l0"] == 4.0
    assert [file.path for file in files] == ["sae/cfg.json", "sae/sae_weights.safetensors"]
    tensors = load_file(tmp_path / "sae" / "sae_weights.safetensors")
    assert {name: value.shape for name, value in tensors.items()} == {"W_dec": (24, 16), "W_enc": (16, 24), "b_dec": (16,), "b_enc": (24,)}


def test_gemma_scope_is_read_in_either_order_of_axes(tmp_path: Path) -> None:
    made, rows = small_autoencoder(), rows_of(40)
    threshold = np.full(24, 0.2, np.float32)
    arrays = {"w_enc": made.encoder, "w_dec": made.decoder, "b_enc": made.encoder_bias, "b_dec": made.decoder_bias, "threshold": threshold}
    for name, changed in (("as", arrays), ("turned", {**arrays, "w_enc": made.encoder.T, "w_dec": made.decoder.T})):
        (tmp_path / name).mkdir()
        np.savez(tmp_path / name / "params.npz", **changed)  # type: ignore[arg-type]
    first, turned = (read_autoencoder(tmp_path / name) for name in ("as", "turned"))
    assert first.architecture == "jumprelu"
    assert not first.centred
    assert np.array_equal(first.reconstruct(rows), turned.reconstruct(rows))


def test_bad_folders_are_refused_naming_what_is_wrong(tmp_path: Path) -> None:
    write_saelens(tmp_path, "sae", small_autoencoder(), {})
    settings = json.loads((tmp_path / "sae" / "cfg.json").read_text())
    for change, words in (
        ({"architecture": "gated"}, "of the kind 'gated' cannot be read"),
        ({"normalize_activations": "layer_norm"}, "fold it into the weights"),
        ({"k": 0}, "needs one between 1 and 24"),
    ):
        (tmp_path / "sae" / "cfg.json").write_text(json.dumps(settings | change))
        with pytest.raises(Refused, match=words):
            read_autoencoder(tmp_path / "sae")
    (tmp_path / "sae" / "cfg.json").write_text(json.dumps(settings))
    weights = tmp_path / "sae" / "sae_weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(Refused, match="not a whole safetensors file"):
        read_autoencoder(tmp_path / "sae")
    (tmp_path / "pickled").mkdir()
    np.savez(tmp_path / "pickled" / "params.npz", w_enc=np.array([object()]))
    with pytest.raises(Refused, match="pickled objects are never loaded"):
        read_autoencoder(tmp_path / "pickled")
    with pytest.raises(Refused, match="holds no sparse autoencoder"):
        read_autoencoder(tmp_path)


def results(**changes: object) -> Results:
    """A run in which everything is as it should be, with ``changes`` to what was measured."""
    made, held = small_autoencoder(), rows_of(64)
    families = [f"p{index % 6}" for index in range(12)]
    good = Losses(families, np.full(12, 3.0), np.full(12, 3.1), np.full(12, 7.0), np.full(12, 12.0))
    idle = Losses(families, np.full(12, 9.0), np.full(12, 9.0), np.full(12, 9.0), np.full(12, 9.0))
    where = np.stack([np.arange(64) % 12, np.ones(64, np.int64)], axis=1)
    checks = (Control("noop_hook", 4, True, "idle"), Control("identity_splice", 4, True, "same"))
    chunks = sae_text.Chunks([(0, 1)] * 12, families, 3, "d", frozenset())
    rendering = replace(render(made, held), error=np.full(64, 0.1), spread=np.full(64, 1.0))
    measured = Measured(
        material=Material(chunks, chunks, [(0, 1)] * 4, ["x", "y", "x", "y"]),
        checks=checks,
        train=Activations(held, where, 9.0, 0),
        held=Activations(held, where, 9.0, 1),
        autoencoder=made,
        rendering=rendering,
        small=Small(0.8, 0.2, 0.9, idle),
        nulls=Nulls(0.3, 0.5),
        synthetic=Recovery(0.95, 0.9, 0.3, 128),
        losses=good,
        neutral=good,
    )
    plan = Plan(1, AutoencoderFit(24, 4, 1, 7), 100, 32, 100, 12, 0.25, 1000, False, 200, 7)
    return Results(plan, Limits(0.7, 0.9), replace(measured, **changes))  # type: ignore[arg-type]


def test_a_good_rendering_is_observed_and_never_more() -> None:
    assert results().reading == Reading.OBSERVED
    assert results().explained.value == pytest.approx(0.9)
    recovered = results().recovered
    assert recovered is not None
    assert recovered.value == pytest.approx(3.9 / 4)


def test_each_null_that_is_not_beaten_makes_a_null() -> None:
    r = results()
    losses, small = r.measured.losses, r.measured.small
    for changes in (
        {"losses": replace(losses, mean=losses.clean + 0.01)},
        {"losses": replace(losses, spliced=losses.mean)},
        {"small": replace(small, shuffled=0.85)},
        {"small": replace(small, twin_losses=losses)},
        {"nulls": Nulls(0.95, 0.5)},
    ):
        assert results(**changes).reading == Reading.NULL
    assert results(losses=replace(losses, mean=losses.clean + 0.01)).recovered is None


def test_too_little_of_the_layer_is_inconclusive() -> None:
    r = results()
    losses = r.measured.losses
    for changes in (
        {"rendering": replace(r.measured.rendering, error=np.full(64, 0.4))},
        {"losses": replace(losses, spliced=losses.clean + 1)},
        {"synthetic": Recovery(0.5, 0.1, 0.3, 128)},
        {"checks": (r.measured.checks[0], replace(r.measured.checks[1], passed=False))},
    ):
        assert results(**changes).reading == Reading.INCONCLUSIVE


def test_splicing_measures_the_four_conditions(tiny_model: Model) -> None:
    subject = tiny_model("gemma3")
    items = subject.random_tokens(4, 12, 3)
    rows = subject.activations(items, 0, quiet)
    fitted = subject.fit_autoencoder(rows.values, AutoencoderFit(40, 8, 30, 3), quiet)
    found = splice_losses(subject, items, list("abab"), 0, fitted, rows.values.mean(axis=0), rows.limit, quiet)
    assert found.clean == pytest.approx([row.mean() for row in subject.cross_entropy(items, quiet)], abs=1e-6)
    assert np.abs(found.spliced - found.clean).mean() < np.abs(found.zero - found.clean).mean()


@pytest.mark.parametrize(
    ("params", "message"),
    [({"layer": 2}, "this model has layers 0 to 1"), ({"k": 64}, "smaller than the 64 features"), ({"tokens": 10}, "must be between 500")],
)
def test_settings_that_cannot_be_are_refused(params: dict[str, int], message: str, tiny_model: Model, workdir: Path) -> None:
    with pytest.raises(Refused, match=message):
        SaeFit().run(make_spec(SaeFit(), **params), tiny_model("gemma3"), workdir, Listener())


@pytest.mark.slow
def test_the_default_model_is_rendered_beyond_every_null(default_model: BridgeSubject, workdir: Path) -> None:
    spec = replace(make_spec(SaeFit()), params={})
    output = SaeFit().run(spec, default_model, workdir, Listener())
    assert output.reading == Reading.OBSERVED
    assert output.measurement("explained_variance").value == pytest.approx(0.77, abs=0.03)
    assert output.measurement("ce_recovered").value == pytest.approx(0.95, abs=0.02)
    rows = default_model.activations(default_model.random_tokens(2, 64, 1), 15, quiet).values
    assert read_autoencoder(workdir / "sae").encode(rows).shape == (len(rows), 2048)


@pytest.mark.slow
def test_saelens_loads_the_directory_and_renders_alike(tmp_path: Path) -> None:
    sae_lens = pytest.importorskip("sae_lens", reason="SAELens is not installed")
    import torch

    made, rows = small_autoencoder(), rows_of(40)
    write_saelens(tmp_path, "sae", made, {"hook_name": "blocks.1.hook_resid_post", "explained_variance": 0.5})
    loaded = sae_lens.SAE.load_from_disk(str(tmp_path / "sae"))
    with torch.no_grad():
        assert loaded(torch.from_numpy(rows)).numpy() == pytest.approx(made.reconstruct(rows), abs=1e-5)
    loaded.save_model(str(tmp_path / "again"))
    assert np.array_equal(read_autoencoder(tmp_path / "again").reconstruct(rows), made.reconstruct(rows))
