"""Sparse features: fit a dictionary of features to one layer of a model for which none exists, and say how well it renders the layer.

TopK autoencoder (Gao et al. 2024, arXiv:2406.04093) on activations of documentation texts, judged on packages never used for fitting: explained
variance as one ratio of sums, loss recovered against replacing the layer by its mean, and the same procedure on random weights (Heap et al. 2025,
arXiv:2501.17727), on shuffled activations and on planted features.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from assessments.autoencoders import AutoencoderFit
from assessments.contracts import InstrumentCard, OutputFile, ParamsBase, Progress, Refused, RequirementClaim, StepOutput, StepSpec, Threshold
from assessments.methods.parts import sae_figures, sae_report
from assessments.methods.parts.controls import environment, sealed_limits, twin_seed
from assessments.methods.parts.meter import Meter
from assessments.methods.parts.outputs import write_table
from assessments.methods.parts.sae_files import write_saelens
from assessments.methods.parts.sae_fitting import SOURCE, Plan, fitting_text, measure, prepare, stages
from assessments.methods.parts.sae_results import Limits, Results
from assessments.parameters import params_parse
from assessments.subject import Subject

DEPTH = 0.5


@dataclass(frozen=True)
class Params(ParamsBase):
    """``layer`` left empty is the middle one. ``harvest`` is the precision of the activations fitted to; all judging is in float32."""

    layer: int | None = None
    width: int = 2048
    k: int = 32
    tokens: int = 60_000
    passes: int = 4
    context: int = 128
    held_out_tokens: int = 6000
    loss_texts: int = 16
    small: float = 0.25
    planted_rows: int = 20_000
    harvest: Literal["bfloat16", "float32"] = "bfloat16"
    bootstrap: int = 2000

    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {
        "layer": (0, 500),
        "width": (32, 65_536),
        "k": (1, 512),
        "tokens": (500, 20_000_000),
        "passes": (1, 50),
        "context": (16, 1024),
        "held_out_tokens": (256, 200_000),
        "loss_texts": (4, 500),
        "small": (0.05, 1),
        "planted_rows": (1000, 200_000),
        "bootstrap": (200, 20_000),
    }


CARD = InstrumentCard(
    slug="sae_fit",
    version="1",
    title="Sparse features, fitted",
    question="Can one layer of the model be written as a few active features out of many, and how much is lost?",
    estimand=(
        "Explained variance of the layer's activations on packages held out, and the share of the loss that the features recover against replacing the layer "
        "by its mean."
    ),
    falsifier=(
        "Random features or activations shuffled per dimension are rendered as well, the features restore no more loss than on random weights, or planted "
        "features are not found."
    ),
    paper="Gao et al. 2024, arXiv:2406.04093; Bricken et al. 2023, Towards Monosemanticity; Heap et al. 2025, arXiv:2501.17727",
    access="activations",
    evidence_kinds=("interpretability_report", "eval_protocol"),
    requirements=(
        RequirementClaim(
            "NIST-AIRMF-MEASURE-2.9", "interpretability_report", "Says how faithfully a dictionary of features renders a layer before anything is read from it."
        ),
        RequirementClaim("COP-A3.1", "eval_protocol", "Held-out packages, random weights, shuffled activations and planted features bear on validity."),
    ),
    controls=(
        "noop_hook",
        "identity_splice",
        "shuffled_activations",
        "random_features",
        "principal_components",
        "planted_features",
        "neutral_text",
        "random_weight_twin",
    ),
    organisms=(),
    probe_sets=("neutral_text",),
    thresholds=(
        Threshold("explained_variance", "beyond_null"),
        Threshold("explained_variance", ">=", 0.7),
        Threshold("ce_recovered", ">=", 0.9),
        Threshold("loss_restored", "beyond_null"),
    ),
    tolerance="bit-exact on CPUs of one kind with one thread; activations to fit on may be harvested in bfloat16, which other processors round differently",
    minutes=3.0,
    shows="How much of a layer a few active features out of many keep: variance explained and loss recovered on text never used for fitting.",
    does_not_show=(
        "That single features mean anything, that the model uses them, or that another fit would give the same ones. Random weights can be rendered well too."
    ),
)


class SaeFit:
    """Registry entry."""

    card = CARD
    Params: type[ParamsBase] = Params

    def run(self, spec: StepSpec, subject: Subject, workdir: Path, progress: Progress) -> StepOutput:
        """Harvest, fit, judge on held-out packages, repeat on the nulls, write a SAELens directory."""
        params = params_parse(Params, spec.params)
        plan = _plan(spec, params, subject)
        material = prepare(subject, plan, spec.probe_sets)
        meter = Meter(progress, stages(plan, material, subject))
        found = sealed_limits(CARD, spec)
        results = Results(plan, Limits(found["explained_variance"], found["ce_recovered"]), measure(subject, twin_seed(spec), plan, material, meter.stage))
        return StepOutput(
            reading=results.reading,
            **sae_report.words(results),
            primary="explained_variance",
            measurements=sae_report.measurements(results),
            controls=sae_report.controls(results),
            figures=sae_figures.figures(results),
            files=_files(workdir, results, spec, params),
            counts=sae_report.counts(results),
            environment={**environment(spec, subject), "fitting_text": fitting_text(material), "harvest": params.harvest},
            tokens=meter.tokens,
        )


def _plan(spec: StepSpec, params: Params, subject: Subject) -> Plan:
    n_layers = subject.facts.n_layers
    layer = int(DEPTH * n_layers) if params.layer is None else params.layer
    if layer >= n_layers:
        raise Refused(f"parameter layer is {layer}; this model has layers 0 to {n_layers - 1}")
    if params.k >= params.width:
        raise Refused(f"parameter k is {params.k}; it must be smaller than the {params.width} features there are")
    return Plan(
        layer=layer,
        fit=AutoencoderFit(params.width, params.k, params.passes, spec.seed),
        tokens=params.tokens,
        context=params.context,
        held_out_tokens=params.held_out_tokens,
        loss_texts=params.loss_texts,
        small=params.small,
        synthetic_rows=params.planted_rows,
        fast=params.harvest == "bfloat16",
        draws=params.bootstrap,
        seed=spec.seed,
    )


def _files(workdir: Path, r: Results, spec: StepSpec, params: Params) -> tuple[OutputFile, ...]:
    metadata = {
        "model_name": spec.subject.name,
        "weights_digest": spec.subject.weights_digest,
        "hook_name": f"blocks.{r.plan.layer}.hook_resid_post",
        "hook_head_index": None,
        "context_size": params.context,
        "prepend_bos": True,
        "dataset_path": SOURCE,
        "explained_variance": round(r.explained.value, 6),
        "l0": round(r.active, 4),
        "norm_limit": round(r.measured.train.limit, 4),
        "seed": spec.seed,
    }
    return (write_table(workdir, "items", _items(r), "Loss on every text"), *write_saelens(workdir, "sae", r.measured.autoencoder, metadata))


def _items(r: Results) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for text, losses in (("held-out documentation", r.measured.losses), ("neutral paragraph", r.measured.neutral)):
        for place, family in enumerate(losses.families):
            values = {name: float(getattr(losses, name)[place]) for name in ("clean", "spliced", "mean", "zero")}
            rows.append({"text": text, "family": family, "number": place, **values})
    return rows
