"""Calls about artifacts, links and the log."""

from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from api.v1.base.authentication import actor_of
from api.v1.base.files import document, file_sent
from api.v1.base.filters import parameters_check
from api.v1.base.rendering import answer
from api.v1.base.views import ApiView, DetailView, ListView
from api.v1.evidence.filters import ArtifactFilter, EntryFilter, LinkFilter
from api.v1.evidence.serializers import ArtifactRow, CheckpointRow, Document, EntryRow, LinkRow
from core.errors import NotFound
from evidence.bundle import MEDIA_TYPE as BUNDLE
from evidence.keys import installed
from evidence.models import Artifact, Checkpoint, LedgerEntry
from evidence.proofs import bundle_read
from evidence.trust import MEDIA_TYPE as TRUSTED_ROOT


class ArtifactDetail(DetailView):
    """One artifact: what is known of its bytes."""

    out, noun = ArtifactRow, "artifact"


class ArtifactList(ListView):
    """Artifacts: every file that evidence consists of."""

    out, noun = ArtifactRow, "artifact"
    filters, orderings = ArtifactFilter, ("-created_at", "title")


class ArtifactContent(ApiView):
    """The bytes of an artifact."""

    out, noun, media_types = ArtifactRow, "artifact", ("application/octet-stream",)

    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        """The bytes, hashed again on the way out; their SHA-256 is the ETag."""
        parameters_check(request, ())
        return file_sent(request, _artifact(request, id), "application/octet-stream")


class ArtifactProof(ApiView):
    """The proof of an artifact."""

    out = Document
    noun, media_types = "artifact", (BUNDLE,)

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The signed statement that names its digest, its place in the log and the signed head: a Sigstore bundle."""
        parameters_check(request, ())
        return document(bundle_read(_artifact(request, id).attestation), BUNDLE)


class LinkDetail(DetailView):
    """One link from an artifact to a requirement."""

    out, noun = LinkRow, "link"


class LinkList(ListView):
    """Links from artifacts to requirements; people accept or decline them on the pages."""

    out, noun = LinkRow, "link"
    filters, orderings = LinkFilter, ("-created_at",)


class EntryList(ListView):
    """The log, newest first."""

    out, noun = EntryRow, "log entry"
    filters, orderings = EntryFilter, ("-index",)


class EntryDetail(ApiView):
    """One line of the log."""

    out, noun = EntryRow, "log entry"

    def get(self, request: Request, index: int) -> HttpResponse:
        """The entry."""
        parameters_check(request, ())
        return answer(self.shown(actor_of(request), index))


class EntryProof(ApiView):
    """The proof of a log entry."""

    out = Document
    noun, media_types = "log entry", (BUNDLE,)

    def get(self, request: Request, index: int) -> HttpResponse:
        """The signed statement, its inclusion proof and the signed head: a Sigstore bundle."""
        parameters_check(request, ())
        entry = LedgerEntry.objects.visible_to(actor_of(request)).select_related("attestation").filter(pk=index).first()
        if entry is None:
            raise NotFound("There is no such log entry in your register.")
        return document(bundle_read(entry.attestation), BUNDLE)


class NewestCheckpoint(ApiView):
    """The head of the log."""

    out = CheckpointRow
    noun = "checkpoint"

    def get(self, request: Request) -> HttpResponse:
        """The newest signed head. Keep it: whoever holds an old one notices a log that was rewritten."""
        parameters_check(request, ())
        head = Checkpoint.objects.order_by("-tree_size").first()
        if head is None:
            raise NotFound("The log is empty.")
        return answer({"origin": head.note.partition("\n")[0], "tree_size": head.tree_size, "root": head.root, "note": head.note, "at": head.at})


class Keys(ApiView):
    """The public keys of this installation."""

    out = Document
    noun, media_types = "keys", (TRUSTED_ROOT,)

    def get(self, request: Request) -> HttpResponse:
        """The trusted root. Compare its fingerprints with those you were given on another way before you rely on it."""
        parameters_check(request, ())
        return document(installed().trusted_root_bytes, TRUSTED_ROOT)


def _artifact(request: Request, key: UUID) -> Artifact:
    row = Artifact.objects.visible_to(actor_of(request)).select_related("attestation__entry").filter(pk=key).first()
    if row is None:
        raise NotFound("There is no such artifact in your register.")
    return row
