"""The forms of an import: the file, the columns of a sheet, and the consent."""

from collections.abc import Sequence
from typing import Any

from django import forms

from frameworks.evidence_kinds import kind_words
from frameworks.imports.limits import LARGEST
from frameworks.imports.sheets import COLUMNS, HEADING_ROWS, guess
from frameworks.models import Framework
from web.register_file import RegisterFileForm

LIMIT = f"{LARGEST >> 20} MiB"
NOTHING = ""


class UploadForm(RegisterFileForm):
    """A framework or a crosswalk."""

    HINT = f"At most {LIMIT}. It is checked whole, and nothing changes before you have seen what it would change."
    TOO_LARGE = f"The file is larger than {LIMIT}. Split it, or keep only the sheets that are needed."


class PlaceForm(forms.Form):
    """Where in a workbook the table is."""

    sheet = forms.ChoiceField(label="Sheet")
    heading = forms.IntegerField(label="Row with the headings", min_value=1, max_value=HEADING_ROWS)

    def __init__(self, data: Any, sheets: Sequence[str]) -> None:
        super().__init__(data)
        self.fields["sheet"].choices = [(name, name) for name in sheets]  # type: ignore[attr-defined]


class ColumnsForm(forms.Form):
    """Which column holds what, and what the sheet does not say about itself."""

    ref = forms.ChoiceField(label="Column of the reference", help_text="An id that no other row has.")
    text = forms.ChoiceField(label="Column of the text", help_text="What is demanded or asked.")
    title = forms.ChoiceField(label="Column of the title", required=False, help_text="Without one, the first line of the text stands in.")
    section = forms.ChoiceField(label="Column of the section", required=False)
    name = forms.CharField(label="Name of the framework", max_length=200)
    edition = forms.CharField(label="Edition", max_length=200, required=False)
    publisher = forms.CharField(label="Publisher", max_length=200, required=False)
    licence = forms.CharField(label="Licence", max_length=4000, required=False, help_text="Under which terms you have the text. Shown with the framework.")
    source = forms.URLField(label="Address of the source", required=False, assume_scheme="https", max_length=490)

    def __init__(self, data: Any, headings: Sequence[str], name: str) -> None:
        found = guess(headings)
        super().__init__(data, initial={**{field: str(found[field]) for field in found}, "name": name})
        offered = [(str(place), f"{place + 1}: {heading.strip()[:60] or 'no heading'}") for place, heading in enumerate(headings)]
        for field in COLUMNS:
            empty = [] if field in ("ref", "text") else [(NOTHING, "none")]
            self.fields[field].choices = [*empty, *offered]  # type: ignore[attr-defined]

    def columns(self, sheet: str, heading: int) -> dict[str, Any]:
        """What the service is to store."""
        places = {field: int(self.cleaned_data[field]) if self.cleaned_data[field] != NOTHING else None for field in COLUMNS}
        said = {field: self.cleaned_data[field] for field in ("name", "edition", "publisher", "licence", "source")}
        return {"sheet": sheet, "heading": heading, **places, **said}


class IntoForm(forms.Form):
    """Of which imported framework the file is an edition."""

    into = forms.ChoiceField(label="Import as", required=False)

    def __init__(self, data: Any, frameworks: Sequence[Framework], found: Framework | None) -> None:
        super().__init__(data)
        first = f"new edition of {found.name}" if found else "a framework of its own"
        others = [(row.slug, f"new edition of {row.name}") for row in frameworks if row != found]
        self.fields["into"].choices = [("", first), *others]  # type: ignore[attr-defined]


class ApplyForm(forms.Form):
    """What was seen when the person agreed."""

    into = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)


class CarryForm(forms.Form):
    """The proposal of evidence for a corresponding requirement; the reason is asked for where the two only overlap."""

    kind = forms.ChoiceField(label="Kind of evidence")
    reason = forms.CharField(label="Your reason", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, data: Any, kinds: Sequence[str], overlaps: bool) -> None:
        super().__init__(data)
        self.fields["kind"].choices = [(kind, kind_words(kind)) for kind in kinds]  # type: ignore[attr-defined]
        told = "The two only overlap. Say which part of the requirement the evidence answers." if overlaps else "Optional: the relationship is stated anyway."
        self.fields["reason"].help_text = told
        self.fields["reason"].required = overlaps
