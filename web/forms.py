"""The forms of the window."""

from django import forms


class SealForm(forms.Form):
    """Consent to seal: without the tick nothing is sealed and nothing runs."""

    confirm = forms.BooleanField(
        label="I have read the plan. I understand that once it is sealed, no threshold, parameter or prompt set can be changed.",
        error_messages={"required": "Tick the box to seal the plan. Without the seal nothing can be run."},
    )


class ReviewForm(forms.Form):
    """A person's decision on a proposed link, with the reason."""

    decision = forms.ChoiceField(choices=[("accept", "Accept"), ("decline", "Decline")])
    rationale = forms.CharField(max_length=2000, strip=True, error_messages={"required": "Say in one sentence why."})
