"""A self-repair run as measurements, controls, files and words."""

from pathlib import Path
from typing import Any

import numpy as np

from assessments.contracts import Control, Measurement, OutputFile, Reading
from assessments.methods.parts.outputs import finite, measurement, write_table
from assessments.methods.parts.repair_measure import reaction
from assessments.methods.parts.repair_results import Results

PART_NAMES = {"attention": "later attention", "mlp": "later MLP blocks", "norm": "the final norm"}
LOGITS = {"unit": "logits"}


def measurements(r: Results) -> tuple[Measurement, ...]:
    """The ratio first, then the sum it comes from, its parts, and what the backups hide."""
    n, name = len(r.direct_items), r.named(r.search.headline)
    low, high = np.quantile(r.random_ratios, [0.025, 0.975])
    permuted = dict(zip(("null_low", "null_high"), np.quantile(r.confirmed.permuted, [0.025, 0.975]), strict=True))
    parts = [measurement(f"repair_{part}", f"Made good by {PART_NAMES[part]}", found, n, "self-repair-split/1", **LOGITS) for part, found in r.parts.items()]
    return (
        measurement(
            "compensation_ratio",
            f"Share of the loss of {name} made good",
            r.ratio,
            n,
            "compensation-ratio/1",
            role="primary",
            null_low=low,
            null_high=high,
            p_value=r.p_value,
        ),
        measurement("direct_effect", f"Direct effect of {name} on the right answer", r.direct, n, "direct-effect-frozen-norm/1", **LOGITS),
        measurement("single_loss", f"Loss when {name} alone is taken out", r.loss, n, "resample-ablation/1", **LOGITS),
        measurement("self_repair", "Loss made good", r.repair, n, "self-repair/1", **LOGITS, **permuted),
        *parts,
        measurement("joint_loss", "Loss when its backups are taken out too", _joint(r), n, "resample-ablation/1", **LOGITS),
        _hidden(r, n),
        measurement("twin_repair", "Loss made good, random weights", r.twin_repair, n, "self-repair/1", role="control", **LOGITS),
    )


def _joint(r: Results) -> Any:
    return r.over_prompts(r.confirmed.steps.together[-1])


def _hidden(r: Results, n: int) -> Measurement:
    names = " and ".join(map(r.named, r.search.backups))
    low, high = np.quantile(r.matched_hidden, [0.025, 0.975])
    null = {"null_low": low, "null_high": high, "p_value": r.hidden_p}
    return measurement("hidden_loss", f"Extra loss uncovered by also taking out {names}", r.hidden, n, "joint-ablation-surplus/1", **LOGITS, **null)


def controls(r: Results) -> tuple[Control, ...]:
    """The standard controls and how they behaved."""
    other = r.ratio_of(reaction(r.confirmed.other_donors)[0, :, 0], r.confirmed.other_donors.direct[0, :, 0].astype(np.float64))
    permuted = np.quantile(r.confirmed.permuted, [0.025, 0.975])
    return (
        r.noop,
        Control(
            "random_directions",
            len(r.random_ratios),
            None,
            f"Changes of equal size and equal direct effect, otherwise random: {np.median(r.random_ratios):+.2f} of the loss is made good in the median, "
            f"95 % stay below {np.quantile(r.random_ratios, 0.95):+.2f} (p = {r.p_value:.3f}).",
        ),
        Control(
            "matched_components",
            len(r.matched_hidden),
            None,
            f"Other components of like direct effect in place of the backups uncover {np.median(r.matched_hidden):+.2f} logits in the median, "
            f"at most {r.matched_hidden.max():+.2f} (p = {r.hidden_p:.3f}).",
        ),
        Control(
            "permuted_answers",
            len(r.confirmed.permuted),
            None,
            f"Read at the right answers of other prompts, {permuted[0]:+.2f} to {permuted[1]:+.2f} logits are made good.",
        ),
        Control("other_donors", len(r.direct_items), None, f"With activations of other prompts put in, the ratio is {other.value:.2f} ({r.ratio.value:.2f})."),
        Control(
            "random_weight_twin",
            len(r.direct_items),
            r.twin_repair.high < r.limits["direct_effect"],
            f"Same architecture, random weights: {r.twin_repair.value:+.3f} logits made good.",
        ),
    )


def counts(r: Results) -> dict[str, int]:
    """Prompts by part, and those this tokenizer cannot score."""
    explore, held = len(r.questions.exploration), len(r.questions.confirmation)
    parts = {"exploration": explore, "confirmation": held, "scored": held, "unscored": 0, "errored": 0}
    return {"items": explore + held, **parts, "drawn": r.questions.asked, "not_scorable": r.questions.asked - explore - held}


