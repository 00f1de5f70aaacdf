"""Vendors side by side."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from web.fetch import actor_of
from web.reviews import compare


@require_GET
def questionnaire_compare(request: HttpRequest) -> HttpResponse:
    """Two to six vendors per question."""
    context = compare.context(actor_of(request), request.GET)
    return render(request, "web/reviews/compare.html", context, status=422 if context["form"].errors else 200)
