"""Forms of the pilots: open, end early."""

from typing import Any

from django import forms

from accounts.models import User
from assessments.drift import Rule
from inventory.models import ModelVersion
from web.pilots import queries

TERMS = Rule()


class OpenForm(forms.Form):
    """Which endpoint, for how long, and the rule."""

    version = forms.ModelChoiceField(ModelVersion.objects.none(), label="Endpoint", empty_label="Choose an endpoint")
    days = forms.IntegerField(min_value=7, max_value=60, initial=TERMS.days, help_text="One run on each.")
    hour = forms.IntegerField(min_value=0, max_value=23, initial=TERMS.hour, label="Hour (UTC)", help_text="A day begins at this hour or is missed.")
    baseline = forms.IntegerField(
        min_value=3, max_value=10, initial=TERMS.baseline, label="Readings in the baseline", help_text="The first so many. They are frozen then."
    )
    row = forms.IntegerField(
        min_value=1,
        max_value=5,
        initial=TERMS.row,
        label="Readings in a row outside the band",
        help_text="So many are drift. More: fewer false alarms, seen later.",
    )
    least = forms.FloatField(
        min_value=0.01, max_value=1, initial=TERMS.least, label="Smallest change that counts", help_text="A share between 0 and 1. Half the narrowest band."
    )
    seed = forms.IntegerField(min_value=0, max_value=2**53 - 1, initial=7, help_text="Decides the order of the questions, the same every day.")

    def __init__(self, *args: Any, actor: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["version"].queryset = queries.endpoints_of(actor)  # type: ignore[attr-defined]

    def wish(self) -> tuple[ModelVersion, dict[str, Any], int]:
        """Version, fields of the rule, seed."""
        values = dict(self.cleaned_data)
        version, seed = values.pop("version"), values.pop("seed")
        return version, values, seed


class EndForm(forms.Form):
    """Why it ends early."""

    reason = forms.CharField(
        max_length=500, widget=forms.Textarea(attrs={"rows": 3}), help_text="Kept in the log and the closing report for good, so name no person."
    )
