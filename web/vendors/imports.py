"""Many vendors out of one file: upload, look, apply. Nothing is kept between the steps but what the page itself carries."""

from typing import Any

import orjson
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.permissions import require
from core.errors import InvalidInput
from inventory.services import vendors_import
from inventory.vendor_table import FIELDS, LARGEST, VendorPlan, plan_of, rows_read
from web.fetch import actor_of
from web.forms import form_response, service_errors
from web.register_file import CHECK
from web.uploads import Limited, limited
from web.vendors.forms import VendorApplyForm, VendorFileForm
from web.vendors.queries import homes

LEAD = "One vendor a row; the first row names the columns. Rows are matched by name, empty cells leave what is there, and formulas stay text."
MOST_CARRIED = 2_000_000
SHOWN = 200
FIRST = 2


@require_http_methods(["GET", "POST"])
@limited(LARGEST)
def vendor_import(request: HttpRequest, limit: Limited) -> HttpResponse:
    """Upload, or apply what was looked at."""
    actor = actor_of(request)
    require(actor, "inventory.write")
    if "seen" in request.POST:
        return _apply(request, actor)
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = VendorFileForm(*sent, homes=homes(actor), too_large=limit.exceeded)
    if form.is_valid():
        with service_errors(form):
            rows = rows_read(form.cleaned_data["file"].read(LARGEST + 1))
            return _preview(request, plan_of(form.home, rows, FIRST), rows, str(form.home.pk))
    context = {"title": "Import vendors", "lead": LEAD, "action": CHECK, "columns": FIELDS, "back": reverse("web:vendor-list"), "nav": "vendors"}
    return form_response(request, form, "web/vendors/import.html", **context)


def _apply(request: HttpRequest, actor: User) -> HttpResponse:
    form = VendorApplyForm(request.POST, homes=homes(actor))
    if not form.is_valid():
        raise InvalidInput("file", "this page was too old to apply from; upload the file again")
    data = form.cleaned_data
    plan = vendors_import(actor=actor, organisation=data["organisation"], rows=data["rows"], first=FIRST, seen=data["seen"])
    if plan.errors:
        return _preview(request, plan, data["rows"], str(data["organisation"].pk))
    counts = plan.counts
    messages.success(request, f"Imported: {counts['created']} registered, {counts['changed']} changed, {counts['unchanged']} as they were.")
    return redirect("web:vendor-list")


def _preview(request: HttpRequest, plan: VendorPlan, rows: list[Any], home: str) -> HttpResponse:
    carried = orjson.dumps(rows).decode()
    if len(carried) > MOST_CARRIED:
        raise InvalidInput("file", "the texts in the file are too long to be looked at in one page; split it, or use the API")
    ordered = sorted(plan.outcomes, key=lambda row: ("error", "created", "changed", "unchanged").index(row.result))
    context = {
        "plan": plan, "counts": plan.counts, "rows": ordered[:SHOWN], "more": max(len(ordered) - SHOWN, 0), "carried": carried, "home": home,
        "back": reverse("web:vendor-import"), "nav": "vendors", "changes": plan.counts["created"] + plan.counts["changed"],
    }  # fmt: skip
    return render(request, "web/vendors/import_preview.html", context, status=422 if plan.errors else 200)
