"""Vendors' public keys: pin one after comparing its fingerprint, withdraw one."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from accounts.permissions import require
from assessments.models import VendorKey
from assessments.services import vendor_keys
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.uploads import Limited
from web.vendors import queries

LEAD = (
    "From then on cases signed with these keys count as the vendor's. Compare the fingerprint with a person at the vendor, "
    "by another way than the file came: whoever could change the file could change a fingerprint sent beside it."
)
WITHDRAW = "Cases signed with it are refused from now on. Those accepted before stay, marked with the day of withdrawal."


class PinForm(forms.Form):
    """The vendor's key file and what the vendor said its fingerprint is."""

    file = forms.FileField(label="Key file of the vendor", help_text="trusted_root.json, from its page “Signing keys” or from a case: keys/trusted_root.json.")
    fingerprint = forms.CharField(
        max_length=200, help_text="SHA-256 of that file, as the vendor told it to you. 64 digits; spaces and colons do not matter.",
        error_messages={"required": "Ask the vendor for the fingerprint and enter it here."},
    )  # fmt: skip
    compared = forms.ChoiceField(label="How did you get the fingerprint?", choices=VendorKey.Compared.choices, widget=forms.RadioSelect)


class WithdrawForm(forms.Form):
    """Why a key is not trusted any more."""

    reason = forms.CharField(max_length=1000, widget=forms.Textarea(attrs={"rows": 3}), error_messages={"required": "Say in one sentence why."})


@csrf_exempt
@require_http_methods(["GET", "POST"])
def vendor_key_pin(request: HttpRequest, vendor_id: UUID) -> HttpResponse:
    """Pin a key file. The limit on the upload must stand before the form is read, so the check against forgery comes second."""
    request.upload_handlers.insert(0, Limited(vendor_keys.LARGEST))
    return _pin(request, vendor_id)


@csrf_protect
def _pin(request: HttpRequest, vendor_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    vendor = queries.vendor_for(actor, vendor_id)
    require(actor, "vendor_key.pin", vendor)
    form, back = PinForm(posted(request), request.FILES or None), reverse("web:vendor-detail", args=[vendor.id])
    if form.is_valid():
        wish = {name: form.cleaned_data[name] for name in ("fingerprint", "compared")}
        with service_errors(form):
            vendor_keys.vendor_key_pin(actor=actor, vendor=vendor, trusted_root=form.cleaned_data["file"].read(), **wish)
            messages.success(request, f"Pinned. Cases signed with these keys count as those of {vendor.name}.")
            return redirect(back)
    head = {"title": f"Pin a key of {vendor.name}", "pretitle": "Vendor", "lead": LEAD, "action": "Pin", "back": back, "nav": "vendors"}
    return form_response(request, form, "components/upload.html", **head)


@require_http_methods(["GET", "POST"])
def vendor_key_withdraw(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Ask once more, then withdraw."""
    actor = actor_of(request)
    key = queries.key_for(actor, key_id)
    require(actor, "vendor_key.pin", key)
    form, back = WithdrawForm(posted(request)), reverse("web:vendor-detail", args=[key.vendor_id])
    if form.is_valid():
        vendor_keys.vendor_key_withdraw(actor=actor, key=key, reason=form.cleaned_data["reason"])
        messages.info(request, "Withdrawn. Cases signed with it are refused from now on.")
        return redirect(back)
    asked = {"title": f"Withdraw {key}?", "text": WITHDRAW, "action": "Withdraw the key", "danger": True, "back": back, "nav": "vendors"}
    return form_response(request, form, "components/confirm.html", **asked)
