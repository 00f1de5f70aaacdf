"""Forms of the pages of models and versions."""

from typing import Any

from django import forms

from accounts.models import User
from gpu_tasks.intakes import packages
from inventory.models import LIFECYCLE_ALLOWED, LIFECYCLE_DECIDED, AIModel, Lifecycle, ModelVersion, Source, Vendor
from inventory.weights import LocalWeights, local_weights, models_dir
from web.ai_models.ladder import access_choices
from web.forms import RecordForm
from web.templatetags.assay import filesize_text

LIFECYCLE_MEANING = {
    Lifecycle.CANDIDATE: "Registered, not decided on.",
    Lifecycle.APPROVED: "May be put to work.",
    Lifecycle.RESTRICTED: "May be put to work under conditions.",
    Lifecycle.ROLLED_BACK: "Withdrawn after a problem; name it in the reason.",
    Lifecycle.RETIRED: "No longer used. This is final.",
}
PUT_FILES = "To add some, put a GGUF file, or a folder with safetensors, configuration and tokenizer, into {} on the server; then load this page again."
NAME_HELP = "As the vendor names it, without the version."


def states_without_decision(version: ModelVersion) -> list[Lifecycle]:
    """States the version may move to without a decision: to less use, or back to the start."""
    open_to = LIFECYCLE_ALLOWED[version.lifecycle] - LIFECYCLE_DECIDED[version.lifecycle]
    return [state for state in Lifecycle if state in open_to]


class ModelForm(RecordForm):
    """What the register says of a model."""

    name = forms.CharField(max_length=200, help_text=NAME_HELP)


class ModelCreateForm(forms.Form):
    """A new model of a vendor."""

    vendor = forms.ModelChoiceField(Vendor.objects.none(), empty_label="Choose a vendor")
    name = forms.CharField(max_length=200, help_text=NAME_HELP)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["vendor"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Vendor.objects.visible_to(actor).order_by("name")


class MoveForm(forms.Form):
    """The next state of a version and why."""

    to = forms.ChoiceField(label="New state", widget=forms.RadioSelect, error_messages={"required": "Choose the new state."})
    reason = forms.CharField(
        max_length=1000, widget=forms.Textarea(attrs={"rows": 3}), help_text="Kept in the log for good, so name no person.",
        error_messages={"required": "Say in one sentence why; it goes into the log."},
    )  # fmt: skip

    def __init__(self, *args: Any, version: ModelVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        states = states_without_decision(version)
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(state.value, f"{state.label}. {LIFECYCLE_MEANING[state]}") for state in states]


class IntakeForm(forms.Form):
    """Which weights, under which label; what they are is found out by looking at them."""

    label = forms.CharField(
        max_length=100, help_text="The vendor's own name for these exact weights, for example 2.3 or 2026-11-01. Other weights get another label."
    )
    weights = forms.ChoiceField(
        error_messages={"required": "Choose the weights.", "invalid_choice": "These weights are not on offer any more; choose from the list."}
    )
    access = forms.ChoiceField(
        label="Access granted", choices=access_choices, widget=forms.RadioSelect,
        help_text="What the vendor's contract allows with this version. Instruments that need more will refuse to run.",
    )  # fmt: skip
    parent = forms.ModelChoiceField(
        ModelVersion.objects.none(), required=False, label="Made from", empty_label="not known, or not registered",
        help_text="The version it was fine-tuned, quantised or distilled from.",
    )  # fmt: skip

    def __init__(self, *args: Any, actor: User, model: AIModel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        weights, parent = self.fields["weights"], self.fields["parent"]
        assert isinstance(weights, forms.ChoiceField)
        assert isinstance(parent, forms.ModelChoiceField)
        weights.choices = weights_choices(local_weights())
        weights.help_text = PUT_FILES.format(models_dir())
        rows = ModelVersion.objects.visible_to(actor).filter(model__vendor__organisation=model.organisation_id)
        parent.queryset = rows.select_related("model").defer("weights_manifest").order_by("model__name", "label")

    def values(self) -> dict[str, Any]:
        """What the intake is to be asked for with."""
        source, _, locator = self.cleaned_data["weights"].partition(":")
        return {"source": source, "locator": locator, **{name: self.cleaned_data[name] for name in ("label", "access", "parent")}}


def weights_choices(local: list[LocalWeights]) -> list[Any]:
    """What is on offer, by kind; a value is ``source:locator``."""
    pinned = [(f"package:{key}", f"{row['name']}, {filesize_text(row['member_size'])} ({key})") for key, row in packages().items()]
    groups = [("Registry packages, pinned by their digest", pinned)]
    for source, name in ((Source.GGUF, "GGUF files on the server"), (Source.SAFETENSORS, "Folders on the server"), (Source.LORA, "Adapters on the server")):
        rows = [(f"{row.source}:{row.locator}", f"{row.locator}, {filesize_text(row.size)}") for row in local if row.source == source]
        groups += [(name, rows)] if rows else []
    return [("", "Choose the weights"), *groups]
