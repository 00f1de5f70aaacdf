"""Forms of the plan pages: the plan as a whole, one use of an instrument, one threshold, the seal."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms

from accounts.models import User
from assessments.contracts import Instrument, Threshold
from assessments.services import standard
from assessments.services.plans import LARGEST_SEED
from inventory.models import ModelVersion
from web.instruments.parameters import Parameter, parameters_of, with_choices
from web.plans import queries
from web.plans.fields import field_of, given

OPERATORS = ((">=", "≥ at least"), ("<=", "≤ at most"), (">", "> above"), ("<", "< below"), ("beyond_null", "beyond its null"))


class SealForm(forms.Form):
    """Consent to seal: without the tick nothing is sealed and nothing runs."""

    confirm = forms.BooleanField(
        label="I have read the plan. I understand that once it is sealed, no threshold, parameter or prompt set can be changed.",
        error_messages={"required": "Tick the box to seal the plan. Without the seal nothing can be run."},
    )


class VersionChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """The versions of the actor's register, with the access each one grants."""

    def label_from_instance(self, obj: ModelVersion) -> str:
        """Model, version and access."""
        return f"{obj} ({obj.get_access_display().lower()})"


class PlanForm(forms.Form):
    """What the plan says as a whole. A draft keeps its version: another one needs a new plan."""

    version = VersionChoice(label="Model version", queryset=ModelVersion.objects.none(), empty_label="Choose a version", help_text="Exactly these weights.")
    title = forms.CharField(max_length=200)
    claim = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), max_length=4000, help_text="What you expect, in a sentence or two. Results are held against it."
    )
    seed = forms.IntegerField(
        min_value=0, max_value=LARGEST_SEED, initial=standard.SEED, help_text="Fixes every random draw and which content families are kept for confirmation."
    )
    for_vendor = forms.BooleanField(
        label="The vendor runs it, on weights that stay there",
        required=False,
        help_text="Any instrument may then be used. After sealing you hand the plan over as a file, and take in the case that comes back.",
    )
    field_order = ("version", "title", "claim", "seed", "for_vendor")

    def __init__(self, *args: Any, actor: User, fixed: ModelVersion | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if fixed is not None:
            del self.fields["version"], self.fields["for_vendor"]
        else:
            self.fields["version"].queryset = queries.versions_of(actor)  # type: ignore[attr-defined]


class ThresholdForm(forms.Form):
    """One threshold; a row left wholly empty is none."""

    metric = forms.RegexField(
        r"^[a-z][a-z0-9_.]{0,79}$", label="Measurement", required=False, error_messages={"invalid": "The name of a measurement, for example auroc."}
    )
    op = forms.ChoiceField(choices=OPERATORS, label="Condition")
    value = forms.FloatField(label="Limit", required=False)

    def __init__(self, *args: Any, slug: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["metric"].widget.attrs["list"] = f"metrics-{slug}"
        self.fields["value"].widget.attrs["step"] = "any"

    def clean(self) -> dict[str, Any]:
        """A limit belongs to every condition but “beyond its null”, and a measurement to every limit."""
        data: dict[str, Any] = super().clean() or {}
        metric, value, null = data.get("metric"), data.get("value"), data.get("op") == "beyond_null"
        if not metric and value is not None and "metric" not in self.errors:
            self.add_error("metric", "Name the measurement.")
        if metric and not null and value is None and "value" not in self.errors:
            self.add_error("value", "Give a limit.")
        return data

    @property
    def threshold(self) -> Threshold | None:
        """The threshold of a valid row; None for an empty one."""
        data = self.cleaned_data
        if not data.get("metric"):
            return None
        return Threshold(data["metric"], data["op"], None if data["op"] == "beyond_null" else data["value"])


class UseForm(forms.Form):
    """One use of an instrument: whether it is wanted, its name, its parameters."""

    on = forms.BooleanField(required=False)
    name = forms.RegexField(
        r"^[a-z0-9][a-z0-9_-]{0,39}$",
        label="Name of this use",
        required=False,
        help_text="Leave empty to name it after its choice above.",
        error_messages={"invalid": "Small letters, digits, hyphens and underscores, at most 40."},
    )

    def __init__(self, *args: Any, method: Instrument, own: Mapping[str, Mapping[str, str]] | None = None, **options: Any) -> None:
        """``own``: further choices by parameter, such as probe sets that somebody added."""
        super().__init__(*args, **options)
        self.parameters: list[Parameter] = [with_choices(row, (own or {}).get(row.name, {})) for row in parameters_of(method.Params)]
        for parameter in self.parameters:
            self.fields[f"p_{parameter.name}"] = field_of(parameter)
        self.order_fields(["on", *(f"p_{row.name}" for row in self.parameters), "name"])

    def parameter_fields(self) -> Iterator[forms.BoundField]:
        """The fields a person fills in, the tick left out."""
        return (self[name] for name in self.fields if name != "on")

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of a valid form."""
        typed = {row.name: self.cleaned_data.get(f"p_{row.name}") for row in self.parameters}
        return {row.name: given(row, typed) for row in self.parameters}