def files(workdir: Path, r: Results) -> tuple[OutputFile, ...]:
    """Every prompt, every component seen in exploration, and every set taken out together."""
    effects = r.confirmed.headline
    columns = {
        "direct_effect": r.direct_items,
        "single_loss": r.direct_items - r.repair_items,
        "self_repair": r.repair_items,
        **{f"repair_{name}": getattr(effects, name)[0, :, 0] for name in PART_NAMES},
        "joint_loss": r.confirmed.steps.together[-1],
    }
    items = [
        {"id": q.id, "family": q.family, "text": q.text, "part": "confirmation", **{name: finite(name, values[place]) for name, values in columns.items()}}
        for place, q in enumerate(r.questions.confirmation)
    ]
    return (
        write_table(workdir, "items", items, "Every held-out prompt with its losses"),
        write_table(workdir, "components", _components(r), "Every component on exploration prompts", kind="table"),
        write_table(workdir, "sets", _sets(r), "Every set of components taken out together, on held-out prompts", kind="table"),
    )


def _components(r: Results) -> list[dict[str, Any]]:
    extra = dict(zip(r.search.later, r.search.extra, strict=True))
    rows = []
    for place, component in enumerate(r.search.components):
        backup = extra.get(component)
        rows.append(
            {
                "component": r.named(component),
                "layer": component[0],
                "direct_effect": finite("direct effect", r.search.direct[place]),
                "self_repair": finite("self-repair", r.search.repair[place]),
                "uncovers_with_headline": None if backup is None else finite("joint loss", backup),
                "candidate": component in r.search.candidates,
                "backup": component in r.search.backups,
            }
        )
    return rows


def _sets(r: Results) -> list[dict[str, Any]]:
    headline = r.direct_items - r.repair_items
    return [
        {
            "kind": kind,
            "components": ", ".join(map(r.named, members)),
            "loss_alone": finite("loss", joint.alone[place].mean()),
            "loss_with_headline": finite("loss", joint.together[place].mean()),
            "hidden_loss": finite("hidden loss", joint.extra(headline)[place].mean()),
        }
        for kind, joint in (("backups", r.confirmed.steps), ("matched", r.confirmed.matched))
        for place, members in enumerate(joint.sets)
    ]


def words(r: Results) -> dict[str, str]:
    """Headline, summary and limits in plain language."""
    headline = {
        Reading.CAUSAL: "The model makes good the loss of a component; the parts that stand in were found",
        Reading.OBSERVED: "The model makes good the loss of a component; what stands in was not found",
        Reading.NULL: "No self-repair was found",
        Reading.INCONCLUSIVE: "Self-repair: no clear answer",
    }[r.reading]
    return {"headline": headline, "summary": _summary(r), "does_not_show": _does_not_show(r), "not_examined": _not_examined(r)}


def _summary(r: Results) -> str:
    name, backups = r.named(r.search.headline), " and ".join(map(r.named, r.search.backups))
    parts = [
        f"{name} writes {r.direct.value:.2f} logits towards the right answer ({r.direct.low:.2f} to {r.direct.high:.2f}). With its output taken from another "
        f"prompt, {r.loss.value:.2f} are lost: {r.ratio.value:.0%} of the direct effect is made good ({r.ratio.low:.0%} to {r.ratio.high:.0%}), against "
        f"{np.median(r.random_ratios):.0%} for random changes of equal size and direct effect (p = {r.p_value:.3f}).",
        "By part: " + ", ".join(f"{PART_NAMES[part]} {found.value:+.2f}" for part, found in r.parts.items()) + " logits.",
        f"Taking out {backups} as well uncovers {r.hidden.value:+.2f} logits beyond the sum of the single losses ({r.hidden.low:.2f} to {r.hidden.high:.2f}; "
        f"matched components at most {r.matched_hidden.max():+.2f}). A single removal therefore gives only a lower bound of what a component does.",
    ]
    if r.direct.value < r.limits["direct_effect"]:
        parts.append("No component writes enough of the right answer for its loss to need making good.")
    if r.reading == Reading.INCONCLUSIVE:
        reasons = r.failures if r.noop.passed else [r.noop.note]
        parts.append(f"Not counted as self-repair because {'; '.join(reasons)}.")
    return " ".join(parts)


def _does_not_show(r: Results) -> str:
    if r.reading in (Reading.CAUSAL, Reading.OBSERVED):
        return (
            f"that {' or '.join(map(r.named, r.search.backups))} are all that stands in, that the standing-in serves a purpose, or that it happens at "
            "other positions and in other tasks."
        )
    return f"that the model never makes good a loss: one component of {len(r.search.candidates)} candidates, one task and the last token were measured."


def _not_examined(r: Results) -> str:
    return (
        f"Positions before the last token; components outside the {len(r.search.candidates)} with the largest direct effect; backups looked for one at a "
        f"time, so sets that stand in only together may be missed; tasks other than {r.questions.task}."
    )
