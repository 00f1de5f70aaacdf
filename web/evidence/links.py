"""The review queue: evidence that is said to speak to a requirement, decided by a person."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import require
from evidence.services import link_review
from web import words
from web.evidence import queries
from web.evidence.filters import LinkFilter
from web.evidence.forms import LinkReviewForm
from web.evidence.tables import LinkTable
from web.fetch import actor_of
from web.forms import service_errors
from web.lists.listing import Action, Empty, Listing, list_response

LINKS = Listing(
    slug="evidence-links",
    title="Evidence for requirements",
    lead="Instruments propose which requirement a result speaks to. It counts only after a person accepted it, with a reason.",
    pretitle="Evidence",
    table=LinkTable,
    filterset=LinkFilter,
    empty=Empty("Nothing is proposed yet", "Instruments propose links when their runs end and a catalogue of requirements is loaded."),
    nav="evidence",
)


@require_GET
def evidence_link_list(request: HttpRequest) -> HttpResponse:
    """Links to requirements, those that waited longest first."""
    actions = (Action("Coverage", reverse("web:coverage")),)
    return list_response(request, LINKS, queries.links(actor_of(request)), actions)


@require_http_methods(["GET", "POST"])
def evidence_link_review(request: HttpRequest, link_id: UUID) -> HttpResponse:
    """Accept or decline one link; decided once, signed and logged."""
    actor = actor_of(request)
    link = queries.link_for(actor, link_id)
    require(actor, "evidence.review", link.artifact.attestation)
    form = LinkReviewForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        with service_errors(form):
            link_review(actor=actor, link=link, accept=data["decision"] == "accept", rationale=data["rationale"], valid_until=data["valid_until"])
            messages.success(request, f"{link.requirement.ref}: {'accepted' if data['decision'] == 'accept' else 'declined'}, signed and logged.")
            return redirect(reverse("web:evidence-link-list") + "?status=proposed")
    context = {"link": link, "form": form, "glossary": words.glossary("Tier", "Capped verdict"), "nav": "evidence"}
    return render(request, "web/evidence/link.html", context, status=422 if form.errors else 200)
