"""Forms of the review pages."""

from typing import Any

from django import forms
from django.http import QueryDict

from inventory.models import Vendor
from questionnaires.document import Question
from questionnaires.models import Answer, TemplateVersion, Verdict

KEPT = "Kept in the log for good, so name no person."
FEWEST, MOST = 2, 6


class JudgeForm(forms.Form):
    """What an answer is worth."""

    verdict = forms.ChoiceField(choices=Verdict.choices, widget=forms.RadioSelect)
    points = forms.ChoiceField(required=False, widget=forms.RadioSelect, label="Points, if accepted")
    reason = forms.CharField(
        required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"Needed unless you accept an answer with a released file behind it. The respondent reads it. {KEPT}",
    )  # fmt: skip
    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, question: Question, answer: Answer | None) -> None:
        initial = {"verdict": answer.verdict, "reason": answer.verdict_reason, "revision": answer.revision, "points": _point(answer.points)} if answer else {}
        super().__init__(data, initial=initial)
        if question.levels:
            self.fields["points"].choices = [(_point(row.points), f"{row.points:g}: {row.label}") for row in question.levels]  # type: ignore[attr-defined]
        else:
            del self.fields["points"]

    def wish(self) -> dict[str, Any]:
        """What the service takes; once valid. Points chosen beside another verdict than accepted are dropped: they would say nothing."""
        values = dict(self.cleaned_data)
        points = values.pop("points", "")
        return {**values, "points": float(points) if points and values["verdict"] == Verdict.ACCEPTED else None}


def _point(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 3}), help_text=f"The respondent reads it. {KEPT}")


class NoteForm(forms.Form):
    """What was looked at, if there is anything to say."""

    reason = forms.CharField(required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3}), help_text=f"What you looked at. {KEPT}")


class CiteForm(forms.Form):
    """A file of the evidence store."""

    sha256 = forms.CharField(max_length=80, label="SHA-256", help_text="As on the page of the file in the evidence store.")
    note = forms.CharField(required=False, max_length=500, help_text="What it shows about this answer.")


class CommentForm(forms.Form):
    """A word on a question."""

    text = forms.CharField(max_length=5000, widget=forms.Textarea(attrs={"rows": 3}), label="Comment")
    internal = forms.BooleanField(required=False, initial=True, label="For colleagues only", help_text="Untick it to let the respondent read it.")


class CloseForm(forms.Form):
    """The end of a review."""

    left = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Left without a verdict",
        help_text="Tick each one you leave on purpose; it is worth nothing as confirmed.",
    )
    reason = forms.CharField(required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}), help_text=f"Needed when an answer is left. {KEPT}")
    valid_until = forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Leave it empty to use the whole review cycle of the vendor.",
    )

    def __init__(self, *args: Any, waiting: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["left"].choices = waiting  # type: ignore[attr-defined]
        if not waiting:
            del self.fields["left"], self.fields["reason"]


class CompareForm(forms.Form):
    """Which questionnaire, and whose answers."""

    version = forms.ModelChoiceField(TemplateVersion.objects.none(), label="Questionnaire", empty_label="Choose one")
    vendor = forms.ModelMultipleChoiceField(Vendor.objects.none(), label="Vendors", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, versions: Any, vendors: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["version"].queryset, self.fields["vendor"].queryset = versions, vendors  # type: ignore[attr-defined]

    def clean_vendor(self) -> Any:
        """Two to six, so that a row can be read."""
        found = self.cleaned_data["vendor"]
        if not FEWEST <= len(found) <= MOST:
            raise forms.ValidationError(f"Choose {FEWEST} to {MOST} vendors.")
        return found


class ReuseForm(forms.Form):
    """Which earlier answers to take over."""

    answers = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, label="Accepted before")

    def __init__(self, *args: Any, offers: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["answers"].choices = offers  # type: ignore[attr-defined]
