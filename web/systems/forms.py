"""Forms of the pages of systems and deployments."""

from typing import Any

from django import forms

from accounts.models import User
from inventory.models import AISystem, ModelVersion, OurRole, RiskClass, Setting
from web.forms import OrganisationForm, RecordForm, Suggest

JURISDICTIONS = {"EU": "European Union", "UK": "United Kingdom", "US": "United States", "CH": "Switzerland"}
ENVIRONMENTS = {"production": "in daily use", "trial": "with real people, limited", "test": "without real people"}


class SystemForm(RecordForm):
    """What the register says of an AI system."""

    name = forms.CharField(max_length=200, help_text="As people in the house call it.")
    purpose = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4}), help_text="What it is for, on whom it acts, and who decides in the end. The law looks at the purpose first."
    )
    our_role = forms.ChoiceField(
        label="Our role", choices=[("", "Choose"), *OurRole.choices], help_text="Provider: built it or had it built. Deployer: uses it."
    )
    risk_class = forms.ChoiceField(
        label="Risk class", choices=[("", "Choose"), *RiskClass.choices], help_text="Under the EU AI Act. It decides which requirements apply and from when."
    )
    jurisdiction = forms.CharField(max_length=60, widget=Suggest(JURISDICTIONS), help_text="Where it is used, for example EU.")
    placed_on = forms.DateField(
        label="On the market since", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="The day the first unit was placed on the market or put to use. Older systems have longer, and some are never bound.",
    )  # fmt: skip
    changed_on = forms.DateField(
        label="Design last changed significantly", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Such a change ends the exception for older systems.",
    )  # fmt: skip
    setting = forms.ChoiceField(
        label="Special setting",
        required=False,
        choices=[("", "None of these"), *Setting.choices],
        help_text="Older systems here must comply by a day of their own.",
    )
    owner = forms.CharField(required=False, max_length=200, help_text="Who answers for it. The log notes that it changed, never what it says.")
    notes = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 4}), help_text="For colleagues. Not part of any report, and not kept in the log."
    )


class SystemCreateForm(OrganisationForm, SystemForm):
    """A new system."""

    field_order = ("organisation", "name")


class VersionChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Versions named with their lifecycle state, so that nobody puts a retired one to work unaware."""

    def label_from_instance(self, obj: Any) -> str:
        """Model, label, state."""
        return f"{obj}, {obj.get_lifecycle_display().lower()}"


class DeploymentForm(forms.Form):
    """Which version goes to work where."""

    version = VersionChoice(ModelVersion.objects.none(), empty_label="Choose a version", help_text="Exact weights from the register.")
    environment = forms.CharField(max_length=60, widget=Suggest(ENVIRONMENTS), help_text="For example production, trial or test.")

    def __init__(self, *args: Any, actor: User, system: AISystem, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["version"]
        assert isinstance(field, forms.ModelChoiceField)
        rows = ModelVersion.objects.visible_to(actor).filter(model__vendor__organisation=system.organisation_id)
        field.queryset = rows.select_related("model").defer("weights_manifest").order_by("model__name", "label")


class EndForm(forms.Form):
    """Why a version is taken out of a system."""

    reason = forms.CharField(
        max_length=1000, widget=forms.Textarea(attrs={"rows": 3}), help_text="Kept in the log for good, so name no person.",
        error_messages={"required": "Say in one sentence why; it goes into the log."},
    )  # fmt: skip
