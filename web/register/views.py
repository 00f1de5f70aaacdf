"""The register of AI systems: one row per system."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.permissions import allowed
from web.fetch import actor_of
from web.lists.listing import Action, Empty, Listing, list_response
from web.register.filters import RegisterFilter
from web.register.queries import register_rows
from web.register.tables import RegisterTable

LEAD = "One row per system, as the record stands now. Whether the record still says what was approved stands on the page of each decision."
FIRST = "Register each use of AI with its purpose, role and risk class; the rest of its row follows from the record."


@require_GET
def register(request: HttpRequest) -> HttpResponse:
    """All systems the actor may know of, with what is at work, open and decided."""
    actor = actor_of(request)
    first = Action("Register a system", reverse("web:system-create"), primary=True) if allowed(actor, "inventory.write") else None
    empty = Empty("No AI system is registered yet", FIRST, first)
    listing = Listing("register", "Register of systems", LEAD, RegisterTable, RegisterFilter, empty, "Systems", "systems", counted=True)
    return list_response(request, listing, register_rows(actor), actions=(Action("The board's page", reverse("web:board")),))
