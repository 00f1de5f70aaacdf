"""Forms of corrective actions and of corrections of what was sent."""

from typing import Any

from django import forms

from accounts.models import User
from decisions.models import CorrectiveAction, Incident, Submission
from decisions.services import LARGEST, SUFFIXES, Proof, owners_of
from web.incidents.forms import IN_LOG, MEBIBYTES, Moment


class Day(forms.DateField):
    """A day."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(widget=widget, error_messages={"invalid": "Write a day, such as 2027-03-31."}, **options)


class OwnedForm(forms.Form):
    """Who, until when."""

    owner = forms.ModelChoiceField(User.objects.none(), empty_label="Choose", help_text="Gets a mail ahead of the day, and again once it has passed.")
    due_on = Day(label="Due on")

    def __init__(self, *args: Any, incident: Incident, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["owner"].queryset = owners_of(incident.organisation)  # type: ignore[attr-defined]


class ActionForm(OwnedForm):
    """A new corrective action."""

    text = forms.CharField(label="What is to be done", max_length=500, widget=forms.Textarea(attrs={"rows": 3}), help_text="It stays out of the log.")
    field_order = ("text", "owner", "due_on")


class ActionChangeForm(OwnedForm):
    """Another owner or day."""

    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text=f"Why it changes. {IN_LOG}")

    @classmethod
    def of(cls, action: CorrectiveAction, data: Any) -> "ActionChangeForm":
        """The form filled from the action, or with what was sent."""
        return cls(data, incident=action.incident, initial={"owner": action.owner_id, "due_on": action.due_on})


class ProofForm(forms.Form):
    """What was done, and a file that shows it."""

    note = forms.CharField(label="What was done", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}), help_text="It stays out of the log.")
    proof = forms.FileField(
        required=False, label="Proof", allow_empty_file=True, help_text=f"{', '.join(SUFFIXES)}, at most {MEBIBYTES} MiB. It is kept as evidence.",
    )  # fmt: skip

    def __init__(self, *args: Any, too_large: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.too_large = too_large

    def clean_proof(self) -> Any:
        """Refuses a file of which only a part was kept."""
        if self.too_large:
            raise forms.ValidationError(f"The file is larger than {MEBIBYTES} MiB. Choose a smaller one.")
        return self.cleaned_data["proof"]

    def wish(self) -> dict[str, Any]:
        """What the service takes; once valid."""
        file = self.cleaned_data["proof"]
        return {"note": self.cleaned_data["note"], "proof": Proof(file.name, file.read(LARGEST + 1)) if file else None}


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text=IN_LOG)


class SubmissionCorrectForm(forms.Form):
    """What takes the place of a recorded submission."""

    submitted_at = Moment(label="When it was sent, in UTC", required=False, help_text="Leave it empty to withdraw the record: nothing was sent on this clock.")
    reference = forms.CharField(max_length=200, help_text="The number or name under which the recipient has it.")
    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text=f"What was wrong with the earlier record. {IN_LOG}")
    late_reason = forms.CharField(
        required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}), label="Why it was late",
        help_text=f"Needed when it was sent after its due time. {IN_LOG}",
    )  # fmt: skip

    @classmethod
    def of(cls, row: Submission, data: Any) -> "SubmissionCorrectForm":
        """The form filled from the record, or with what was sent."""
        return cls(data, initial={name: getattr(row, name) for name in ("submitted_at", "reference", "late_reason")})
