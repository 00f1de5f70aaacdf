"""Files of a steering run: every prompt, every direction, every cost, and the direction itself for other tools."""

from pathlib import Path
from typing import Any

import numpy as np

from assessments.contracts import OutputFile
from assessments.methods.parts.doses import SHARES
from assessments.methods.parts.outputs import write_direction, write_table
from assessments.methods.parts.sae_files import write_saelens
from assessments.methods.parts.steering_results import Results


def files(workdir: Path, r: Results, weights_digest: str) -> tuple[OutputFile, ...]:
    """Tables as parquet, the direction as safetensors; written answers only where some were made."""
    written = [write_table(workdir, "answers", _answers(r), "Written answers, untouched, steered and with it taken out", kind="table")] if r.answers else []
    return (
        write_table(workdir, "items", _items(r), "Every confirmation prompt with its read-out at every dose"),
        write_table(workdir, "directions", _directions(r), "Slope of every direction of the nulls", kind="table"),
        write_table(workdir, "costs", _costs(r), "Loss on every neutral text", kind="table"),
        write_table(workdir, "pressure", _pressure(r), "Change of every prompt inside every pressure wrapper", kind="table"),
        write_table(workdir, "removal", _removal(r), "Every prompt of the removal, untouched and with it taken out", kind="table"),
        *_tried(workdir, r),
        write_table(workdir, "strengths", _strengths(r), "Strengths tried on exploration texts", kind="table"),
        *written,
        *_dictionary(workdir, r, weights_digest),
        write_direction(workdir, "direction", r.design.unit, _metadata(r, weights_digest), f"Steering direction for {r.material.behaviour.name}"),
    )


def _dictionary(workdir: Path, r: Results, weights_digest: str) -> tuple[OutputFile, ...]:
    """The dictionary as others can load it, where it was fitted here."""
    if r.feature is None or r.feature.wish.dictionary.given is not None:
        return ()
    q = r.feature.quality
    about = {"hook_name": f"blocks.{r.design.layer}.hook_resid_post", "weights_digest": weights_digest, "l0": q.active}
    return write_saelens(
        workdir, "autoencoder", r.feature.autoencoder, {**about, "explained_variance": q.rendering.explained, "steered_feature": r.feature.index}
    )


def _items(r: Results) -> list[dict[str, Any]]:
    rows = []
    for place, item in enumerate(r.material.confirm.items):
        doses = {f"readout_{share:+.2f}": float(r.confirm[dose, place]) for dose, share in enumerate(SHARES)}
        effects = {"effect": r.item_effects, "instructed": r.instructed, "twin_effect": r.twin, "wrapped_effect": r.wrapped.mean(axis=0)}
        changes = {name: float(values[place]) for name, values in effects.items()}
        wrong = bool(r.item_effects[place] < 0)
        rows.append({"id": item.id, "family": item.family, "label": item.label, "text": item.text, **doses, **changes, "wrong_way": wrong})
    return rows


def _directions(r: Results) -> list[dict[str, Any]]:
    groups = (("random", r.random, r.random_slopes), ("permuted_labels", r.permuted, r.permuted_slopes), ("matched_features", r.matched, r.matched_slopes))
    features = r.feature.matched if r.feature else ()
    return [
        {
            "kind": kind,
            "index": features[index] if kind == "matched_features" else index,
            "readout_low": float(low),
            "readout_high": float(high),
            "slope_per_norm": float(slope),
        }
        for kind, responses, slopes in groups
        for index, ((low, high), slope) in enumerate(zip(responses.mean(axis=2), slopes, strict=True))
    ]


def _costs(r: Results) -> list[dict[str, Any]]:
    columns = zip(r.costs.texts, r.costs.base, r.costs.up, r.costs.down, strict=True)
    return [
        {"id": item.id, "family": item.family, "text": item.text, "loss": float(base), "rise_added": float(up), "rise_subtracted": float(down)}
        for item, base, up, down in columns
    ]


def _pressure(r: Results) -> list[dict[str, Any]]:
    return [
        {"wrapper": frame, "id": item.id, "family": item.family, "effect": float(value), "plain_effect": float(plain)}
        for frame, row in zip(r.material.wrappers, r.wrapped, strict=True)
        for item, value, plain in zip(r.material.confirm.items, row, r.item_effects, strict=True)
    ]


def _removal(r: Results) -> list[dict[str, Any]]:
    found = r.removal
    return [
        {"id": item.id, "family": item.family, "label": item.label, "text": item.text, "untouched": float(before), "change": float(change)}
        for item, before, change in zip(found.prompts.items, found.untouched, found.change, strict=True)
    ]


def _tried(workdir: Path, r: Results) -> list[OutputFile]:
    """The directions that could have been taken out, by layer; nothing where a feature is."""
    margin, layer = r.plan.margin, r.removal.layer
    rows = [
        {"layer": row.layer, "change": row.change, "cost": row.cost, "cost_upper": row.upper, "margin": margin, "chosen": row.layer == layer}
        for row in r.removal.tried
    ]
    return [write_table(workdir, "removal_tried", rows, "Directions tried for removal on exploration texts", kind="table")] if rows else []


def _strengths(r: Results) -> list[dict[str, Any]]:
    return [
        {"coefficient": coefficient, "cost": value, "cost_upper": upper, "margin": r.plan.margin, "chosen": coefficient == r.design.coefficient}
        for coefficient, value, upper in r.design.tried
    ]


def _answers(r: Results) -> list[dict[str, Any]]:
    return [{"id": a.item.id, "label": a.item.label, "request": a.item.text, "state": a.state, "answer": a.text, "refused": a.refused} for a in r.answers]


def _metadata(r: Results, weights_digest: str) -> dict[str, str]:
    design = r.design
    return {
        "hook": f"blocks.{design.layer}.hook_resid_post",
        "layer": str(design.layer),
        "concept": r.material.behaviour.name,
        "points_to": r.material.behaviour.positive,
        **_origin(r),
        "norm": repr(float(np.linalg.norm(design.unit))),
        "scale": repr(design.norm),
        "scale_meaning": "median L2 norm of the residual at this hook; multiply direction by coefficient × scale",
        "coefficient": repr(design.coefficient),
        "design_length": repr(design.length),
        "weights": weights_digest,
    }


def _origin(r: Results) -> dict[str, str]:
    if r.feature is None:
        return {"formula": "difference-of-means/1"}
    return {"formula": "sae-decoder-row/1", "feature": str(r.feature.index), "sign": repr(r.feature.sign), "autoencoder": r.feature.wish.dictionary.name}
