"""Organisms: list, look at one, register a folder, withdraw."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import require
from assessments.contracts import Refused
from assessments.services.organisms import organism_register
from assessments.services.organisms import organism_withdraw as withdraw
from web.fetch import actor_of
from web.forms import form_response, posted, service_errors
from web.organisms import page, queries
from web.organisms.forms import AddForm, WithdrawForm
from web.probe_sets.queries import homes

LEAD = (
    "A model in which you know what is planted. Record, digest, shapes and every trial are checked; record and datasheet are kept as evidence. "
    "Every later calibration of an instrument it names tries it, and everybody in this installation can see it."
)
WITHDRAWING = "Later calibrations leave it out. Records that rest on it stay as they are until the instrument is calibrated again."


@require_GET
def organism_list(request: HttpRequest) -> HttpResponse:
    """Those registered here, then those that come with the program."""
    return render(request, "web/organisms/list.html", page.list_context(actor_of(request)))


@require_GET
def organism_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One that comes with the program."""
    return render(request, "web/organisms/detail.html", page.shipped_context(queries.shipped_for(slug)))


@require_GET
def organism_own(request: HttpRequest, organism_id: UUID) -> HttpResponse:
    """One that was registered here."""
    return render(request, "web/organisms/detail.html", page.own_context(actor_of(request), queries.added_for(organism_id)))


@require_http_methods(["GET", "POST"])
def organism_add(request: HttpRequest) -> HttpResponse:
    """Check a folder and register it."""
    actor = actor_of(request)
    require(actor, "instrument.calibrate")
    form = AddForm(posted(request), homes=homes(actor, "instrument.calibrate"))
    if form.is_valid():
        try:
            with service_errors(form):
                row = organism_register(actor=actor, organisation=form.home, folder=form.cleaned_data["folder"])
                messages.success(request, f"“{row}” is registered. The next calibration of what it names takes it in.")
                return redirect("web:organism-own", row.pk)
        except Refused as error:
            form.add_error("folder", str(error))
    around: dict[str, Any] = {"back": reverse("web:organism-list"), "crumbs": page.CRUMBS, "nav": "instruments"}
    return form_response(request, form, "web/organisms/add.html", title="Register an organism", lead=LEAD, **around)


@require_http_methods(["GET", "POST"])
def organism_withdraw(request: HttpRequest, organism_id: UUID) -> HttpResponse:
    """Take one out of later calibrations."""
    actor = actor_of(request)
    row = queries.mine_for(actor, organism_id)
    require(actor, "instrument.calibrate", row)
    form = WithdrawForm(posted(request))
    if form.is_valid():
        with service_errors(form):
            withdraw(actor=actor, organism=row, reason=form.cleaned_data["reason"])
            messages.success(request, "Withdrawn. Later calibrations leave it out.")
            return redirect("web:organism-own", row.pk)
    around: dict[str, Any] = {"back": reverse("web:organism-own", args=[row.pk]), "crumbs": page.CRUMBS, "nav": "instruments"}
    return form_response(request, form, title=f"Withdraw {row}", lead=WITHDRAWING, action="Withdraw", **around)
