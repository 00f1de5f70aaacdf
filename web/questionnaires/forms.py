"""Forms of requests, campaigns, invitations and comments."""

from datetime import timedelta
from typing import Any

from django import forms

from accounts.models import User
from core import clock
from inventory.models import AISystem, ModelVersion, Vendor
from questionnaires.models import QuestionnaireRequest, TemplateVersion
from questionnaires.services.invitations import DAYS, MOST_DAYS
from questionnaires.services.requests import Wish
from web.questionnaires import queries

USUAL_DAYS = 28


def day(**options: Any) -> forms.DateField:
    """A field for a day."""
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


class WishForm(forms.Form):
    """What requests to one vendor and to many have in common."""

    version = forms.ModelChoiceField(TemplateVersion.objects.none(), label="Questionnaire", empty_label="Choose one", help_text="This version is frozen.")
    due_on = day(label="Due")
    owner = forms.ModelChoiceField(User.objects.none(), empty_label=None, help_text="Whom respondents ask. They see the name and the e-mail address.")
    message = forms.CharField(required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3}), help_text="The respondents read it first.")
    switched = forms.MultipleChoiceField(required=False, label="Categories to switch", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, actor: User, **options: Any) -> None:
        super().__init__(*args, **options)
        versions = queries.versions_open(actor)
        self.fields["version"].queryset = versions  # type: ignore[attr-defined]
        self.fields["owner"].queryset = queries.senders(actor)  # type: ignore[attr-defined]
        self.fields["owner"].initial = actor.pk
        self.fields["due_on"].initial = clock.now().date() + timedelta(days=USUAL_DAYS)
        choices = [row for version in versions for row in _categories(version)]
        if choices:
            self.fields["switched"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["switched"]

    def clean(self) -> dict[str, Any]:
        """Categories of the chosen questionnaire only."""
        data = super().clean() or {}
        version, ticked = data.get("version"), [row.partition("|") for row in data.get("switched", [])]
        if version is not None and any(key != str(version.pk) for key, _, _ in ticked):
            self.add_error("switched", "Tick categories of the questionnaire that you chose.")
        data["switched"] = [name for _, _, name in ticked]
        return data

    def wish(self) -> Wish:
        """What the service is to send."""
        data = self.cleaned_data
        return Wish(data["version"], data["due_on"], data["owner"], data["message"], data["switched"])


def _categories(version: TemplateVersion) -> list[tuple[str, str]]:
    rows = version.document.get("categories", [])
    return [(f"{version.pk}|{row['id']}", f"{version}: {'leave out' if row.get('on', True) else 'ask also'} {row['title']}") for row in rows]


class RequestForm(WishForm):
    """A request to one vendor."""

    vendor = forms.ModelChoiceField(Vendor.objects.none(), empty_label="Choose a vendor")
    model_version = forms.ModelChoiceField(ModelVersion.objects.none(), required=False, label="About a model version", empty_label="none")
    system = forms.ModelChoiceField(AISystem.objects.none(), required=False, label="About a system", empty_label="none")
    field_order = ("vendor", "version", "model_version", "system", "due_on", "owner", "message", "switched")

    def __init__(self, *args: Any, actor: User, **options: Any) -> None:
        super().__init__(*args, actor=actor, **options)
        rows = {"vendor": queries.vendors(actor), "model_version": queries.model_versions(actor), "system": queries.systems(actor)}
        for name, found in rows.items():
            self.fields[name].queryset = found  # type: ignore[attr-defined]


class CampaignForm(WishForm):
    """The same questionnaire to many."""

    name = forms.CharField(max_length=200, help_text="Such as “Yearly review 2027”.")
    vendors = forms.ModelMultipleChoiceField(Vendor.objects.none(), widget=forms.CheckboxSelectMultiple)
    field_order = ("name", "version", "vendors", "due_on", "owner", "message", "switched")

    def __init__(self, *args: Any, actor: User, **options: Any) -> None:
        super().__init__(*args, actor=actor, **options)
        self.fields["vendors"].queryset = queries.vendors(actor)  # type: ignore[attr-defined]


class InvitationForm(forms.Form):
    """Who may answer what."""

    name = forms.CharField(max_length=200, label="Respondent's name")
    email = forms.EmailField(required=False, label="E-mail", help_text="For reminders only. The link is not mailed: you pass it on.")
    user = forms.ModelChoiceField(
        User.objects.none(), required=False, label="Account", empty_label="none: by link",
        help_text="An account with the role vendor respondent signs in instead of using a link.",
    )  # fmt: skip
    sections = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple, help_text="None ticked: all of them.")
    may_submit = forms.BooleanField(required=False, initial=True, label="May submit the whole")
    days = forms.IntegerField(min_value=1, max_value=MOST_DAYS, initial=DAYS, label="Days it works")

    def __init__(self, *args: Any, request: QuestionnaireRequest, **options: Any) -> None:
        super().__init__(*args, **options)
        document = request.version.parsed()
        self.fields["sections"].choices = [(row.id, row.title) for row in document.sections]  # type: ignore[attr-defined]
        self.fields["user"].queryset = queries.accounts_open(request)  # type: ignore[attr-defined]


class DueForm(forms.Form):
    """Another day."""

    due_on = day(label="Due")


class ReasonForm(forms.Form):
    """Why, for the log."""

    reason = forms.CharField(label="Why", max_length=1000, widget=forms.Textarea(attrs={"rows": 2}), help_text="Kept in the log for good, so name no person.")


class CommentForm(forms.Form):
    """A word to the respondents, or among colleagues."""

    text = forms.CharField(label="Comment", max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))
    internal = forms.BooleanField(required=False, label="Internal: respondents never see it")
