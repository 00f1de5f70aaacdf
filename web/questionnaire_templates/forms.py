"""The forms of whole questionnaires: begin, import, publish, compare."""

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef

from accounts.models import Membership, Organisation, User
from accounts.permissions import roles_with
from core.errors import InvalidInput
from questionnaires.document import Document, document_read
from questionnaires.editing import document_begin
from questionnaires.exchange.files import LARGEST
from questionnaires.models import TemplateVersion
from questionnaires.shipped import shipped
from web.questionnaire_templates.page import VERB, version_name

LIMIT = f"{LARGEST >> 20} MiB"


class HomeForm(forms.Form):
    """Asks whose register only from people who write questionnaires for more than one."""

    organisation = forms.ModelChoiceField(Organisation.objects.none(), label="Register of", empty_label=None)

    def __init__(self, *args: Any, actor: User, **options: Any) -> None:
        super().__init__(*args, **options)
        keeps = Membership.objects.filter(user=actor, role__in=roles_with(VERB), organisation=OuterRef("pk"))
        homes = Organisation.objects.filter(Exists(keeps)).order_by("name")
        self.fields["organisation"].queryset = homes  # type: ignore[attr-defined]
        self.only = next(iter(homes)) if len(homes) == 1 else None
        if self.only is not None:
            del self.fields["organisation"]

    @property
    def home(self) -> Organisation:
        """Whose questionnaire it becomes; once valid."""
        found: Organisation = self.only or self.cleaned_data["organisation"]
        return found


class BeginForm(HomeForm):
    """A new questionnaire, empty or as a copy of a shipped one."""

    name = forms.CharField(max_length=200)
    start = forms.ChoiceField(
        required=False, label="Start from", choices=lambda: [("", "One empty question"), *((key, row.title) for key, row in shipped().items())],
        help_text="A copy of a shipped one is yours; later editions of the shipped one leave it alone.",
    )  # fmt: skip

    field_order = ("organisation", "name", "start")

    def document(self) -> Document:
        """What the draft begins with; once valid."""
        name, start = self.cleaned_data["name"], self.cleaned_data["start"]
        if not start:
            return document_begin(name)
        return document_read({**shipped()[start].stored(), "title": name})


class UploadForm(forms.Form):
    """One file."""

    file = forms.FileField(
        label="File", allow_empty_file=True, error_messages={"required": "Choose a file."},
        help_text=f"YAML, XLSX or CSV as an export has it, at most {LIMIT}. It is checked whole, and you see what it would change before anything is stored.",
    )  # fmt: skip


class ConsentForm(forms.Form):
    """The document that was previewed, and what it was compared with."""

    document = forms.CharField(widget=forms.HiddenInput, max_length=LARGEST)
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def clean_document(self) -> Document:
        """Checked again: it came back from a browser."""
        try:
            return document_read(json.loads(self.cleaned_data["document"]))
        except (ValueError, RecursionError, InvalidInput) as error:
            raise forms.ValidationError("The preview came back changed. Upload the file again.") from error


class NewConsentForm(HomeForm, ConsentForm):
    """The same for a file that becomes a questionnaire of its own."""

    name = forms.CharField(max_length=200)

    field_order = ("organisation", "name", "document", "seen")


class PublishForm(forms.Form):
    """What was seen when the person agreed, and a word about it."""

    note = forms.CharField(max_length=500, required=False, label="What changed, in a sentence", help_text="Shown beside the version.")
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)


class CompareForm(forms.Form):
    """Two versions."""

    before = forms.ChoiceField()
    after = forms.ChoiceField()

    def __init__(self, data: Any, versions: Sequence[TemplateVersion]) -> None:
        usual = {"after": str(versions[0].pk), "before": str(versions[min(1, len(versions) - 1)].pk)} if versions else {}
        super().__init__({**usual, **{name: data[name] for name in ("before", "after") if data.get(name)}})
        for name in ("before", "after"):
            self.fields[name].choices = [(str(row.pk), version_name(row)) for row in versions]  # type: ignore[attr-defined]
