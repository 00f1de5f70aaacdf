"""Forms of the portal that are no questions."""

from typing import Any

from django import forms


class DelegateForm(forms.Form):
    """Which colleague, which sections."""

    name = forms.CharField(label="Your colleague's name", max_length=200)
    email = forms.EmailField(required=False, label="E-mail", help_text="For reminders. The link itself is not mailed: you pass it on.")
    sections = forms.MultipleChoiceField(label="Sections they answer", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, sections: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["sections"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = sections


class SheetForm(forms.Form):
    """A filled-in sheet."""

    file = forms.FileField(label="The filled-in sheet (.xlsx)")
