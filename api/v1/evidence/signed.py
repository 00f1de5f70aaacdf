"""Signed pages over the API: the file and the log entry of a report, a pack or a draft, once they are made."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from accounts.models import User
from api.v1.base.authentication import actor_of
from api.v1.base.files import document, file_sent
from api.v1.base.filters import parameters_check
from api.v1.base.views import ApiView
from api.v1.evidence.serializers import Document
from core.errors import InvalidState, NotFound
from evidence.bundle import MEDIA_TYPE as BUNDLE
from evidence.proofs import bundle_read


class SignedView(ApiView):
    """An address below a signed page. ``model`` holds the pages, ``file`` is the field of the artifact that is sent."""

    model: ClassVar[Any]
    file: ClassVar[str] = "pdf"

    def made(self, request: Request, key: UUID) -> Any:
        """The page ``key`` whose file and log entry are there; ``NotFound`` or ``InvalidState`` in words."""
        parameters_check(request, ())
        row = self.row(actor_of(request), key)
        if getattr(row, self.file) is None or row.entry is None:
            raise InvalidState(f"{row.reference} is {row.get_state_display().lower()}; there is no file yet.")
        return row

    def row(self, actor: User, key: UUID) -> Any:
        """The page as far as it is made."""
        row = self.model.objects.visible_to(actor).select_related(self.file, "entry__attestation__entry").filter(pk=key).first()
        if row is None:
            raise NotFound(f"There is no such {self.noun} in your register.")
        return row


class PdfView(SignedView):
    """The PDF of a signed page."""

    media_types = ("application/pdf",)

    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        """The signed PDF, hashed again on the way out; its SHA-256 is the ETag."""
        row = self.made(request, id)
        return file_sent(request, getattr(row, self.file), "application/pdf", f"{row.reference}.pdf")


class ProofView(SignedView):
    """The log entry of a signed page."""

    out = Document
    media_types = (BUNDLE,)

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """Its signed statement with the proof: what ``assay verify`` wants beside the PDF."""
        return document(bundle_read(self.made(request, id).entry.attestation), BUNDLE)
