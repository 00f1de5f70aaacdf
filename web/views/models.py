"""The register's models, with what was last found about each."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.permissions import allowed
from web import queries
from web.fetch import actor_of

TERMS = {
    "Access": "What the vendor grants, from most to least: weights, activations, logits, text only. It decides which instruments can be used.",
    "Reading": "What the data of one run say when taken alone. The verdict may be no higher than the instrument's calibration record allows.",
    "Weights": "The SHA-256 of the list of weight files and their digests. Two versions with the same digest are the same bytes.",
}


@require_GET
def model_list(request: HttpRequest) -> HttpResponse:
    """All model versions the actor may know of, 50 a page."""
    actor = actor_of(request)
    page, rows = queries.version_page(actor, request.GET.get("page"))
    context = {"page": page, "rows": rows, "may_run": allowed(actor, "run.start"), "glossary": TERMS, "nav": "models"}
    return render(request, "web/model_list.html", context)
