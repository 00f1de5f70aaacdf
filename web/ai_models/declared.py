"""Registering a version without weights: an endpoint, an activation dump, or weights that stay with the vendor."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.permissions import require
from assessments.access import MEANING
from inventory.models import WITHOUT_WEIGHTS, Access
from inventory.services import version_declare
from web.ai_models import queries
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors

LEAD = (
    "For a model whose weights you do not get. What the vendor says of it is recorded as the vendor's word. "
    "Instruments that need more than you are granted say so, on the page of the version and of the vendor."
)


class DeclareForm(forms.Form):
    """What is known of a version that is not here."""

    label = forms.CharField(max_length=100, help_text="The vendor's own name for this version, for example 2026-11-01.")
    source = forms.ChoiceField(label="What you have", choices=[(row.value, row.label) for row in WITHOUT_WEIGHTS], widget=forms.RadioSelect)
    access = forms.ChoiceField(
        label="Access granted", widget=forms.RadioSelect, initial=Access.TEXT,
        choices=[(level.value, f"{level.label}. {MEANING[level]}") for level in (Access.TEXT, Access.LOGITS, Access.ACTIVATIONS)],
    )  # fmt: skip
    locator = forms.CharField(
        label="Address", max_length=500, required=False,
        help_text="Of an endpoint: its base address, a # and the model's name, such as https://api.example.com/v1#model. No key: that belongs on the server. "
        "Of a dump: its place below the folder for models, a # and its SHA-256, such as vendor/dump.parquet#3f0e…",
    )  # fmt: skip
    weights_digest = forms.CharField(
        label="Digest of the weights, as the vendor states it", max_length=64, required=False, help_text="64 digits. Leave empty when the vendor does not tell."
    )
    notes = forms.CharField(required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))


@require_http_methods(["GET", "POST"])
def version_declare_view(request: HttpRequest, model_id: UUID) -> HttpResponse:
    """Enter a version by what its vendor says of it."""
    actor = actor_of(request)
    model = queries.model_for(actor, model_id)
    require(actor, "inventory.write", model)
    form = DeclareForm(posted(request))
    if form.is_valid():
        with service_errors(form):
            version = version_declare(actor=actor, model=model, **form.cleaned_data)
            messages.success(request, "Registered by what the vendor says of it.")
            return redirect("web:version-detail", version.id)
    head = {"title": f"Register a version of {model.name} without weights", "lead": LEAD, "action": "Register"}
    return form_response(request, form, back=reverse("web:model-detail", args=[model.id]), nav="models", **head)
