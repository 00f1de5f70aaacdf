"""Forms of customers' questionnaires."""

from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet

from accounts.models import Organisation, User
from core import clock
from questionnaires.document import Question
from questionnaires.inbound_file import LARGEST
from questionnaires.models import TemplateVersion
from questionnaires.services.inbound import LONGEST_CUSTOMER, LONGEST_REASON, Received
from questionnaires.values import LONGEST_TEXT
from web.questionnaires.forms import day
from web.questionnaires.queries import versions_open

USUAL_DAYS = 14


class ReceiveForm(forms.Form):
    """Who asks, until when, and a file or a published questionnaire."""

    customer = forms.CharField(max_length=LONGEST_CUSTOMER, help_text="Who asks us.")
    due_on = day(label="Due")
    file = forms.FileField(required=False, allow_empty_file=True, help_text=f"CSV or XLSX with one question a row, at most {LARGEST >> 20} MiB.")
    column = forms.CharField(required=False, max_length=200, label="Column of the questions", help_text="Its heading, where it is not “Question”.")
    version = forms.ModelChoiceField(TemplateVersion.objects.none(), required=False, label="Or a published questionnaire", empty_label="none: a file")
    organisation = forms.ModelChoiceField(Organisation.objects.none(), label="Register of", empty_label=None)

    def __init__(self, *args: Any, actor: User, homes: QuerySet[Organisation], too_large: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.only = next(iter(homes)) if len(homes) == 1 else None
        self.too_large = too_large
        self.fields["organisation"].queryset = homes  # type: ignore[attr-defined]
        self.fields["version"].queryset = versions_open(actor)  # type: ignore[attr-defined]
        self.fields["due_on"].initial = clock.now().date() + timedelta(days=USUAL_DAYS)
        if self.only is not None:
            del self.fields["organisation"]

    def clean_file(self) -> bytes:
        """The bytes; none where no file was sent."""
        if self.too_large:
            raise forms.ValidationError(f"The file is larger than {LARGEST >> 20} MiB. Split it.")
        file = self.cleaned_data["file"]
        if file is not None and not file.size:
            raise forms.ValidationError("The file is empty. Choose the one you meant.")
        return bytes(file.read(LARGEST + 1)) if file else b""

    @property
    def home(self) -> Organisation:
        """Whose register; once valid."""
        found: Organisation = self.only or self.cleaned_data["organisation"]
        return found

    def received(self) -> Received:
        """What the service is to take in."""
        data = self.cleaned_data
        return Received(data["customer"], data["due_on"], data["file"], data["column"], data["version"])


class AnswerForm(forms.Form):
    """One answer, in a field that fits the question, with the digests of the files it cites."""

    value = forms.CharField(required=False, label="Answer", max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 5}))
    citations = forms.CharField(
        required=False, label="Files cited", widget=forms.Textarea(attrs={"rows": 3}), help_text="SHA-256 of files in the evidence store, one a line."
    )
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, question: Question, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = list(question.choices.items())
        if question.type == "multi":
            self.fields["value"] = forms.MultipleChoiceField(choices=choices, required=False, label="Answer", widget=forms.CheckboxSelectMultiple)
        elif choices:
            self.fields["value"] = forms.ChoiceField(choices=[("", "no answer"), *choices], required=False, label="Answer")
        elif question.type in ("number", "date"):
            self.fields["value"] = forms.CharField(required=False, label="Answer", help_text=question.unit or "Year-month-day.")
        self.order_fields(("value", "citations", "seen"))


class ApproveForm(forms.Form):
    """The digest of the answers as they were on the page."""

    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)


class AgainForm(forms.Form):
    """Why answers are opened again."""

    reason = forms.CharField(max_length=LONGEST_REASON, label="Reason", widget=forms.Textarea(attrs={"rows": 2}))
