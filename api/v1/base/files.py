"""Answers that are files: always an attachment, never to be shown in place."""

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from api.v1.base.etag import not_modified
from evidence.models import Artifact
from evidence.storage import blobs


def file_sent(request: Request, artifact: Artifact, media_type: str, name: str = "") -> HttpResponseBase:
    """The bytes of ``artifact``, checked against their digest, which is also their tag; nothing is opened for a caller who has them."""
    etag = f'"{artifact.sha256}"'
    if (answer := not_modified(request, etag)) is not None:
        return answer
    filename = name or artifact.name.rpartition("/")[2]
    headers = {"ETag": etag, "X-Content-Type-Options": "nosniff"}
    return FileResponse(blobs().open(artifact.sha256), as_attachment=True, filename=filename, content_type=media_type, headers=headers)


def document(data: bytes, media_type: str) -> HttpResponse:
    """A document exactly as it was signed."""
    return HttpResponse(data, content_type=media_type)
