"""Forms of the evidence pages."""

from collections.abc import Iterable
from typing import Any

from django import forms

from assessments.models import Run


class LinkReviewForm(forms.Form):
    """A person's decision on a proposed link."""

    decision = forms.ChoiceField(
        label="Decision", choices=[("accept", "Accept: it counts"), ("decline", "Decline: it does not count")], widget=forms.RadioSelect
    )
    rationale = forms.CharField(
        label="Why", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), help_text="One sentence that a hostile reader would accept."
    )
    valid_until = forms.DateField(
        label="Counts until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Leave empty to rely on the requirement's own review period.",
    )


class CaseForm(forms.Form):
    """Which run's evidence the case holds."""

    run = forms.ChoiceField(label="Run", help_text="The newest runs that have ended.")

    def __init__(self, *args: Any, runs: Iterable[Run], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.runs = {str(run.pk): run for run in runs}
        field: Any = self.fields["run"]
        field.choices = [("", "Choose a run"), *((key, label_of(run)) for key, run in self.runs.items())]

    def clean_run(self) -> Run:
        """The run itself."""
        return self.runs[self.cleaned_data["run"]]


def label_of(run: Run) -> str:
    """``Run 12: title (model · version)``."""
    return f"{run}: {run.plan.title} ({run.plan.version})"
