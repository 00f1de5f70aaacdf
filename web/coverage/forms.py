"""Forms of the pages of coverage: what they are shown for, and what people decide about a gap."""

import datetime
from typing import Any

from django import forms

from accounts.models import Membership, User
from frameworks.models import Framework
from inventory.models import AISystem
from reports.coverage import GAPS, STATES, today

IN_LOG = "Kept in the log for good, so name no person."
CARE = (("", "Anybody or nobody"), ("mine", "Me"), ("nobody", "Nobody yet"), ("overdue", "Somebody, and overdue"))
LATEST = datetime.date(2100, 1, 1)


class Day(forms.DateField):
    """A day of the calendar; today when left empty."""

    def __init__(self, label: str) -> None:
        super().__init__(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def clean(self, value: Any) -> datetime.date:
        """The day, within what the calendar of laws reaches."""
        day: datetime.date = super().clean(value) or today()
        if day > LATEST:
            raise forms.ValidationError(f"Choose a day before {LATEST.year}.")
        return day


class ShownForm(forms.Form):
    """Two days, a framework and systems by name, read from the address so that a view can be cited."""

    as_of = Day("Law as of")
    known_at = Day("As it was known on")
    framework = forms.ChoiceField(label="Framework", required=False)
    named = forms.CharField(label="System's name contains", required=False, max_length=200)
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000, widget=forms.HiddenInput)

    def __init__(self, data: Any, frameworks: list[Framework]) -> None:
        filled = {"as_of": today().isoformat(), "known_at": today().isoformat()}
        super().__init__({**filled, **{key: value for key, value in data.items() if value}})
        chosen: Any = self.fields["framework"]
        chosen.choices = [("", "All"), *((row.slug, row.name) for row in frameworks)]


class OverviewForm(ShownForm):
    """Whether the totals are of every system named, or of the page's."""

    whole = forms.BooleanField(required=False, widget=forms.HiddenInput)


class GapsForm(ShownForm):
    """Which gaps are listed."""

    system = forms.UUIDField(required=False, widget=forms.HiddenInput)
    state = forms.ChoiceField(label="State", required=False, choices=[("", "Any"), *((state, STATES[state]) for state in GAPS)])
    care = forms.ChoiceField(label="In charge", required=False, choices=CARE)
    fresh = forms.BooleanField(label="Only those that are no gap today", required=False)


class TrendForm(ShownForm):
    """Up to which day, for what."""

    as_of = Day("Up to")
    known_at = Day("As it was known on")

    def __init__(self, data: Any, frameworks: list[Framework]) -> None:
        super().__init__(data, frameworks)
        self.fields["known_at"].widget = forms.HiddenInput()


class ReportForm(forms.Form):
    """What a signed report is about."""

    framework = forms.ChoiceField(label="Framework")
    as_of = Day("Law as of")
    known_at = Day("As it was known on")

    def __init__(self, data: Any, **options: Any) -> None:
        super().__init__(data, **options)
        chosen: Any = self.fields["framework"]
        chosen.choices = [(row.slug, row.name) for row in Framework.objects.order_by("slug")]


class AssignForm(forms.Form):
    """Who closes a gap, and by when."""

    owner = forms.ModelChoiceField(User.objects.none(), label="In charge", empty_label="Choose")
    due_on = forms.DateField(label="Due on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    note = forms.CharField(required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text="What is to be done. It stays out of the log.")

    def __init__(self, data: Any, system: AISystem, **options: Any) -> None:
        super().__init__(data, **options)
        members = Membership.objects.filter(organisation=system.organisation_id).values("user")
        owner: Any = self.fields["owner"]
        owner.queryset = User.objects.filter(pk__in=members, is_active=True, is_service=False).order_by("username")


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(max_length=1000, widget=forms.Textarea(attrs={"rows": 3}), help_text=IN_LOG)


class DecideForm(ReasonForm):
    """Whether somebody else's judgement holds."""

    approve = forms.ChoiceField(
        label="Your decision", choices=(("yes", "Approve: the duty does not apply to this system"), ("no", "Decline: the duty stays")), widget=forms.RadioSelect
    )
    field_order = ("approve", "reason")
