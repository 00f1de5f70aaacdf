"""The register's models, with what was last found about each."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.permissions import allowed
from web import queries
from web.fetch import actor_of


@require_GET
def model_list(request: HttpRequest) -> HttpResponse:
    """All model versions the actor may know of, 50 a page."""
    actor = actor_of(request)
    page = queries.version_page(actor, request.GET.get("page"))
    return render(request, "web/model_list.html", {"page": page, "may_run": allowed(actor, "run.start"), "nav": "models"})
