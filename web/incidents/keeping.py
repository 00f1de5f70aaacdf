"""Files on hold, vendors' promises, and the version rolled back to."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.permissions import require
from decisions.models import Incident
from decisions.services.holds import MOST_HOURS, hold_place, hold_release, promise_enter, rollback_name
from decisions.vocabulary import FACTS
from evidence.models import Artifact
from inventory.models import ModelVersion, Vendor
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.incidents import queries
from web.incidents.action_forms import ReasonForm
from web.incidents.forms import IN_LOG, Moment


class HoldForm(forms.Form):
    """Which file, and why."""

    artifact = forms.CharField(label="SHA-256 of the file", min_length=8, max_length=64, help_text="Or how it begins. It stands on the page of the file.")
    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text=f"Why it must stay. {IN_LOG}")

    def __init__(self, *args: Any, actor: User, incident: Incident, **options: Any) -> None:
        super().__init__(*args, **options)
        self.rows = Artifact.objects.visible_to(actor).filter(attestation__organisation=incident.organisation_id).select_related("attestation")

    def clean_artifact(self) -> Artifact:
        """The one file whose digest begins so."""
        found = list(self.rows.filter(sha256__startswith=self.cleaned_data["artifact"].strip().lower())[:2])
        if not found:
            raise forms.ValidationError("There is no such file in your register. Copy the SHA-256 from the page of the file.")
        return found[0]


class PromiseForm(forms.Form):
    """What a vendor promised, and when it told us."""

    vendor = forms.ModelChoiceField(Vendor.objects.none(), empty_label="Choose")
    hours = forms.IntegerField(label="Promised hours", min_value=1, max_value=MOST_HOURS, help_text="Within how many hours it must tell you.")
    counted_from = forms.ChoiceField(label="Counted from", choices=[("", "Choose"), *FACTS.items()])
    source = forms.CharField(max_length=500, help_text="Where it is written, such as the section of the contract.")
    told_at = Moment(label="When it told you, in UTC", required=False, help_text="Leave it empty until then.")

    def __init__(self, *args: Any, incident: Incident, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["vendor"].queryset = incident.vendors.all()  # type: ignore[attr-defined]


class RollbackForm(forms.Form):
    """The version that took the place of the affected one."""

    version = forms.ModelChoiceField(ModelVersion.objects.none(), required=False, empty_label="None", label="Rolled back to")

    def __init__(self, *args: Any, actor: User, incident: Incident, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["version"].initial = incident.rolled_back_to_id
        rows = ModelVersion.objects.visible_to(actor).select_related("model").defer("weights_manifest")
        self.fields["version"].queryset = rows.exclude(incidents=incident)  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
def hold_create(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """Put a file on hold."""
    actor = actor_of(request)
    row = queries.incident_for(actor, incident_id)
    require(actor, "incident.write", row)
    form, back = HoldForm(posted(request), actor=actor, incident=row), f"{reverse('web:incident-detail', args=[row.id])}#holds"
    if form.is_valid():
        with service_errors(form):
            hold_place(actor=actor, incident=row, **form.cleaned_data)
            messages.success(request, "On hold. Another person has to release it.")
            return redirect(back)
    lead = "Nothing can delete a file on hold, and only another person can release it."
    return form_response(request, form, title="Put a file on hold", pretitle=str(row), lead=lead, action="Hold", back=back, nav="incidents")


@require_http_methods(["GET", "POST"])
def hold_end(request: HttpRequest, hold_id: UUID) -> HttpResponse:
    """Release a file."""
    actor = actor_of(request)
    row = queries.hold_for(actor, hold_id)
    require(actor, "incident.write", row)
    form, back = ReasonForm(posted(request)), f"{reverse('web:incident-detail', args=[row.incident_id])}#holds"
    if form.is_valid():
        with service_errors(form):
            hold_release(actor=actor, hold=row, reason=form.cleaned_data["reason"])
            messages.success(request, "Released. That it was on hold stays on record.")
            return redirect(back)
    lead = f"{row.artifact.title}. On hold since {row.created_at:%d %B %Y}, by {row.placed_by}: {row.reason}"
    return form_response(request, form, title="Release the file?", pretitle=str(row.incident), lead=lead, action="Release", back=back, nav="incidents")


@require_http_methods(["GET", "POST"])
def promise(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """Enter what a vendor promised and when it told us; entering it again replaces it."""
    actor = actor_of(request)
    row = queries.incident_for(actor, incident_id)
    require(actor, "incident.write", row)
    form, back = PromiseForm(posted(request), incident=row), reverse("web:incident-detail", args=[row.id])
    if form.is_valid():
        with service_errors(form):
            promise_enter(actor=actor, incident=row, **form.cleaned_data)
            messages.success(request, "Entered, and in the log.")
            return redirect(back)
    lead = "Compared with the times of the incident. Entering it again for the same vendor replaces it; the log keeps both."
    return form_response(request, form, title="A vendor's promise", pretitle=str(row), lead=lead, action="Enter", back=back, nav="incidents")


@require_http_methods(["GET", "POST"])
def rollback(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """Name the version rolled back to."""
    actor = actor_of(request)
    row = queries.incident_for(actor, incident_id)
    require(actor, "incident.write", row)
    form, back = RollbackForm(posted(request), actor=actor, incident=row), reverse("web:incident-detail", args=[row.id])
    if form.is_valid():
        with service_errors(form):
            rollback_name(actor=actor, incident=row, version=form.cleaned_data["version"])
            messages.success(request, "Saved, and entered in the log.")
            return redirect(back)
    lead = "For the record only: deployments and the state of versions are changed in the register."
    return form_response(request, form, title="Rolled back to", pretitle=str(row), lead=lead, action="Save", back=back, nav="incidents")
