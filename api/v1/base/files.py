"""Answers that are files: always an attachment, never to be shown in place."""

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from api.v1.base.etag import not_modified
from evidence.models import Artifact
from evidence.storage import blobs


def file_sent(request: Request, artifact: Artifact, media_type: str, name: str = "") -> HttpResponseBase:
    """The bytes of ``artifact``, checked against their digest, which is also their tag; nothing is opened for a caller who has them."""
    return blob_sent(request, artifact.sha256, media_type, name or artifact.name.rpartition("/")[2])


def blob_sent(request: Request, sha256: str, media_type: str, name: str) -> HttpResponseBase:
    """The bytes in the store under ``sha256``, with the same habits."""
    etag = f'"{sha256}"'
    if (answer := not_modified(request, etag)) is not None:
        return answer
    headers = {"ETag": etag, "X-Content-Type-Options": "nosniff"}
    return FileResponse(blobs().open(sha256), as_attachment=True, filename=name, content_type=media_type, headers=headers)


def document(data: bytes, media_type: str) -> HttpResponse:
    """A document exactly as it was signed."""
    return HttpResponse(data, content_type=media_type)
