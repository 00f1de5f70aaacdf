"""The search: a page of its own, and the part of it that the palette shows while somebody types."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from web.fetch import actor_of
from web.search.queries import answers
from web.search.question import understood


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """Everything the person may see that answers ``q``."""
    question = understood(request.GET.get("q", ""))
    groups = answers(actor_of(request), question)
    part = request.headers.get("HX-Request") == "true" and request.headers.get("HX-Target") == "palette-hits"
    context = {"nav": "search", "question": question, "groups": groups, "found": sum(len(group.hits) for group in groups)}
    response = render(request, "web/search/hits.html" if part else "web/search/page.html", context)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response
