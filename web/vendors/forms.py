"""Forms of the vendor pages."""

import json
from typing import Any

from django import forms
from django.db.models import QuerySet

from accounts.models import Organisation
from inventory.countries import countries
from inventory.models import Tier
from inventory.vendor_table import FIELDS, LARGEST
from web.ai_models.ladder import access_choices
from web.forms import OrganisationForm, RecordForm, Suggest
from web.register_file import RegisterFileForm

WIDE = {"rows": 4}


class VendorForm(RecordForm):
    """What the register says of a vendor."""

    name = forms.CharField(max_length=200, help_text="As in the contract, so that a reader of a report recognises it.")
    country = forms.CharField(
        required=False, max_length=60, widget=Suggest(countries()), help_text="Where it is established: two letters of ISO 3166, for example NL."
    )
    access = forms.ChoiceField(
        label="Access granted", choices=access_choices, widget=forms.RadioSelect,
        help_text="The most its contract grants. It decides which instruments can be used.",
    )  # fmt: skip
    website = forms.CharField(required=False, max_length=300, widget=forms.TextInput(attrs={"inputmode": "url"}), help_text="Begins with https://")
    contact = forms.CharField(
        required=False, max_length=300, help_text="Whom to ask for evidence. The log notes that it changed, never what it says, because it may name a person."
    )
    tier = forms.ChoiceField(
        choices=Tier.choices, initial=Tier.STANDARD, help_text="How much you depend on it. It counts towards the exposure on the vendor map."
    )
    owner = forms.CharField(
        required=False, max_length=200, help_text="Who answers for this vendor on your side. The log notes that it changed, never the name."
    )
    review_cycle_months = forms.IntegerField(
        label="Review cycle in months", min_value=1, max_value=60, initial=12, help_text="How long a closed review of its answers holds before you ask again."
    )
    contract_reference = forms.CharField(required=False, max_length=200, label="Contract", help_text="Its number or place in your contract register.")
    contract_ends_on = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), label="Contract ends on")
    notes = forms.CharField(required=False, widget=forms.Textarea(attrs=WIDE), help_text="For colleagues. Not part of any report, and not kept in the log.")

    def clean_country(self) -> str:
        """Two capital letters; the English name is understood too, as the list offers both."""
        text = str(self.cleaned_data["country"]).strip()
        named = next((code for code, name in countries().items() if name.casefold() == text.casefold()), text.upper())
        return named


class VendorCreateForm(OrganisationForm, VendorForm):
    """A new vendor."""

    field_order = ("organisation", "name")


class VendorFileForm(RegisterFileForm):
    """A list of vendors."""

    HINT = f"CSV or XLSX, at most {LARGEST >> 20} MiB. Nothing changes before you have seen what it would change."
    TOO_LARGE = f"The file is larger than {LARGEST >> 20} MiB. Split it."


class VendorApplyForm(forms.Form):
    """What was looked at: the rows, and the digest of what they come to."""

    seen = forms.CharField(max_length=64)
    rows = forms.CharField()
    organisation = forms.ModelChoiceField(Organisation.objects.none())

    def __init__(self, *args: Any, homes: QuerySet[Organisation], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["organisation"].queryset = homes  # type: ignore[attr-defined]

    def clean_rows(self) -> list[dict[str, str]]:
        """The rows as the page carried them: texts by field."""
        try:
            found = json.loads(self.cleaned_data["rows"])
            json.dumps(found, ensure_ascii=False).encode()  # half a character can be in JSON and nowhere else
        except ValueError as error:
            raise forms.ValidationError("These are no rows.") from error
        plain = isinstance(found, list) and all(isinstance(row, dict) and all(isinstance(value, str) for value in row.values()) for row in found)
        if not plain or any(set(row) - set(FIELDS) for row in found):
            raise forms.ValidationError("These are no rows.")
        return list(found)
