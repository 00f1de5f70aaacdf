"""Vendors: list, profile, register, edit."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import require
from inventory.services import vendor_register, vendor_update
from web.fetch import actor_of
from web.forms import edit_response, form_response, posted, service_errors
from web.lists.listing import list_response
from web.vendors import map_page, page, queries
from web.vendors.forms import VendorCreateForm, VendorForm


@require_GET
def vendor_list(request: HttpRequest) -> HttpResponse:
    """All vendors the actor may know of."""
    actor = actor_of(request)
    listing, actions = page.listing(actor)
    return list_response(request, listing, queries.vendor_rows(actor), actions=actions)


@require_GET
def vendor_map(request: HttpRequest) -> HttpResponse:
    """Every vendor by what it discloses and how much depends on it."""
    return render(request, "web/vendors/map.html", map_page.context(actor_of(request)))


@require_GET
def vendor_detail(request: HttpRequest, vendor_id: UUID) -> HttpResponse:
    """One vendor: facts, models, systems, findings, log."""
    actor = actor_of(request)
    return render(request, "web/vendors/detail.html", page.context(queries.vendor_for(actor, vendor_id), actor))


@require_http_methods(["GET", "POST"])
def vendor_create(request: HttpRequest) -> HttpResponse:
    """Register a vendor."""
    actor = actor_of(request)
    form = VendorCreateForm(posted(request), actor=actor)
    if form.is_valid():
        with service_errors(form):
            vendor = vendor_register(actor=actor, **form.values())
            messages.success(request, f"{vendor.name} is registered. Next: register a model of theirs.")
            return redirect("web:vendor-detail", vendor.id)
    back = reverse("web:vendor-list")
    return form_response(request, form, title="Register a vendor", pretitle="Vendors", action="Register", back=back, nav="vendors")


@require_http_methods(["GET", "POST"])
def vendor_edit(request: HttpRequest, vendor_id: UUID) -> HttpResponse:
    """Change what the register says of a vendor."""
    actor = actor_of(request)
    vendor = queries.vendor_for(actor, vendor_id)
    require(actor, "inventory.write", vendor)
    form, back = VendorForm.of(vendor, posted(request)), reverse("web:vendor-detail", args=[vendor.id])
    save = partial(vendor_update, actor=actor, vendor=vendor)
    return edit_response(request, form, vendor, save, back, title=f"Edit {vendor.name}", pretitle="Vendor", nav="vendors")
