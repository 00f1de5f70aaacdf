"""Features of an axis: the choice is confirmed on other families, its nulls are honest, poor dictionaries are refused, effects are told from tracking."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assessments.autoencoders import Autoencoder, AutoencoderFit
from assessments.contracts import Reading, Refused, SubjectSpec
from assessments.methods import sae_features
from assessments.methods.parts import sae_feature_report
from assessments.methods.parts.sae_axis import Part, axis_texts
from assessments.methods.parts.sae_effects import matched_features, without
from assessments.methods.parts.sae_feature_results import Results
from assessments.methods.parts.sae_feature_run import measure, texts
from assessments.methods.parts.sae_files import write_saelens
from assessments.methods.parts.sae_sources import Card, card_of, contradictions, folder_digest, layer_of, supplied
from assessments.methods.parts.sae_tracking import LEAST, Codes, Tracking, auroc_of_ranks, pooled, signed, track
from assessments.methods.sae_features import TRIAL, SaeFeatures
from assessments.organisms.registry import organism
from assessments.parameters import params_parse
from assessments.probes import Item
from assessments.registry import trials_on
from assessments.statistics import Interval, auroc
from gpu_tasks.runtime.adapter import BridgeSubject
from gpu_tasks.runtime.loading import load_directory
from gpu_tasks.trials import families_of, jobs_of
from tests.assessments.methods.conftest import Listener, make_spec
from tests.assessments.methods.test_sae_fit import quiet, small_autoencoder

Model = Callable[..., BridgeSubject]
METHOD = SaeFeatures()


def part(count: int, prefix: str) -> Part:
    """``count`` matched pairs in ``count / 4`` families."""
    items = [Item(f"{prefix}{n}", f"{prefix}{n // 8}", "yes" if n % 2 else "no", f"text {n}", f"{prefix}{n // 2}") for n in range(2 * count)]
    return Part(items, [(1, 2)] * len(items), np.array([item.label == "yes" for item in items]))


def planted_codes(explore: Part, confirm: Part, width: int = 40, seed: int = 3) -> Codes:
    """Sparse noise; feature 5 fires on positive texts, feature 9 on negative ones."""
    draws = np.random.default_rng(seed)
    sides = []
    for side in (explore, confirm):
        rows = np.where(draws.random((len(side.items), width)) < 0.4, draws.random((len(side.items), width)), 0).astype(np.float32)
        rows[:, 5] += 3 * side.labels
        rows[:, 9] += 2 * ~side.labels
        sides.append(rows)
    return Codes(*sides)


def tracked(codes: Codes, features: int = 2) -> Tracking:
    return track(codes, part(16, "a"), part(16, "b"), features, 400, 7)


def organism_subject(slug: str) -> BridgeSubject:
    found = organism(slug)
    return load_directory(found.folder, SubjectSpec("safetensors", str(found.folder), found.weights_digest, "t" * 64, "", slug), max_batch=32)


@pytest.fixture(scope="session")
def planted_results() -> Results:
    """The trial on a model that refuses harmful requests, with fewer nulls."""
    return results_on("refuser-planted-100-s1")


def results_on(slug: str, **params: Any) -> Results:
    subject = organism_subject(slug)
    spec = make_spec(METHOD, **{**TRIAL, **params})
    plan = sae_features._plan(spec, params_parse(METHOD.Params, spec.params), subject)
    axis = axis_texts("organism_requests", subject, spec.probe_sets, spec.seed, 24)
    train, held = texts(subject, plan, axis)
    return Results(plan, measure(subject, 99, plan, axis, train, held, lambda name, tokens: quiet), 0.1)


def test_areas_from_ranks_are_those_of_the_statistics_module() -> None:
    from scipy.stats import rankdata

    values = np.random.default_rng(1).integers(0, 4, (30, 6)).astype(float)
    labels = np.random.default_rng(2).random(30) < 0.4
    assert auroc_of_ranks(rankdata(values, axis=0), labels[None])[0] == pytest.approx(auroc(values.T, labels))
    with pytest.raises(Refused, match="both labels"):
        auroc_of_ranks(rankdata(values, axis=0), np.ones((1, 30), bool))


def test_planted_features_are_chosen_turned_and_confirmed() -> None:
    found = tracked(planted_codes(part(16, "a"), part(16, "b")))
    assert found.features.tolist() == [5, 9]
    assert found.signs.tolist() == [1, -1]
    assert found.confirmed == pytest.approx([1, 1], abs=0.02)
    assert (found.adjusted < 0.01).all()


def test_noise_is_chosen_on_exploration_and_not_confirmed() -> None:
    explore, confirm = part(16, "a"), part(16, "b")
    rejected = 0
    for seed in range(40):
        codes = planted_codes(explore, confirm, seed=seed)
        keep = np.delete(np.arange(40), [5, 9])
        found = track(Codes(codes.explore[:, keep], codes.confirm[:, keep]), explore, confirm, 2, 200, seed)
        assert signed(found.found[found.chosen], found.signs).min() > 0.6, "the choice itself looks good on what it was made on"
        rejected += int((found.adjusted <= 0.05).any())
    assert rejected <= 6


def test_labels_are_permuted_on_the_confirmation_side_too() -> None:
    explore, confirm = part(16, "a"), part(16, "b")
    codes = planted_codes(explore, confirm)
    only = Codes(codes.explore[:, [5]], codes.confirm[:, [5]])
    null = track(only, explore, confirm, 1, 400, 7).null[:, 0]
    # with true labels on this side every draw of so strong a feature would be 0 or 1
    assert ((null > 0.02) & (null < 0.98)).mean() > 0.95
    assert abs(null.mean() - 0.5) < 0.03


def test_a_choice_made_on_confirmation_data_would_be_another() -> None:
    explore, confirm = part(16, "a"), part(16, "b")
    codes = planted_codes(explore, confirm)
    codes.confirm[:, 20] = 9 * confirm.labels
    assert 20 not in tracked(codes).features


def test_rarely_active_features_cannot_be_chosen() -> None:
    explore, confirm = part(16, "a"), part(16, "b")
    codes = planted_codes(explore, confirm)
    codes.explore[:, 3] = 0
    codes.explore[1 : 2 * (LEAST - 1) : 2, 3] = 5
    assert 3 not in tracked(codes).candidates
    with pytest.raises(Refused, match="ask for fewer features"):
        tracked(codes, features=41)


def test_matched_features_fire_as_often_and_were_not_chosen() -> None:
    codes = planted_codes(part(16, "a"), part(16, "b"), width=200)
    codes.explore[:, 100:] *= np.random.default_rng(1).random((32, 100)) < 0.3
    found = tracked(codes)
    density = codes.density
    density[found.features] = 0.4
    matched = matched_features(density, found, 20, 1)
    assert len(set(matched.tolist())) == 20
    assert not set(matched.tolist()) & set(found.features.tolist())
    rest = np.setdiff1d(found.candidates, found.features)
    assert np.abs(density[matched] - 0.4).max() <= np.sort(np.abs(density[rest] - 0.4))[41]
    assert len(matched_features(density, found, 5000, 1)) == len(rest)


def test_taking_a_feature_out_removes_what_it_writes_and_nothing_else() -> None:
    made = small_autoencoder()
    rows = np.random.default_rng(4).standard_normal((30, 16)).astype(np.float32)
    codes = made.encode(rows)
    feature = int((codes > 0).sum(axis=0).argmax())
    gone = rows - without(made, feature)(rows)
    assert gone == pytest.approx(codes[:, [feature]] * made.decoder[feature], abs=1e-5)
    assert np.array_equal(without(made, feature)(rows)[codes[:, feature] == 0], rows[codes[:, feature] == 0])


def test_log_probs_with_activations_put_back_are_the_same_and_without_them_not(tiny_model: Model) -> None:
    subject = tiny_model("gemma3")
    items, ids = subject.random_tokens(3, 9, 1) + subject.random_tokens(2, 5, 2), [1, 5, 9]
    plain = subject.log_probs(items, ids, quiet)
    same = subject.spliced_log_probs(items, 0, lambda rows: rows, float("inf"), ids, quiet)
    assert same == pytest.approx(plain, abs=1e-5)
    assert not np.allclose(subject.spliced_log_probs(items, 0, np.zeros_like, float("inf"), ids, quiet), plain, atol=1e-3)


def test_features_are_read_at_the_last_token_or_at_their_highest(tiny_model: Model) -> None:
    subject = tiny_model("gemma3")
    tokens = subject.random_tokens(4, 9, 1) + subject.random_tokens(2, 5, 2)
    found = subject.activations(tokens, 1, quiet, limit=float("inf"))
    fitted = subject.fit_autoencoder(found.values, AutoencoderFit(40, 8, 5, 1, batch=16), quiet)
    side = Part([], tokens, np.zeros(6, bool))
    highest = pooled(subject, fitted, side, 1, float("inf"), "max", quiet)
    last = pooled(subject, fitted, side, 1, float("inf"), "last", quiet)
    for place in range(6):
        rows = fitted.encode(found.values[found.where[:, 0] == place])
        assert highest[place] == pytest.approx(rows.max(axis=0), abs=1e-5)
        assert last[place] == pytest.approx(rows[-1], abs=1e-4)


# supplied autoencoders


def put(folder: Path, autoencoder: Autoencoder, **about: Any) -> str:
    folder.parent.mkdir(exist_ok=True)
    write_saelens(folder.parent, folder.name, autoencoder, about)
    return folder_digest(folder)


def test_a_supplied_autoencoder_is_held_to_its_digest_and_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = put(tmp_path / "shelf" / "mine", small_autoencoder())
    with pytest.raises(Refused, match="ASSAY_AUTOENCODERS is not set"):
        supplied("mine", digest)
    monkeypatch.setenv("ASSAY_AUTOENCODERS", str(tmp_path / "shelf"))
    assert supplied("mine", f"sha256:{digest}").width == 24
    put(tmp_path / "outside", small_autoencoder())
    (tmp_path / "shelf" / "link").symlink_to(tmp_path / "outside")
    for name in ("../outside", "/etc", ".", "link"):
        with pytest.raises(Refused, match="name of a folder below"):
            supplied(name, digest)
    with pytest.raises(Refused, match="no such folder"):
        supplied("other", digest)
    settings = tmp_path / "shelf" / "mine" / "cfg.json"
    settings.write_text(settings.read_text().replace('"k": 4', '"k": 5'))
    with pytest.raises(Refused, match="restore the sealed files"):
        supplied("mine", digest)


def test_the_digest_is_what_sha256sum_gives(tmp_path: Path) -> None:
    digest = put(tmp_path / "shelf" / "mine", small_autoencoder())
    lines = [f"{hashlib.sha256((tmp_path / 'shelf' / 'mine' / name).read_bytes()).hexdigest()}  {name}\n" for name in ("cfg.json", "sae_weights.safetensors")]
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == digest


def test_the_hook_settles_the_layer(tiny_model: Model) -> None:
    facts = tiny_model("gemma3").facts
    assert layer_of({"hook_name": "blocks.1.hook_resid_post"}, None, facts) == 1
    assert layer_of({"hook_name": "blocks.1.hook_resid_pre"}, None, facts) == 0
    assert layer_of({}, 1, facts) == 1
    for about, asked, words in (
        ({"hook_name": "blocks.1.hook_mlp_out"}, None, "only the residual stream"),
        ({"hook_name": "blocks.1.hook_resid_post"}, 0, "leave layer empty"),
        ({"hook_name": "blocks.7.hook_resid_post"}, None, "layers 0 to 1"),
        ({}, None, "give parameter layer"),
    ):
        with pytest.raises(Refused, match=words):
            layer_of(about, asked, facts)


def test_a_card_is_contradicted_by_less_variance_or_another_number_of_features() -> None:
    card = card_of({"explained_variance": 0.8, "l0": 30, "weights_digest": "ab"}, "mine")
    assert card == Card(0.8, 30.0, "ab")
    assert card_of({}, "layer_3/width_16k/average_l0_71").active == 71
    assert contradictions(card, 0.65, 40) == []
    assert len(contradictions(card, 0.55, 40)) == len(contradictions(card, 0.7, 100)) == len(contradictions(card, 0.7, 8)) == 1
    assert contradictions(card_of({}, "mine"), -0.6, 5) == []


@pytest.fixture(scope="session")
def own_autoencoder(tiny_model: Model) -> Autoencoder:
    """Fitted to the texts of the probe set on a tiny random model."""
    subject = tiny_model("gemma3")
    spec = make_spec(METHOD)
    axis = axis_texts("sentiment", subject, spec.probe_sets, 7, 8)
    rows = subject.activations(axis.explore.tokens, 1, quiet)
    return subject.fit_autoencoder(rows.values, AutoencoderFit(96, 24, 25, 1, batch=128), quiet)


def run_supplied(subject: BridgeSubject, root: Path, workdir: Path, autoencoder: Autoencoder, about: dict[str, Any]) -> Any:
    digest = put(root / "mine", autoencoder, hook_name="blocks.1.hook_resid_post", **about)
    spec = make_spec(METHOD, autoencoder="mine", autoencoder_digest=digest, text="axis", passes=2)
    return METHOD.run(spec, subject, workdir, Listener())


def test_a_supplied_autoencoder_is_read_and_named_in_the_record(
    tiny_model: Model, own_autoencoder: Autoencoder, tmp_path: Path, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_AUTOENCODERS", str(tmp_path / "shelf"))
    output = run_supplied(tiny_model("gemma3"), tmp_path / "shelf", workdir, own_autoencoder, {"l0": 20})
    assert output.environment["autoencoder"]["name"] == "mine"
    assert output.environment["autoencoder"]["fitted_here"] is False
    assert not any(file.kind == "autoencoder" for file in output.files)
    assert "supplied (SAELens 6)" in output.summary
    (feature,) = json.loads((workdir / "features.json").read_text())
    assert feature["hookName"] == "blocks.1.hook_resid_post"
    assert feature["vector"] == pytest.approx(own_autoencoder.decoder[int(feature["index"])].tolist(), abs=1e-6)
    for shown in feature["activations"]:
        assert len(shown["tokens"]) == len(shown["values"])
        assert shown["maxValue"] == max(shown["values"]) > 0


def test_an_autoencoder_that_does_not_do_what_its_card_says_is_refused(
    tiny_model: Model, own_autoencoder: Autoencoder, tmp_path: Path, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_AUTOENCODERS", str(tmp_path / "shelf"))
    turned = replace(own_autoencoder, decoder=np.ascontiguousarray(own_autoencoder.decoder[::-1]))
    with pytest.raises(Refused, match="does not do here what its card says"):
        run_supplied(tiny_model("gemma3"), tmp_path / "shelf", workdir, turned, {"explained_variance": 0.8})
    assert not list(workdir.iterdir())


def test_an_autoencoder_below_the_floor_is_refused_whatever_its_card_leaves_out(
    tiny_model: Model, own_autoencoder: Autoencoder, tmp_path: Path, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_AUTOENCODERS", str(tmp_path / "shelf"))
    turned = replace(own_autoencoder, decoder=np.ascontiguousarray(own_autoencoder.decoder[::-1]))
    with pytest.raises(Refused, match=r"at least 0\.5 is asked for before anything is read"):
        run_supplied(tiny_model("gemma3"), tmp_path / "shelf", workdir, turned, {})


def test_an_autoencoder_of_another_width_is_refused(tiny_model: Model, tmp_path: Path, workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_AUTOENCODERS", str(tmp_path / "shelf"))
    with pytest.raises(Refused, match="reads 16 dimensions, this model's residual stream has 64"):
        run_supplied(tiny_model("gemma3"), tmp_path / "shelf", workdir, small_autoencoder(), {})


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"autoencoder": "mine"}, "belong together"),
        ({"features": 5}, "must both be at least 99"),
        ({"k": 96}, "smaller than the 96 features"),
        ({"layer": 2}, "this model has layers 0 to 1"),
    ],
)
def test_settings_that_cannot_be_are_refused(params: dict[str, Any], message: str, tiny_model: Model, workdir: Path) -> None:
    with pytest.raises(Refused, match=message):
        METHOD.run(make_spec(METHOD, **params), tiny_model("gemma3"), workdir, Listener())


def test_an_axis_without_read_out_is_read_and_nothing_is_moved(tiny_model: Model, workdir: Path) -> None:
    spec = make_spec(METHOD, concept="axis_goal_misgeneralisation", text="axis", k=24, thresholds=())
    assert set(spec.probe_sets) == {"axis_goal_misgeneralisation", "neutral_text"}
    output = METHOD.run(spec, tiny_model("gemma3"), workdir, Listener())
    assert output.reading in (Reading.NULL, Reading.INCONCLUSIVE)
    assert {"matched_features", "ablation"} & {control.name for control in output.controls} == set()
    assert "no effect on the behaviour was tried" in output.summary
    assert [figure.name for figure in output.figures] == ["feature_map"]


# the reading


def test_the_feature_of_a_planted_distinction_is_found(planted_results: Results) -> None:
    assert planted_results.reading in (Reading.OBSERVED, Reading.CAUSAL)
    assert planted_results.auroc.value > 0.9
    assert planted_results.measured.quality.rendering.explained > 0.8


def test_each_null_that_is_not_beaten_lowers_the_reading(planted_results: Results) -> None:
    r, m = planted_results, planted_results.measured
    t = m.tracking

    def reading(**changes: Any) -> Reading:
        return replace(r, measured=replace(m, **changes)).reading

    assert reading(tracking=replace(t, adjusted=np.ones_like(t.adjusted))) == Reading.NULL
    assert reading(tracking=replace(t, signs=-t.signs)) == Reading.NULL
    assert reading(twin_codes=m.codes, twin=t) == Reading.INCONCLUSIVE
    assert reading(checks=(m.checks[0], replace(m.checks[1], passed=False))) == Reading.INCONCLUSIVE


def test_an_effect_needs_both_nulls_a_price_and_a_confirmed_feature(planted_results: Results) -> None:
    r, m = planted_results, planted_results.measured
    e = m.effects
    assert e is not None
    cheap = [Interval(0.0, 0.0, 0.01)] * len(e.costs)
    strong = replace(e, steered=np.full_like(e.steered, 50.0), costs=cheap)

    def reading(effects: Any, **changes: Any) -> Reading:
        return replace(r, measured=replace(m, effects=effects, **changes)).reading

    assert reading(strong) == Reading.CAUSAL
    assert reading(replace(strong, steered=-strong.steered)) == Reading.OBSERVED
    assert reading(replace(strong, costs=[Interval(0.1, 0.0, 0.2)] * len(cheap))) == Reading.OBSERVED
    assert reading(replace(strong, matched=np.full_like(e.matched, 60.0))) == Reading.OBSERVED
    assert reading(replace(strong, random=np.full_like(e.random, 60.0))) == Reading.OBSERVED
    assert reading(replace(strong, matched=e.matched[:0])) == Reading.OBSERVED, "no null, no effect"
    assert reading(None) == Reading.OBSERVED


def test_too_few_matched_features_are_said(planted_results: Results) -> None:
    r, m = planted_results, planted_results.measured
    assert m.effects is not None
    assert r.tellable
    few = replace(r, measured=replace(m, effects=replace(m.effects, matched=m.effects.matched[:10])))
    assert not few.tellable
    assert "too few for an effect to be told" in sae_feature_report.words(few)["summary"]
    assert "too few" not in sae_feature_report.words(r)["summary"]


@pytest.mark.django_db
def test_the_trials_reach_the_refusers_without_touching_their_records() -> None:
    assert families_of("sae_features") == {"refuser"}
    planted, twin = (trials_on("sae_features", organism(f"refuser-{kind}-s1")) for kind in ("planted-100", "twin-000"))
    assert [trial.least for _, trial in planted] == [Reading.OBSERVED]
    assert [trial.most for _, trial in twin] == [Reading.OBSERVED]
    assert planted[0][0] == len(organism("refuser-planted-100-s1").trials)
    assert trials_on("sae_features", organism("induction-planted-100-s1")) == []
    jobs = jobs_of("sae_features", "refuser", 2)
    assert len(jobs) == 40
    params_parse(METHOD.Params, jobs[0].trial.params)


@pytest.mark.slow
def test_random_weights_of_an_organism_have_no_such_feature() -> None:
    for seed in (1, 2):
        subject = organism_subject("refuser-planted-100-s2").random_twin(seed)
        spec = make_spec(METHOD, **TRIAL)
        plan = sae_features._plan(spec, params_parse(METHOD.Params, spec.params), subject)
        axis = axis_texts("organism_requests", subject, spec.probe_sets, spec.seed, 24)
        measured = measure(subject, 99, plan, axis, *texts(subject, plan, axis), lambda name, tokens: quiet)
        assert Results(plan, measured, 0.1).reading == Reading.NULL


@pytest.mark.slow
def test_the_default_model_has_a_feature_for_sentiment(default_model: BridgeSubject, workdir: Path) -> None:
    output = METHOD.run(replace(make_spec(METHOD), params={}), default_model, workdir, Listener())
    assert output.measurement("explained_variance").value > 0.6
    assert output.reading in (Reading.OBSERVED, Reading.CAUSAL, Reading.INCONCLUSIVE)
