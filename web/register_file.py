"""The form that takes one file into a register."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from accounts.models import Organisation

CHECK = "Check and preview"
"""What the button says wherever nothing changes before the next page."""


class RegisterFileForm(forms.Form):
    """One file; asks whose register only people who keep more than one."""

    HINT = TOO_LARGE = ""
    """What is taken, and what a person reads when the file was larger than that."""

    file = forms.FileField(label="File", allow_empty_file=True, error_messages={"required": "Choose a file."})
    organisation = forms.ModelChoiceField(Organisation.objects.none(), label="Register of", empty_label=None)

    def __init__(self, *args: Any, homes: QuerySet[Organisation], too_large: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.only = next(iter(homes)) if len(homes) == 1 else None
        self.fields["organisation"].queryset = homes  # type: ignore[attr-defined]
        if self.only is not None:
            del self.fields["organisation"]
        self.fields["file"].help_text = self.HINT
        if too_large:
            self.fields["file"].error_messages["required"] = self.TOO_LARGE

    @property
    def home(self) -> Organisation:
        """Whose register the file goes into; once valid."""
        found: Organisation = self.only or self.cleaned_data["organisation"]
        return found
