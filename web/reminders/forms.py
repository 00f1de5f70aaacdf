"""Form of the page of reminders."""

from django import forms


class ReminderForm(forms.Form):
    """Which mails a person wants."""

    clocks = forms.BooleanField(required=False, label="Reporting clocks", help_text="Ahead of each due time, and once it has passed with nothing recorded.")
    actions = forms.BooleanField(required=False, label="Corrective actions of mine", help_text="Three days ahead, on the day, and once it has passed.")
