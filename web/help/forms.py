"""A form with one field of each sort, for the style guide; it is never sent."""

from django import forms


class Example(forms.Form):
    """Every widget that pages use."""

    name = forms.CharField(label="Name", help_text="As it stands in the contract.", max_length=60)
    country = forms.ChoiceField(label="Country", choices=[("", "Choose a country"), ("NL", "Netherlands"), ("SE", "Sweden")], required=False)
    access = forms.ChoiceField(label="Access", widget=forms.RadioSelect, choices=[("text", "Text only"), ("logits", "Probabilities"), ("weights", "Weights")])
    kinds = forms.MultipleChoiceField(
        label="Evidence", widget=forms.CheckboxSelectMultiple, choices=[("card", "Model card"), ("test", "Test report")], required=False
    )
    until = forms.DateField(label="Valid until", widget=forms.DateInput(attrs={"type": "date"}), required=False)
    notes = forms.CharField(label="Notes", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    confirm = forms.BooleanField(label="I have read what this does not show")
