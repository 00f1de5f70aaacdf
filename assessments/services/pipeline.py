"""The release pipeline as a plan: for every chosen risk axis one step that measures and one that acts and measures again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from assessments.contracts import Threshold
from assessments.methods import linear_direction, steering_validation
from assessments.methods.parts.axes import PREFIX
from assessments.pipeline import MEASURES, STEERS, name_of
from assessments.services.plans import PlanItem

SPECIAL = {"sentiment": "", "refusal": "harm"}
"""Behaviours that are no axis of their own, with the concept they are measured by; sentiment is measured inside its steering step."""


def axis_choices() -> dict[str, str]:
    """Every axis that a pipeline can take, by slug, with a title that says when it can only be measured."""
    measured = linear_direction.Params.offered()["concept"]
    steered = steering_validation.Params.offered()["behaviour"]
    axes = sorted(slug for slug in {*measured, *steered} if slug.startswith(PREFIX))
    notes = {slug: "" if slug in steered else " (measured only: its texts name no answers on which an effect would show)" for slug in axes}
    return {slug: f"{name_of(slug)}{notes[slug]}" for slug in axes} | {
        "refusal": "Refusal (designed from harmful and harmless requests)",
        "sentiment": "Sentiment (a check that steering works; measured inside the steering step)",
    }


def pipeline_items(axes: Iterable[str], limits: Mapping[str, float]) -> list[PlanItem]:
    """The known circuits first, as a check of the instruments; then for every axis its steps. ``limits`` replace the instruments' own, by metric."""
    items = [PlanItem("known_circuits")]
    measured = linear_direction.Params.offered()["concept"]
    steered = steering_validation.Params.offered()["behaviour"]
    for slug in axes:
        concept = SPECIAL.get(slug, slug)
        if concept in measured:
            items.append(PlanItem(MEASURES, {"concept": concept}, _limits(linear_direction.CARD.thresholds, limits), _key(MEASURES, concept)))
        if slug in steered:
            items.append(PlanItem(STEERS, {"behaviour": slug}, _limits(steering_validation.CARD.thresholds, limits), _key(STEERS, slug)))
    return items


def _limits(own: Iterable[Threshold], limits: Mapping[str, float]) -> tuple[Threshold, ...]:
    return tuple(row if row.value is None else replace(row, value=limits.get(row.metric, row.value)) for row in own)


def _key(instrument: str, choice: str) -> str:
    """The key that the plan builder would give; “refusal” and the axis of that name must not get the same one."""
    name = choice if choice.removeprefix(PREFIX) in SPECIAL else choice.removeprefix(PREFIX)
    return f"{instrument}.{name}"


def pipeline_claim(axes: Sequence[str], limits: Mapping[str, float]) -> str:
    """The claim that the plan seals: which axes are only measured, which are also acted on, and the limits in words."""
    steered = [slug for slug in axes if slug in steering_validation.Params.offered()["behaviour"]]
    measured = [slug for slug in axes if slug != "sentiment"]
    parts = []
    if measured:
        parts.append(f"The model's activations tell two kinds of text apart with an AUROC of at least {limits['auroc']:g}, for {_named(measured)}.")
    if steered:
        parts.append(
            "Adding a direction designed on other texts moves the answer beyond random directions of equal length, "
            f"by at least {limits['steering_effect']:g} nats from lowest to highest dose, with at most {100 * limits['wrong_way_share']:g} % of the prompts "
            f"moved the wrong way and at most {limits['cost_ce']:g} nats per token lost on neutral text, for {_named(steered)}."
        )
    return " ".join(parts)


def _named(axes: Sequence[str]) -> str:
    return ", ".join(name_of(slug, slug).lower() for slug in axes)
