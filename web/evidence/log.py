"""The log: its entries, one with its proof, and the signed head."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from evidence.keys import installed
from evidence.proofs import bundle_read, newest_checkpoint
from web import words
from web.evidence import page, queries
from web.evidence.filters import EntryFilter
from web.evidence.tables import EntryTable
from web.fetch import actor_of
from web.lists.listing import Action, Empty, Listing, list_response

LOG = Listing(
    slug="log",
    title="Log",
    lead="Every change, in the order in which it was entered. Entries of other organisations are not listed; their places are, so the numbers may skip.",
    pretitle="Evidence",
    table=EntryTable,
    filterset=EntryFilter,
    empty=Empty("Nothing of your organisation is in the log yet", "The first change to your register becomes the first entry."),
    nav="evidence",
)


@require_GET
def log_list(request: HttpRequest) -> HttpResponse:
    """Log entries, newest first."""
    actions = (Action("Artifacts", reverse("web:artifact-list")), Action("Checkpoint", reverse("web:log-checkpoint")))
    return list_response(request, LOG, queries.entries(actor_of(request)), actions)


@require_GET
def entry_detail(request: HttpRequest, index: int) -> HttpResponse:
    """One entry with its statement, its place in the tree and what was checked."""
    actor = actor_of(request)
    return render(request, "web/evidence/entry.html", page.entry_context(actor, queries.entry_for(actor, index)))


@require_GET
def entry_bundle(request: HttpRequest, index: int) -> HttpResponse:
    """The entry's Sigstore bundle, for any verifier."""
    entry = queries.entry_for(actor_of(request), index)
    headers = {"Content-Disposition": f'attachment; filename="statement-{entry.index}.sigstore.json"'}
    return HttpResponse(bundle_read(entry.attestation), content_type="application/json", headers=headers)


@require_GET
def log_checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest signed head with how to check it; ``raw`` gives the note alone."""
    head = newest_checkpoint()
    if "raw" in request.GET:
        return HttpResponse(head.note, content_type="text/plain; charset=utf-8", headers={"Content-Disposition": 'attachment; filename="checkpoint.txt"'})
    context = {"head": head, "key": str(installed().log_key), "origin": installed().origin, "glossary": words.glossary("Log", "Checkpoint"), "nav": "evidence"}
    return render(request, "web/evidence/checkpoint.html", context)
