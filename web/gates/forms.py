"""Forms of decisions, approvals, waivers, conditions to be fulfilled, roll-backs and drills."""

from typing import Any

from django import forms

from accounts.models import User
from decisions.gate_models import Decision, GatePolicy
from inventory.models import AISystem, Lifecycle, ModelVersion
from web.gates import queries

IN_LOG = "Kept in the log for good, so name no person."


def day(**options: Any) -> forms.DateField:
    """A field for a day."""
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


def why(label: str = "Why", required: bool = True, rows: int = 2, **options: Any) -> forms.CharField:
    """A field for a sentence that goes into the log."""
    return forms.CharField(label=label, required=required, max_length=1000, widget=forms.Textarea(attrs={"rows": rows}), **{"help_text": IN_LOG, **options})


class RequestForm(forms.Form):
    """What is asked for, under which policy."""

    policy = forms.ModelChoiceField(GatePolicy.objects.none(), empty_label="Choose a policy", help_text="Its newest version counts, for good.")
    version = forms.ModelChoiceField(ModelVersion.objects.none(), required=False, label="Model version", empty_label="none")
    system = forms.ModelChoiceField(
        AISystem.objects.none(), required=False, label="AI system", empty_label="none",
        help_text="One of the two. For a system, every version at work in it is looked at.",
    )  # fmt: skip
    purpose = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), help_text="What it is for. Approvers approve this purpose and no other.")

    def __init__(self, *args: Any, actor: User, **options: Any) -> None:
        super().__init__(*args, **options)
        versions = ModelVersion.objects.visible_to(actor).select_related("model").defer("weights_manifest")
        rows = {"policy": queries.policy_rows(actor), "version": versions, "system": AISystem.objects.visible_to(actor)}
        for name, found in rows.items():
            self.fields[name].queryset = found  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """One subject, not two."""
        data = super().clean() or {}
        if bool(data.get("version")) == bool(data.get("system")) and "version" not in self.errors:
            self.add_error("version", "Choose one model version or one AI system.")
        return data


class VoteForm(forms.Form):
    """A word on exactly the record with this digest."""

    digest = forms.CharField(widget=forms.HiddenInput)
    reason = why(label="Remark", required=False)


class RejectForm(VoteForm):
    """A rejection says why."""

    reason = why(error_messages={"required": "Say in one sentence why it is rejected."})


class ReasonForm(forms.Form):
    """Why something ends."""

    reason = why()


class PeopleForm(forms.Form):
    """A form that names an owner from the organisation of a decision."""

    owner = forms.ModelChoiceField(User.objects.none(), empty_label="Choose a person")

    def __init__(self, *args: Any, decision: Decision, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["owner"].queryset = queries.people_of(decision.organisation_id)  # type: ignore[attr-defined]


class WaiverForm(PeopleForm):
    """Leave to go on until a day."""

    reason = why(help_text=f"Why it is right to go on although the condition is not met. {IN_LOG}")
    expires_on = day(label="Last day", help_text="At most one year ahead. After it the condition counts as failed again.")

    field_order = ("reason", "owner", "expires_on")


class TaskForm(PeopleForm):
    """What must be done, by whom, by when."""

    text = forms.CharField(label="What must be done", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    due_on = day(label="By")

    field_order = ("text", "owner", "due_on")


class DoneForm(forms.Form):
    """What was done."""

    note = why(label="What was done")


class RollBackForm(forms.Form):
    """The version to return to, and why."""

    returns_to = forms.ModelChoiceField(
        ModelVersion.objects.none(), label="Return to", empty_label="Choose a version", help_text="A version that is approved or restricted."
    )
    reason = why()

    def __init__(self, *args: Any, version: ModelVersion, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["returns_to"].queryset = queries.others_of(version, Lifecycle.APPROVED, Lifecycle.RESTRICTED)  # type: ignore[attr-defined]


class DrillForm(forms.Form):
    """A rollback that was tried."""

    returns_to = forms.ModelChoiceField(ModelVersion.objects.none(), label="Returned to", empty_label="Choose a version")
    held_on = day(label="Day of the drill")
    held_by = forms.CharField(label="Held by", max_length=200, help_text="A person or a team. It stays out of the log.")
    succeeded = forms.TypedChoiceField(
        choices=[("", "Choose"), ("yes", "It succeeded"), ("no", "It did not succeed")], coerce=lambda value: value == "yes", label="Outcome"
    )
    result = forms.CharField(max_length=1000, widget=forms.Textarea(attrs={"rows": 2}), help_text="What came of it, such as how long it took.")

    def __init__(self, *args: Any, version: ModelVersion, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["returns_to"].queryset = queries.others_of(version)  # type: ignore[attr-defined]
