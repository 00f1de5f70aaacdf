"""Captured prompts: upload them as a probe set, and draft the plans that compare two versions."""

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
from decisions import services
from decisions.captured import LARGEST, SUFFIXES
from decisions.models import CapturedPrompts
from inventory.models import ModelVersion
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.incidents import queries
from web.uploads import Limited, limited

SIZE = f"{LARGEST // 1024} KiB"
LEAD = (
    "Prompts that led to the incident, and others on the same subjects that did not. Take names and other personal data out first: "
    "the set is kept as evidence and never changes."
)
PLANS = "The same plan for both versions, with the same seed. Both stay drafts: look at them, seal them, run them, then compare."


class CapturedForm(forms.Form):
    """The file, and where its prompts come from."""

    file = forms.FileField(
        allow_empty_file=True, help_text=f"{' or '.join(SUFFIXES)}, at most {SIZE}.",
        error_messages={"required": "Choose the file of the prompts."},
    )  # fmt: skip
    origin = forms.CharField(
        label="Where they come from", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="How they were captured, and who wrote the contrast. It becomes part of the set's datasheet.",
    )  # fmt: skip

    field_order = ("origin", "file")

    def __init__(self, *args: Any, too_large: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        if too_large:
            self.fields["file"].error_messages["required"] = f"The file is larger than {SIZE}. Choose fewer prompts."


class VersionsForm(forms.Form):
    """Which two versions to compare."""

    version = forms.ModelChoiceField(ModelVersion.objects.none(), label="Affected version", empty_label="Choose")
    predecessor = forms.ModelChoiceField(
        ModelVersion.objects.none(),
        empty_label="Choose",
        help_text="The version before it, or the one rolled back to. Both need access to activations.",
    )

    def __init__(self, *args: Any, actor: User, captured: CapturedPrompts, **options: Any) -> None:
        super().__init__(*args, **options)
        rows = ModelVersion.objects.visible_to(actor).select_related("model").defer("weights_manifest")
        self.fields["version"].queryset = rows.filter(incidents=captured.incident)  # type: ignore[attr-defined]
        self.fields["predecessor"].queryset = rows.exclude(incidents=captured.incident)  # type: ignore[attr-defined]
        self.fields["predecessor"].initial = captured.incident.rolled_back_to_id


@require_http_methods(["GET", "POST"])
@limited(LARGEST)
def captured_create(request: HttpRequest, incident_id: UUID, limit: Limited) -> HttpResponse:
    """Upload captured prompts."""
    actor = actor_of(request)
    row = queries.incident_for(actor, incident_id)
    require(actor, "probe_set.add", row)
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form, back = CapturedForm(*sent, too_large=limit.exceeded), f"{reverse('web:incident-detail', args=[row.id])}#captured"
    if form.is_valid():
        file = form.cleaned_data["file"]
        with service_errors(form):
            made = services.captured_add(actor=actor, incident=row, name=file.name[:100], raw=file.read(LARGEST + 1), origin=form.cleaned_data["origin"])
            messages.success(request, f"“{made.probe_set.title}” is added. Next: draft the plans that compare two versions.")
            return redirect(back)
    head = {"title": "Add captured prompts", "pretitle": str(row), "lead": LEAD, "action": "Check and add", "back": back, "nav": "incidents"}
    return form_response(request, form, "web/incidents/captured_add.html", **head)


@require_http_methods(["GET", "POST"])
def captured_plans(request: HttpRequest, captured_id: UUID) -> HttpResponse:
    """Draft one plan for the affected version and one for its predecessor."""
    actor = actor_of(request)
    row = queries.captured_for(actor, captured_id)
    require(actor, "probe_set.add", row)
    form, back = VersionsForm(posted(request), actor=actor, captured=row), f"{reverse('web:incident-detail', args=[row.incident_id])}#captured"
    if form.is_valid():
        with service_errors(form):
            services.captured_plan(actor=actor, captured=row, **form.cleaned_data)
            messages.success(request, "Two plans are drafted, one for each version.")
            return redirect(back)
    return form_response(request, form, title="Compare two versions", pretitle=str(row.incident), lead=PLANS, action="Draft", back=back, nav="incidents")
