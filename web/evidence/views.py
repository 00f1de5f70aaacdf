"""Artifacts: the list, one with everything that vouches for it, its bytes, and what a browser needs to check it."""

import json
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from evidence.keys import installed
from evidence.proofs import bundle_read
from evidence.storage import blobs
from web.evidence import page, queries
from web.evidence.filters import ArtifactFilter
from web.evidence.tables import ArtifactTable
from web.fetch import actor_of
from web.lists.listing import Action, Empty, Listing, list_response

ARTIFACTS = Listing(
    slug="artifacts",
    title="Evidence",
    lead="Immutable files, each named by its SHA-256 and vouched for by a signed statement in the log.",
    table=ArtifactTable,
    filterset=ArtifactFilter,
    empty=Empty("No evidence is recorded yet", "Evidence appears here by itself when the first run ends. Seal a plan and start a run."),
    nav="evidence",
)


@require_GET
def artifact_list(request: HttpRequest) -> HttpResponse:
    """All artifacts the actor may know of."""
    names = (("Log", "log-list"), ("Review queue", "evidence-link-list"), ("Cases", "case-list"))
    actions = tuple(Action(label, reverse(f"web:{name}")) for label, name in names)
    return list_response(request, ARTIFACTS, queries.artifacts(actor_of(request)), actions)


@require_GET
def artifact_detail(request: HttpRequest, artifact_id: UUID) -> HttpResponse:
    """One artifact: facts, statement, log entry, links, where it is used."""
    actor = actor_of(request)
    return render(request, "web/evidence/artifact.html", page.artifact_context(actor, queries.artifact_for(actor, artifact_id)))


@require_GET
def artifact_bytes(request: HttpRequest, artifact_id: UUID) -> FileResponse:
    """The bytes, hashed again on the way out; never shown in place, whatever they are."""
    artifact = queries.artifact_for(actor_of(request), artifact_id)
    answer = FileResponse(blobs().open(artifact.sha256), as_attachment=True, filename=artifact.name.replace("/", "."), content_type="application/octet-stream")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@require_GET
def artifact_proof(request: HttpRequest, artifact_id: UUID) -> JsonResponse:
    """The artifact's bundle (statement, log entry, path, checkpoint) and this installation's public keys."""
    artifact = queries.artifact_for(actor_of(request), artifact_id)
    return JsonResponse(
        {
            "artifact": {"name": artifact.name, "sha256": artifact.sha256, "size": artifact.size},
            "bundle": json.loads(bundle_read(artifact.attestation)),
            "trustedRoot": json.loads(installed().trusted_root_bytes),
        }
    )
