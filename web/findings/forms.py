"""Forms of the finding page."""

from django import forms


class ReviewForm(forms.Form):
    """A person's decision on a proposed link, with the reason."""

    decision = forms.ChoiceField(choices=[("accept", "Accept"), ("decline", "Decline")])
    rationale = forms.CharField(max_length=2000, strip=True, error_messages={"required": "Say in one sentence why."})
