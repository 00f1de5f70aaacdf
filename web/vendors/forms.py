"""Forms of the vendor pages."""

from django import forms

from inventory.countries import countries
from web.ai_models.ladder import access_choices
from web.forms import OrganisationForm, RecordForm, Suggest

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
    notes = forms.CharField(required=False, widget=forms.Textarea(attrs=WIDE), help_text="For colleagues. Not part of any report, and not kept in the log.")

    def clean_country(self) -> str:
        """Two capital letters; the English name is understood too, as the list offers both."""
        text = str(self.cleaned_data["country"]).strip()
        named = next((code for code, name in countries().items() if name.casefold() == text.casefold()), text.upper())
        return named


class VendorCreateForm(OrganisationForm, VendorForm):
    """A new vendor."""

    field_order = ("organisation", "name")
