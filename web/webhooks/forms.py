"""Forms of the pages about webhooks."""

from datetime import UTC
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.permissions import allowed
from web.settings.forms import OrganisationForm
from webhooks.events import TYPES
from webhooks.services.subscriptions import OVERLAP_MOST

OVERLAPS = ((0, "At once: it leaked"), (1, "One hour"), (24, "One day"), (72, "Three days"), (OVERLAP_MOST, "One week"))


def choices(actor: User) -> list[tuple[str, SafeString]]:
    """The events whose contents the actor may see, with what they tell."""
    open_to = [(name, row) for name, row in TYPES.items() if allowed(actor, row.verb)]
    return [(name, format_html('<span class="choice">{}<span class="sub">{}</span></span>', row.says, name)) for name, row in open_to]


class WebhookForm(forms.Form):
    """Name, address and events."""

    name = forms.CharField(label="Name", max_length=100, help_text="The program that listens, such as Procurement.")
    url = forms.CharField(
        label="Address",
        max_length=500,
        widget=forms.TextInput(attrs={"inputmode": "url"}),
        help_text="Begins with https://. This server must reach it.",
    )
    events = forms.MultipleChoiceField(label="Events", widget=forms.CheckboxSelectMultiple, error_messages={"required": "Choose at least one."})

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["events"].choices = choices(actor)  # type: ignore[attr-defined]


class WebhookCreateForm(OrganisationForm, WebhookForm):
    """A new webhook."""

    field_order = ("name", "url", "events", "organisation")


class RotateForm(forms.Form):
    """For how long the former secret signs too."""

    overlap_hours = forms.TypedChoiceField(
        label="How long shall the former secret sign too?", choices=OVERLAPS, coerce=int, initial=24, help_text="Until then the receiver can use either."
    )


class ReplayForm(forms.Form):
    """From when until before when, in UTC."""

    since = forms.DateTimeField(label="From (UTC)", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"))
    until = forms.DateTimeField(label="Until (UTC)", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"))
    everything = forms.BooleanField(label="Also what arrived", required=False, help_text="Otherwise only what never arrived.")

    def wish(self) -> dict[str, Any]:
        """What the service is to do."""
        data = self.cleaned_data
        return {"since": data["since"].replace(tzinfo=UTC), "until": data["until"].replace(tzinfo=UTC), "undelivered_only": not data["everything"]}
