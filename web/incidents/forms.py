"""Forms of the pages of incidents."""

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet

from accounts.models import User
from decisions.models import Incident, IncidentReport, ReportState, Severity
from decisions.services import LARGEST, SUFFIXES, Judgement, Proof
from decisions.vocabulary import FACTS, KINDS, ROLES, ZONES
from inventory.models import AISystem, ModelVersion, Vendor
from web.forms import OrganisationForm

IN_LOG = "Kept in the log for good, so name no person."
MEBIBYTES = LARGEST // 1024 // 1024


class Moment(forms.DateTimeField):
    """A point in time in UTC."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, error_messages={"invalid": "Write day and time, such as 2027-03-03 10:15, in UTC."}, **options)


class Days(forms.CharField):
    """Days, one a line."""

    widget = forms.Textarea(attrs={"rows": 3, "placeholder": "2027-12-27"})

    def to_python(self, value: Any) -> Any:
        """The lines that hold something."""
        return value if isinstance(value, list) else [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        """One a line again."""
        return "\n".join(value) if isinstance(value, list) else value


class JudgementForm(forms.Form):
    """What decides which clocks apply."""

    severity = forms.ChoiceField(choices=[("", "Choose"), *Severity.choices], help_text="Your own judgement. No clock depends on it.")
    kinds = forms.MultipleChoiceField(
        label="What kind of incident it is", required=False, choices=list(KINDS.items()), widget=forms.CheckboxSelectMultiple,
        help_text="Mark all that fit. Each law has clocks for some of these. You can change it when more becomes known.",
    )  # fmt: skip
    roles = forms.MultipleChoiceField(
        label="What your organisation is here", required=False, choices=list(ROLES.items()), widget=forms.CheckboxSelectMultiple,
        help_text="Mark all that fit.",
    )  # fmt: skip
    zone = forms.ChoiceField(
        label="Where your EU authority is", choices=list(ZONES.items()), initial="Europe/Brussels",
        help_text="Days and weekends are counted on its wall clock. US recipients have their own.",
    )  # fmt: skip
    holidays = Days(
        label="Bank holidays", required=False,
        help_text="One a line, such as 2027-12-27. Only laws that count working days use them. The program knows weekends but no holidays.",
    )  # fmt: skip

    def judgement(self) -> Judgement:
        """What a service takes; once valid."""
        return Judgement(**{name: self.cleaned_data[name] for name in JudgementForm.base_fields})


class OpenForm(OrganisationForm, JudgementForm):
    """A new incident."""

    title = forms.CharField(max_length=200, help_text="In a few words, without names of people.")
    description = forms.CharField(widget=forms.Textarea(attrs={"rows": 5}), help_text="What happened, as far as you know. It stays out of the log.")
    systems = forms.ModelMultipleChoiceField(AISystem.objects.none(), required=False, label="Affected AI systems")
    versions = forms.ModelMultipleChoiceField(ModelVersion.objects.none(), required=False, label="Affected model versions")
    vendors = forms.ModelMultipleChoiceField(Vendor.objects.none(), required=False, label="Vendors concerned")

    field_order = ("organisation", "title", "description", "severity", "systems", "versions", "vendors", "kinds", "roles", "zone", "holidays")

    def __init__(self, *args: Any, actor: User, **options: Any) -> None:
        super().__init__(*args, actor=actor, **options)
        versions = ModelVersion.objects.visible_to(actor).select_related("model").defer("weights_manifest")
        rows: dict[str, QuerySet[Any]] = {"systems": AISystem.objects.visible_to(actor), "versions": versions, "vendors": Vendor.objects.visible_to(actor)}
        for name, found in rows.items():
            self.fields[name].queryset = found  # type: ignore[attr-defined]
        self.fields["systems"].help_text = "Roles under the EU AI Act follow from these and are added to what you mark."

    def wish(self) -> dict[str, Any]:
        """What the service takes; once valid."""
        plain = {key: value for key, value in self.values().items() if key not in JudgementForm.base_fields}
        return {**plain, "judgement": self.judgement()}


class ReclassifyForm(JudgementForm):
    """What became known."""

    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text=f"What became known. {IN_LOG}")

    @classmethod
    def of(cls, incident: Incident, data: Any) -> "ReclassifyForm":
        """The form filled from the incident, or with what was sent."""
        return cls(data, initial={name: getattr(incident, name) for name in JudgementForm.base_fields})


class FactForm(forms.Form):
    """When one thing happened."""

    name = forms.ChoiceField(label="What happened", help_text="Laws start their clocks at different moments, so each has its own entry.")
    at = Moment(label="When, in UTC")
    source = forms.CharField(max_length=500, help_text="How you know: a ticket, a mail, a log. It stays out of the log.")

    def __init__(self, *args: Any, incident: Incident, **options: Any) -> None:
        super().__init__(*args, **options)
        known = {row.name for row in incident.facts.all()}
        self.fields["name"].choices = [("", "Choose"), *((key, text) for key, text in FACTS.items() if key not in known)]  # type: ignore[attr-defined]


class CorrectForm(forms.Form):
    """What takes the place of an entry."""

    at = Moment(label="When, in UTC", required=False, help_text="Leave it empty to withdraw the entry: the moment then counts as unknown.")
    source = forms.CharField(max_length=500, help_text="How you know.")
    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text=f"Why the earlier entry was wrong. {IN_LOG}")


class SubmissionForm(forms.Form):
    """A report that was sent."""

    submitted_at = Moment(label="When it was sent, in UTC")
    reference = forms.CharField(max_length=200, help_text="The number or name under which the recipient has it.")
    late_reason = forms.CharField(
        required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}), label="Why it was late",
        help_text=f"Needed when it was sent after its due time. {IN_LOG}",
    )  # fmt: skip
    proof = forms.FileField(
        required=False, label="Proof", allow_empty_file=True,
        help_text=f"A receipt or a copy of what was sent: {', '.join(SUFFIXES)}, at most {MEBIBYTES} MiB. It is kept as evidence.",
    )  # fmt: skip

    report = forms.ModelChoiceField(IncidentReport.objects.none(), required=False, label="Report built here", empty_label="None", help_text="If it was sent.")

    def __init__(self, *args: Any, incident: Incident, clock: str, too_large: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.too_large = too_large
        made = IncidentReport.objects.filter(version__incident=incident, version__clock=clock, state=ReportState.DONE)
        self.fields["report"].queryset = made.select_related("version")  # type: ignore[attr-defined]

    def clean_proof(self) -> Any:
        """Refuses a file of which only a part was kept."""
        if self.too_large:
            raise forms.ValidationError(f"The file is larger than {MEBIBYTES} MiB. Choose a smaller one.")
        return self.cleaned_data["proof"]

    def wish(self) -> dict[str, Any]:
        """What the service takes; once valid."""
        file = self.cleaned_data["proof"]
        proof = Proof(file.name, file.read(LARGEST + 1)) if file else None
        sent: datetime = self.cleaned_data["submitted_at"]
        kept = {name: self.cleaned_data[name] for name in ("reference", "late_reason", "report")}
        return {"submitted_at": sent, "proof": proof, **kept}
