"""The form that adds a probe set."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from accounts.models import Organisation
from assessments.probe_intake import LARGEST


class AddForm(forms.Form):
    """One yaml file; asks whose register only from people who keep more than one."""

    file = forms.FileField(
        label="YAML file", allow_empty_file=False, help_text=f"At most {LARGEST // 1024} KiB. It is checked whole before anything is kept.",
        error_messages={"required": "Choose the file of the probe set."},
    )  # fmt: skip
    organisation = forms.ModelChoiceField(Organisation.objects.none(), label="Register of", empty_label=None)

    def __init__(self, *args: Any, homes: QuerySet[Organisation], too_large: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.too_large = too_large
        self.only = next(iter(homes)) if len(homes) == 1 else None
        self.fields["organisation"].queryset = homes  # type: ignore[attr-defined]
        if self.only is not None:
            del self.fields["organisation"]
        if too_large:
            self.fields["file"].error_messages["required"] = f"The file is larger than {LARGEST // 1024} KiB. Split it into several sets."

    @property
    def home(self) -> Organisation:
        """Whose set it will be; once valid."""
        found: Organisation = self.only or self.cleaned_data["organisation"]
        return found
