"""Files of a search for features: every text, every feature, the chosen ones as feature JSON for other tools, and the dictionary fitted here."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from assessments.contracts import OutputFile, StepSpec
from assessments.methods.parts.outputs import rounded, write_table
from assessments.methods.parts.sae_feature_results import Results
from assessments.methods.parts.sae_files import write_saelens
from assessments.methods.parts.sae_fitting import SOURCE
from assessments.subject import Subject

EXAMPLES = 5
"""Texts shown for each chosen feature: those of the exploration part on which it is most active."""


def files(workdir: Path, r: Results, spec: StepSpec, subject: Subject) -> tuple[OutputFile, ...]:
    """Tables first, then the feature JSON; the dictionary only where it was fitted here."""
    tables = (
        write_table(workdir, "items", _items(r), "Every text with its scores"),
        write_table(workdir, "features", features(r), "Every feature that could be chosen", kind="table"),
    )
    return (*tables, _feature_json(workdir, r, spec, subject), *(_dictionary(workdir, r, spec) if r.plan.given is None else ()))


def _items(r: Results) -> list[dict[str, Any]]:
    axis, codes, lead = r.measured.axis, r.measured.codes, int(r.tracking.features[0])
    columns = {"score_feature": r.scores, "score_twin": r.twin_scores} | {f"score_{name}": values for name, values in r.surface.items()}
    rows: list[dict[str, Any]] = []
    for name, part, activity in (("confirmation", axis.confirm, codes.confirm), ("exploration", axis.explore, codes.explore)):
        for place, item in enumerate(part.items):
            own = {"id": item.id, "family": item.family, "label": item.label, "pair": item.pair, "part": name, "text": item.text}
            scores = {key: float(values[place]) if name == "confirmation" else None for key, values in columns.items()}
            rows.append({**own, "activation": float(activity[place, lead]), **scores})
    return rows


def features(r: Results) -> list[dict[str, Any]]:
    """One row per candidate: density, AUROC on both sides, and for chosen and matched features what they do to the read-out."""
    t, q, e = r.tracking, r.measured.quality, r.effects
    density, fired = r.measured.codes.density, q.rendering.fired / len(q.held.values)
    ranks = {int(place): rank for rank, place in enumerate(t.chosen)}
    null = {} if e is None else dict(zip(e.matched_features.tolist(), e.matched.mean(axis=1).tolist(), strict=True))
    rows = []
    for place, feature in enumerate(t.candidates.tolist()):
        rank = ranks.get(place)
        row: dict[str, Any] = {"feature": feature, "rank": None if rank is None else rank + 1, "density": float(density[feature])}
        row |= {"density_held_out": float(fired[feature]), "auroc_exploration": float(t.found[place]), "auroc_confirmation": float(t.held[place])}
        row |= {"adjusted_p": None if rank is None else float(t.adjusted[rank]), "matched": feature in null}
        row |= {"steered": null.get(feature), "removed": None, "effect_p": None, "cost": None}
        if e is not None and rank is not None:
            row |= {"steered": float(t.signs[rank] * e.mean[rank]), "removed": float(-t.signs[rank] * e.removed[rank].mean())}
            row |= {"effect_p": float(e.adjusted[rank]), "cost": e.costs[rank].value}
        rows.append(row)
    return rows


def _feature_json(workdir: Path, r: Results, spec: StepSpec, subject: Subject) -> OutputFile:
    entries = [_feature(r, rank, spec, subject) for rank in range(len(r.tracking.chosen))]
    text = json.dumps(entries, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=1)
    (workdir / "features.json").write_text(text + "\n", encoding="utf-8")
    return OutputFile("features.json", "application/json", "features", "Chosen features in the form of Neuronpedia")


def _feature(r: Results, rank: int, spec: StepSpec, subject: Subject) -> dict[str, Any]:
    """Field names of Neuronpedia. Its lists of promoted words are left empty: they were not measured."""
    feature, q = int(r.tracking.features[rank]), r.measured.quality
    shown = _examples(r, feature, subject)
    return {
        "modelId": spec.subject.name,
        "layer": f"{r.plan.layer}-assay-res",
        "index": str(feature),
        "hookName": f"blocks.{r.plan.layer}.hook_resid_post",
        "vector": rounded(r.measured.autoencoder.decoder[feature], 6),
        "vectorDefaultSteerStrength": r.plan.dose.strength,
        "frac_nonzero": float(q.rendering.fired[feature] / len(q.held.values)),
        "maxActApprox": max((row["maxValue"] for row in shown), default=0.0),
        "pos_str": [],
        "pos_values": [],
        "neg_str": [],
        "neg_values": [],
        "explanations": [],
        "activations": shown,
    }


def _examples(r: Results, feature: int, subject: Subject) -> list[dict[str, Any]]:
    part, activity = r.measured.axis.explore, r.measured.codes.explore[:, feature]
    best = [int(place) for place in np.argsort(-activity, kind="stable")[:EXAMPLES] if activity[place] > 0]
    if not best:
        return []
    found = subject.activations([part.tokens[place] for place in best], r.plan.layer, lambda tokens: None, limit=float("inf"))
    codes = r.measured.autoencoder.encode(found.values)[:, feature]
    rows = []
    for number, place in enumerate(best):
        # position 0 is never read, so its value is 0
        values = [0.0, *rounded(codes[found.where[:, 0] == number], 4)]
        top = int(np.argmax(values))
        rows.append({"tokens": [subject.decode([token]) for token in part.tokens[place]], "values": values, "maxValue": values[top], "maxValueTokenIndex": top})
    return rows


def _dictionary(workdir: Path, r: Results, spec: StepSpec) -> tuple[OutputFile, ...]:
    q = r.measured.quality
    metadata = {
        "model_name": spec.subject.name,
        "weights_digest": spec.subject.weights_digest,
        "hook_name": f"blocks.{r.plan.layer}.hook_resid_post",
        "hook_head_index": None,
        "context_size": r.plan.context,
        "prepend_bos": True,
        "dataset_path": SOURCE if r.plan.text == "documentation" else r.measured.axis.concept.probe_set,
        "explained_variance": round(r.explained.value, 6),
        "l0": round(q.active, 4),
        "seed": spec.seed,
    }
    return write_saelens(workdir, "sae", r.measured.autoencoder, metadata)
