"""Forms of the organisms: register a folder, withdraw one."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from accounts.models import Organisation
from assessments.organism_shelf import organisms_waiting
from assessments.services.organisms import LONGEST
from inventory.weights import models_dir

PUT = "Folders with an organism.json below {} on the server. To add one, put it there and load this page again."


class AddForm(forms.Form):
    """One folder; asks whose register only from people who keep more than one."""

    folder = forms.ChoiceField(error_messages={"required": "Choose a folder.", "invalid_choice": "This folder is not on offer any more; choose from the list."})
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(), label="Register of", empty_label=None, help_text="Whose people answer for it and may withdraw it."
    )

    def __init__(self, *args: Any, homes: QuerySet[Organisation], **options: Any) -> None:
        super().__init__(*args, **options)
        folder, home = self.fields["folder"], self.fields["organisation"]
        assert isinstance(folder, forms.ChoiceField)
        assert isinstance(home, forms.ModelChoiceField)
        folder.choices = [("", "Choose the folder"), *((name, name) for name in organisms_waiting())]
        folder.help_text = PUT.format(models_dir())
        home.queryset = homes
        self.only = next(iter(homes)) if len(homes) == 1 else None
        if self.only is not None:
            del self.fields["organisation"]

    @property
    def home(self) -> Organisation:
        """Whose organism it will be; once valid."""
        found: Organisation = self.only or self.cleaned_data["organisation"]
        return found


class WithdrawForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Everybody here can read it, and the log keeps it: name no person.",
    )
