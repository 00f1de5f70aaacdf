"""A circuit run as measurements, controls, files and words."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from assessments.contracts import Control, Measurement, OutputFile, Reading
from assessments.methods.parts.outputs import finite, measurement, write_table
from assessments.methods.parts.stability_circuits import SHARES, circuit
from assessments.methods.parts.stability_measure import Shift
from assessments.methods.parts.stability_results import TOLERANCE, Results
from assessments.statistics import wilson

NATS = {"unit": "nats"}


def measurements(r: Results) -> tuple[Measurement, ...]:
    """Faithfulness first, then the areas, the shifts and how often a benign change would be taken for one."""
    n, formula = len(r.m.confirm), "faithfulness/1"
    null = dict(zip(("null_low", "null_high"), np.quantile(r.random, [0.025, 0.975]), strict=True))
    alarms = wilson(r.false_alarms, len(r.m.benign))
    largest = f"Largest change of the circuit ({r.largest.wrapper.title})"
    shift_null = dict(zip(("null_low", "null_high"), np.quantile(r.largest.null, [0.025, 0.975]), strict=True))
    return (
        measurement(
            "faithfulness", f"Behaviour carried by {r.size} of {r.edges} edges", r.faithfulness, n, formula, role="primary", p_value=r.random_p, **null
        ),
        measurement("behaviour", "Behaviour: clean over corrupted prompts", r.behaviour, n, "logit-difference-gap/1", **NATS),
        measurement("circuit_share", "Share of edges in the circuit", r.m.share, r.edges, "smallest-sufficient-share/1", unit="share", direction="lower"),
        measurement("cpr", "Area under faithfulness (CPR)", r.cpr, n, "cpr-trapezoid/1"),
        measurement("cmd", "Area between faithfulness and 1 (CMD)", r.cmd, n, "cmd-trapezoid/1", direction="lower"),
        measurement(
            "largest_shift", largest, r.largest.distance, r.largest.prompts, "rank-biased-distance/1", p_value=min(r.adjusted), direction="lower", **shift_null
        ),
        measurement("wrappers_moved", "Wrappers that change the circuit", len(r.moved), len(r.m.shifts), "paired-label-exchange/1", direction="lower"),
        measurement("benign_false_alarms", "Random halves of clean prompts called different", alarms, len(r.m.benign), "share-wilson/1", role="control"),
        measurement("behaviour_twin", "Behaviour with random weights", r.twin_behaviour, n, "logit-difference-gap/1", role="control", **NATS),
        *(_carried(r, shift) for shift in r.m.shifts),
    )


def _carried(r: Results, shift: Shift) -> Measurement:
    whole = shift.clean.mean() - shift.corrupted.mean()
    value = (shift.carried.mean() - shift.corrupted.mean()) / whole if whole else 0.0
    return measurement(f"carried_{shift.wrapper.name}", f"Carried by the same edges, {shift.wrapper.title}", value, shift.prompts, "faithfulness/1")


def controls(r: Results) -> tuple[Control, ...]:
    """The standard controls and how they behaved."""
    return (
        r.noop,
        Control(
            "patching_ends",
            2 * len(r.m.confirm),
            r.m.ends.gap <= TOLERANCE,
            f"All edges clean or all corrupted gives what the plain pass gives, to {r.m.ends.gap:.1g} nats (allowed {TOLERANCE:g}).",
        ),
        Control(
            "random_circuits",
            len(r.random),
            None,
            f"Circuits of {r.size} random edges carry {np.median(r.random):.2f} in the median, 95 % at most {np.quantile(r.random, 0.95):.2f} "
            f"(p = {r.random_p:.3f}; {r.m.random_prompts} prompts, on which the circuit carries {r.compared:.2f}).",
        ),
        Control(
            "label_exchange",
            len(r.largest.null),
            None,
            f"Prompts and their wrapped versions exchanged at random: 95 % of the distances stay below {np.quantile(r.largest.null, 0.95):.2f}.",
        ),
        Control(
            "benign_resampling",
            len(r.m.benign),
            r.false_alarms <= max(1, round(0.15 * len(r.m.benign))),
            f"{r.false_alarms} of {len(r.m.benign)} random halvings of the clean prompts would be called a change (5 % expected).",
        ),
        Control(
            "random_weight_twin",
            len(r.m.confirm),
            r.behaviour.low > r.twin_behaviour.high,
            f"Same architecture, random weights: {r.twin_behaviour.value:+.2f} nats.",
        ),
    )


def counts(r: Results) -> dict[str, int]:
    """Prompts by part, and those this tokenizer cannot score."""
    explore, held = len(r.m.explore), len(r.m.confirm)
    parts = {"exploration": explore, "confirmation": held, "scored": held, "unscored": 0, "errored": 0}
    return {"items": explore + held, **parts, "drawn": r.questions.asked, "not_scorable": r.questions.asked - explore - held}


def files(workdir: Path, r: Results) -> tuple[OutputFile, ...]:
    """Every prompt, every edge, every wrapper, and the circuit as a graph."""
    place = SHARES.index(r.m.share)
    items = [
        {
            "id": q.id,
            "family": q.family,
            "text": q.text,
            "clean": finite("logit difference", r.m.ends.clean[at]),
            "corrupted": finite("logit difference", r.m.ends.corrupted[at]),
            "circuit": finite("logit difference", r.m.carried[place, at]),
        }
        for at, q in enumerate(r.m.confirm)
    ]
    return (
        write_table(workdir, "items", items, "Every held-out prompt with its logit differences"),
        write_table(workdir, "edges", _edges(r), "Every edge with its score", kind="table"),
        write_table(workdir, "wrappers", _wrappers(r), "Every wrapper with its distance and what the circuit carries", kind="table"),
        _graph(workdir, r),
    )


def _edges(r: Results) -> list[dict[str, Any]]:
    kept, effects = circuit(r.m.scores, r.m.share), dict(zip(r.m.verified.tolist(), r.m.effects.tolist(), strict=True))
    sources, destinations = np.nonzero(r.m.layout.possible)
    return [
        {
            "edge": f"{r.m.layout.sources[sources[at]]}->{r.m.layout.destinations[destinations[at]]}",
            "score": finite("edge score", r.m.scores[at]),
            "attributed": finite("edge score", r.m.attributed[at]),
            "removal_effect": effects.get(at),
            "in_circuit": bool(kept[at]),
        }
        for at in range(r.edges)
    ]


def _wrappers(r: Results) -> list[dict[str, Any]]:
    moved = {shift.wrapper.name for shift in r.moved}
    return [
        {
            "wrapper": shift.wrapper.name,
            "prompts": shift.prompts,
            "distance": finite("distance", shift.distance),
            "null_95": finite("distance", np.quantile(shift.null, 0.95)),
            "p_adjusted": p,
            "jaccard": shift.overlap,
            "behaviour": finite("logit difference", shift.clean.mean() - shift.corrupted.mean()),
            "carried": finite("logit difference", shift.carried.mean() - shift.corrupted.mean()),
            "moved": shift.wrapper.name in moved,
        }
        for shift, p in zip(r.m.shifts, r.adjusted, strict=True)
    ]


def _graph(workdir: Path, r: Results) -> OutputFile:
    """The circuit in the JSON of EAP-IG: ``cfg``, ``nodes``, ``edges``; a shared key or value input stands at the first head of its group."""
    layout, rows = r.m.layout, _edges(r)
    heads = sum(name.startswith("a0.") for name in layout.sources)
    cfg = {"n_layers": (len(layout.sources) - 1) // (heads + 1), "n_heads": heads, "parallel_attn_mlp": False, "d_model": r.limits["d_model"]}
    used = {part.split("<")[0] for row in rows if row["in_circuit"] for part in row["edge"].split("->")}
    nodes = {name: {"in_graph": name in used} for name in (*layout.sources, "logits")}
    graph = {"cfg": cfg, "nodes": nodes, "edges": {row["edge"]: {"score": row["score"], "in_graph": row["in_circuit"]} for row in rows}}
    (workdir / "circuit.json").write_text(json.dumps(graph, separators=(",", ":")), encoding="utf-8")
    return OutputFile(path="circuit.json", media_type="application/json", kind="graph", title="The circuit as a graph of edges")


def words(r: Results) -> dict[str, str]:
    """Headline, summary and limits in plain language."""
    total = len(r.m.shifts)
    stays = "and it stays the same under pressure" if not r.moved else f"and {len(r.moved)} of {total} kinds of pressure change it"
    headline = {
        Reading.CAUSAL: f"{r.size} of {r.edges} inner connections carry the behaviour, {stays}",
        Reading.NULL: "No small circuit was found",
        Reading.INCONCLUSIVE: "The circuit: no clear answer",
    }[r.reading]
    return {"headline": headline, "summary": _summary(r), "does_not_show": _does_not_show(r), "not_examined": _not_examined(r)}


def _summary(r: Results) -> str:
    moved = ", ".join(shift.wrapper.title for shift in r.moved) or "none"
    parts = [
        f"The right answer is ahead by {r.behaviour.value:.2f} nats more on clean than on corrupted prompts ({r.behaviour.low:.2f} to {r.behaviour.high:.2f}). "
        f"With only {r.size} of {r.edges} connections left clean, {r.faithfulness.value:.0%} of that remains on held-out prompts "
        f"({r.faithfulness.low:.0%} to {r.faithfulness.high:.0%}); random circuits of equal size keep {np.median(r.random):.0%} in the median "
        f"(p = {r.random_p:.3f}). Area under the curve {r.cpr:.2f}, distance from 1 {r.cmd:.2f}.",
        f"Of {len(r.m.shifts)} kinds of pressure these change the {r.plan.depth} strongest connections beyond chance: {moved}. The largest distance is "
        f"{r.largest.distance:.2f} ({r.largest.wrapper.title}; by chance up to {np.quantile(r.largest.null, 0.95):.2f}); random halves of the same clean "
        f"prompts differ by up to {r.benign_edge:.2f}, and {r.false_alarms} of {len(r.m.benign)} of them would be called different.",
    ]
    if r.reading == Reading.INCONCLUSIVE:
        broken = [] if r.noop.passed else [r.noop.note]
        parts.append(f"Not counted as a circuit because {'; '.join(broken + r.failures) or 'patching does not reproduce the plain pass'}.")
    return " ".join(parts)


def _does_not_show(r: Results) -> str:
    if r.reading == Reading.CAUSAL:
        return (
            "that these connections are the only ones that could carry the behaviour, that they serve nothing else, or that pressure of another kind leaves "
            "them alone. Connections outside the circuit are set to what they do on corrupted prompts; other ways of removing them give other circuits."
        )
    return "that the model has no inner path for this behaviour: one way of scoring, one way of removing and one task were tried."


def _not_examined(r: Results) -> str:
    return (
        f"Positions apart (a connection is one over the whole prompt); single neurons; real removal of more than the {len(r.m.verified)} strongest connections "
        f"and the components of the first layer; other languages; pressure other than {', '.join(shift.wrapper.title for shift in r.m.shifts)}."
    )
