"""The plain forms of the policy editor: one for each kind of condition, one for whose approval counts."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from django import forms

from accounts.models import Role, User
from accounts.permissions import roles_with
from assessments.methods.linear_direction import CONCEPTS
from assessments.methods.parts.behaviours import BEHAVIOURS
from assessments.pipeline import name_of
from assessments.registry import METHODS
from core.errors import InvalidInput
from decisions.conditions import Condition, check
from decisions.gate_vocabulary import COMPARISONS, SEVERITIES, STEPS, TIERS
from decisions.policies import MOST, Draft, shipped
from frameworks.models import Framework
from web.forms import OrganisationForm, Suggest, sentence

NAMES = frozenset(field.name for field in fields(Condition))


class ConditionForm(forms.Form):
    """What all conditions share."""

    kind = ""
    required = forms.BooleanField(
        required=False, initial=True, label="Required", help_text="Without it there is no go. Leave it empty for one that only leads to conditions."
    )
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def condition(self, key: str = "") -> Condition:
        """What the form says; once valid."""
        data = {name: value for name, value in self.cleaned_data.items() if name in NAMES and value not in ("", None)}
        return Condition(key=key, kind=self.kind, **data)

    def clean(self) -> dict[str, Any]:
        """The same check as when it is stored, with its error at its field."""
        data = super().clean() or {}
        try:
            if not self.errors:
                check(self.condition())
        except InvalidInput as error:
            self.add_error(error.field if error.field in self.fields else None, sentence(error.message))
        return data


def axis_choices() -> list[tuple[str, str]]:
    """Every axis that an instrument can measure or steer."""
    slugs = {**{row.probe_set: "" for row in CONCEPTS.values()}, **{row.design_set: slug for slug, row in BEHAVIOURS.items()}}
    return [("", "Any"), *sorted(((slug, name_of(slug, behaviour)) for slug, behaviour in slugs.items()), key=lambda row: row[1])]


class FindingForm(ConditionForm):
    """A finding of an instrument."""

    kind = "finding"
    instrument = forms.ChoiceField(choices=lambda: [("", "Choose"), *((row.card.slug, row.card.title) for row in METHODS)])
    axis = forms.ChoiceField(choices=axis_choices, required=False, help_text="Which property was looked for.")
    tier = forms.ChoiceField(
        choices=list(TIERS.items()), required=False, label="At least", help_text="A finding whose instrument is not qualified never counts."
    )
    metric = forms.CharField(max_length=80, required=False, label="Reading", help_text="Its name as in the finding's table. Leave empty for no threshold.")
    op = forms.ChoiceField(choices=[("", "–"), *COMPARISONS.items()], required=False, label="Comparison")
    value = forms.FloatField(required=False)

    field_order = ("instrument", "axis", "tier", "metric", "op", "value", "required")


class CoverageForm(ConditionForm):
    """Coverage of a framework."""

    kind = "coverage"
    framework = forms.ChoiceField()
    value = forms.FloatField(label="Covered, in per cent", min_value=1, max_value=100, initial=50)
    day = forms.DateField(
        required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), label="As of",
        help_text="Leave empty for the day on which the decision is looked at.",
    )  # fmt: skip

    field_order = ("framework", "value", "day", "required")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        rows = Framework.objects.order_by("name").values_list("slug", "name")
        self.fields["framework"].choices = [("", "Choose"), *rows]  # type: ignore[attr-defined]

    def clean_day(self) -> str:
        """As an ISO day."""
        found = self.cleaned_data["day"]
        return found.isoformat() if found else ""


class IncidentsForm(ConditionForm):
    """No open incident."""

    kind = "incidents"
    severity = forms.ChoiceField(
        choices=[("", "Choose"), *((name, name.capitalize()) for name in SEVERITIES)], label="From this severity on",
        help_text="An incident is open until “Resolved” is entered on its page.",
    )  # fmt: skip

    field_order = ("severity", "required")


class DrillForm(ConditionForm):
    """A rollback drill."""

    kind = "rollback_drill"
    value = forms.FloatField(label="Held within the last … days", min_value=1, max_value=3650, initial=180)

    field_order = ("value", "required")


class QuestionnaireForm(ConditionForm):
    """Answers to a questionnaire."""

    kind = "questionnaire"
    name = forms.CharField(
        max_length=200, label="Questionnaire", widget=Suggest({}), help_text="Its name as in your list of questionnaires. Any version of it counts."
    )
    value = forms.FloatField(
        required=False, min_value=0, max_value=100, label="Confirmed, at least per cent",
        help_text="Only answers that a reviewer accepted count. Leave it empty to ask for a current review alone.",
    )  # fmt: skip
    no_flags = forms.BooleanField(required=False, label="No exposure may be open", help_text="Such as a vendor that cannot be audited after an incident.")

    field_order = ("name", "value", "no_flags", "required")

    def suggest(self, names: Mapping[str, str]) -> None:
        """Offer the names of the register's questionnaires."""
        self.fields["name"].widget = Suggest(names)


FORMS: Mapping[str, type[ConditionForm]] = {form.kind: form for form in (FindingForm, CoverageForm, IncidentsForm, DrillForm, QuestionnaireForm)}


class PolicyForm(OrganisationForm):
    """A new policy, from a shipped one or empty."""

    name = forms.CharField(max_length=120)
    step = forms.ChoiceField(choices=[("", "Choose"), *STEPS.items()], label="Stands before")
    template = forms.ChoiceField(
        required=False, label="Start from", choices=lambda: [("", "No conditions"), *((row.step, f"{row.name} (shipped)") for row in shipped())],
        help_text="Shipped policies are beginnings. Read each condition and make it yours.",
    )  # fmt: skip

    field_order = ("organisation", "name", "step", "template")

    def __init__(self, *args: Any, actor: User, **options: Any) -> None:
        super().__init__(*args, actor=actor, **options)

    def wish(self) -> dict[str, Any]:
        """What the service takes; once valid."""
        values = self.values()
        template = values.pop("template")
        return {**values, "draft": next((row.draft for row in shipped() if row.step == template), Draft())}


class VotersForm(forms.Form):
    """How many must approve, and whose approval counts."""

    quorum = forms.IntegerField(label="Approvals needed", min_value=1, max_value=MOST, help_text="From different people.")
    roles = forms.MultipleChoiceField(label="Whose approval counts", widget=forms.CheckboxSelectMultiple)
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["roles"].choices = [(role, Role(role).label) for role in sorted(roles_with("decision.approve"))]  # type: ignore[attr-defined]
