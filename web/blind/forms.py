"""Forms of the blind exercises: seal, answer, reveal, withdraw."""

from typing import Any

from django import forms

from accounts.models import User
from assessments.blind import Planted
from assessments.models import BlindExercise, Finding
from assessments.registry import METHODS
from assessments.services.blind import LONGEST
from inventory.models import ModelVersion
from reports.vocabulary import tier_word
from web.blind import queries

PLANTED = (
    (Planted.NOTHING.value, "Nothing. A claim would be a false alarm."),
    (Planted.OBSERVED.value, "Something it should find (reading “observed” or “causal”)."),
    (Planted.CAUSAL.value, "Something it should show to act (reading “causal”)."),
)


class SealForm(forms.Form):
    """Which version, which instrument, what everybody may know, and the truth."""

    version = forms.ModelChoiceField(ModelVersion.objects.none(), label="Model version", empty_label="Choose a version")
    instrument = forms.ChoiceField(choices=[(method.card.slug, method.card.title) for method in METHODS])
    question = forms.CharField(
        max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text="What is to be found out. The assessor reads this, so do not give the answer away."
    )
    planted = forms.ChoiceField(
        label="The truth: what is in this version for the instrument to find", widget=forms.RadioSelect, choices=PLANTED,
        error_messages={"required": "Say whether something is planted. It is sealed, not stored."},
    )  # fmt: skip
    description = forms.CharField(
        max_length=LONGEST, label="The truth in words", widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What was planted and how, or that nothing was. Sealed with the rest.",
    )  # fmt: skip

    def __init__(self, *args: Any, actor: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["version"].queryset = queries.versions_of(actor)  # type: ignore[attr-defined]


class FindingChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Findings with their run and reading."""

    def label_from_instance(self, obj: Finding) -> str:
        """Run, step, reading and headline."""
        return f"{obj.step.run}, {obj.step.key}: {tier_word(obj.reading)}. {obj.headline}"


class AnswerForm(forms.Form):
    """The finding that answers."""

    finding = FindingChoice(Finding.objects.none(), empty_label="Choose a finding", help_text="Its reading is the answer. It cannot be changed afterwards.")

    def __init__(self, *args: Any, actor: User, exercise: BlindExercise, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["finding"].queryset = queries.findings_for(actor, exercise)  # type: ignore[attr-defined]


class RevealForm(forms.Form):
    """The truth as it was shown when it was sealed."""

    truth = forms.CharField(
        max_length=3 * LONGEST, widget=forms.Textarea(attrs={"rows": 10, "class": "raw", "spellcheck": "false"}),
        help_text="The whole text that was shown once when the truth was sealed, braces included.",
    )  # fmt: skip


class WithdrawForm(forms.Form):
    """Why there will be no score."""

    reason = forms.CharField(max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3}), help_text="Kept in the log for good, so name no person.")
