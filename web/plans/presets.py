"""What the plan builder can open with: the standard assessment, a release pipeline, one instrument, or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.urls import reverse

from accounts.models import User
from assessments.methods import linear_direction, steering_validation
from assessments.registry import METHODS
from assessments.services import standard
from assessments.services.pipeline import axis_choices, pipeline_claim, pipeline_items
from assessments.services.plans import PlanItem
from core.errors import InvalidInput
from inventory.models import ModelVersion
from web.plans import queries
from web.plans.forms import VersionChoice

OWN = {row.metric: row.value for row in (*linear_direction.CARD.thresholds, *steering_validation.CARD.thresholds) if row.value is not None}
LIMITS = ("auroc", "steering_effect", "wrong_way_share", "cost_ce")
"""Limits that a pipeline asks for; the others stay as the instruments have them and can be changed in the builder."""


@dataclass(frozen=True)
class Preset:
    """Uses of instruments with a title and a claim; all empty where nothing was asked for."""

    items: Sequence[PlanItem] = ()
    title: str = ""
    claim: str = ""


def preset_of(query: Mapping[str, str]) -> Preset:
    """The preset that an address names; ``InvalidInput`` where a pipeline's axes or limits are none."""
    if query.get("preset") == "standard":
        return Preset(standard.STANDARD_ITEMS, "Standard assessment", standard.CLAIM)
    if query.get("preset") == "pipeline":
        return _pipeline(query)
    return Preset([PlanItem(method.card.slug) for method in METHODS if method.card.slug == query.get("instrument")])


def _pipeline(query: Mapping[str, str]) -> Preset:
    form = LimitsForm({**query, "axes": query.get("axes", "").split(",")})
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise InvalidInput(field, str(errors[0]))
    axes, limits = form.chosen, form.limits
    return Preset(pipeline_items(axes, limits), "Release pipeline", pipeline_claim(axes, limits))


class LimitsForm(forms.Form):
    """Axes and limits of a release pipeline."""

    axes = forms.MultipleChoiceField(
        label="Risk axes",
        choices=lambda: list(axis_choices().items()),
        widget=forms.CheckboxSelectMultiple,
        help_text="For each: one step that measures it, and one that designs an intervention, applies it and measures again. About 4½ minutes each.",
        error_messages={"required": "Choose at least one axis.", "invalid_choice": "There is no axis “%(value)s”; choose one of the list."},
    )
    auroc = forms.FloatField(
        label="Measure: AUROC at least", min_value=0.5, max_value=1, initial=OWN["auroc"], help_text="0.5 is chance, 1 tells all pairs apart."
    )
    steering_effect = forms.FloatField(
        label="Re-measure: effect at least", min_value=0, max_value=50, initial=OWN["steering_effect"], help_text="In nats, from lowest to highest dose."
    )
    wrong_way_share = forms.FloatField(
        label="Apply: share moved the wrong way at most", min_value=0, max_value=1, initial=OWN["wrong_way_share"], help_text="0.1 is one prompt in ten."
    )
    cost_ce = forms.FloatField(
        label="Re-measure: cost on neutral text at most",
        min_value=0,
        max_value=10,
        initial=OWN["cost_ce"],
        help_text="In nats per token; 0.1 raises the perplexity by about 10 %.",
    )

    @property
    def chosen(self) -> list[str]:
        """The chosen axes in the order of the list."""
        return [slug for slug in axis_choices() if slug in self.cleaned_data["axes"]]

    @property
    def limits(self) -> dict[str, float]:
        """The limits by metric."""
        return {name: self.cleaned_data[name] for name in LIMITS}


class PipelineForm(LimitsForm):
    """The page on which a release pipeline begins: the same, and the model version."""

    version = VersionChoice(label="Model version", queryset=ModelVersion.objects.none(), empty_label="Choose a version", help_text="Exactly these weights.")
    field_order = ("version", "axes", "auroc", "wrong_way_share", "steering_effect", "cost_ce")

    def __init__(self, *args: Any, actor: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["version"].queryset = queries.versions_of(actor)  # type: ignore[attr-defined]
        for name in LIMITS:
            self.fields[name].widget.attrs["step"] = "any"

    def builder_address(self) -> str:
        """The builder with the steps of this pipeline; everything stands in the address, so nothing is stored yet."""
        limits = {name: f"{value:g}" for name, value in self.limits.items()}
        entries = {"preset": "pipeline", "version": str(self.cleaned_data["version"].pk), "axes": ",".join(self.chosen), **limits}
        return f"{reverse('web:plan-create')}?{urlencode(entries)}"
