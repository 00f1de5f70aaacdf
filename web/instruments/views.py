"""The catalogue: every instrument with its limits, every probe set with its texts."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from web.fetch import actor_of
from web.instruments import page, queries
from web.probe_sets.page import surface_context


@require_GET
def instrument_list(request: HttpRequest) -> HttpResponse:
    """What can be asked of a model, with which limits."""
    return render(request, "web/instruments/list.html", page.list_context(actor_of(request)))


@require_GET
def instrument_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One instrument with everything needed to doubt it."""
    return render(request, "web/instruments/detail.html", page.detail_context(queries.method_for(slug), actor_of(request)))


@require_GET
def probe_set_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """The texts of one probe set, with where they come from and what they cannot tell."""
    shown = queries.probe_set_for(slug)
    return render(request, "web/instruments/probe_set.html", {**page.probe_set_context(shown), **surface_context(shown)})
