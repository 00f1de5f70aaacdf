"""What a report is asked for with."""

from typing import Any

from django import forms

from assessments.models import Run
from core import clock


class ReportForm(forms.Form):
    """For whom, and as of which day; both are printed on the cover."""

    prepared_for = forms.CharField(label="Prepared for", max_length=200, help_text="The committee, person or authority that will read it.")
    as_of = forms.DateField(
        label="As of",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Law, links and other runs are reported as they stood on this day. From the day the run ended to today.",
    )

    def __init__(self, *args: Any, run: Run, **kwargs: Any) -> None:
        today = clock.now().date()
        kwargs["initial"] = {"prepared_for": run.plan.version.model.vendor.organisation.name, "as_of": today}
        super().__init__(*args, **kwargs)
        limits = {"max": today.isoformat(), **({"min": run.finished_at.date().isoformat()} if run.finished_at else {})}
        self.fields["as_of"].widget.attrs.update(limits)

    def clean_as_of(self) -> Any:
        """Today where nothing was chosen, as on the short form of the run page."""
        return self.cleaned_data["as_of"] or clock.now().date()
