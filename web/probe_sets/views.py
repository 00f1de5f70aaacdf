"""Probe sets: list, add one's own, look at one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import require
from assessments.contracts import Refused
from assessments.probe_intake import LARGEST
from assessments.services.probe_sets import probe_set_add as add
from web.fetch import actor_of
from web.forms import form_response, service_errors
from web.probe_sets import page, queries
from web.probe_sets.forms import AddForm
from web.uploads import Limited, limited

LEAD = "Texts in two kinds, written in content families. The file is checked, hashed, kept as evidence and entered in the log. It never changes afterwards."


@require_GET
def probe_set_list(request: HttpRequest) -> HttpResponse:
    """Those of one's own, then those that come with the program."""
    return render(request, "web/probe_sets/list.html", page.list_context(actor_of(request)))


@require_GET
def probe_set_own(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """The texts of an added set, where they come from and what they give away."""
    return render(request, "web/instruments/probe_set.html", page.own_context(queries.added_for(actor_of(request), set_id)))


@require_http_methods(["GET", "POST"])
@limited(LARGEST)
def probe_set_add(request: HttpRequest, limit: Limited) -> HttpResponse:
    """Add a file."""
    actor = actor_of(request)
    require(actor, "probe_set.add")
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = AddForm(*sent, homes=queries.homes(actor), too_large=limit.exceeded)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            with service_errors(form):
                row = add(actor=actor, organisation=form.home, name=file.name[:100], raw=file.read(LARGEST + 1))
                messages.success(request, f"“{row.title}” is added. Plans can use it now.")
                return redirect("web:probe-set-own", row.pk)
        except Refused as error:
            form.add_error("file", str(error))
    context: dict[str, Any] = {"title": "Add a probe set", "lead": LEAD, "action": "Check and add", "back": reverse("web:probe-set-list")}
    context |= {"crumbs": page.CRUMBS, "nav": "instruments"}
    return form_response(request, form, "web/probe_sets/add.html", **context)
