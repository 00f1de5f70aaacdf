"""A limit on what an upload may write to this machine's memory and disk: what is too large is read past, not kept."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect


class Limited(FileUploadHandler):
    """First of a request's upload handlers; after ``limit`` bytes no later one sees any more, and ``exceeded`` is true."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit, self.seen, self.exceeded = limit, 0, False

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Pass a chunk on, or leave the file out."""
        self.seen += len(raw_data)
        if self.seen > self.limit:
            self.exceeded = True
            # The rest of the file is read and thrown away; what was typed into the fields behind it is kept.
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> Any:
        """The handlers behind this one make the file."""
        return None


def limited(largest: int) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Give a view with a file the argument ``limit``. It stands before the form is read, and the check against forgery reads the form: so that comes second."""

    def wrap(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        checked = csrf_protect(view)

        @csrf_exempt
        @wraps(view)
        def first(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            limit = Limited(largest)
            request.upload_handlers.insert(0, limit)
            return checked(request, *args, limit=limit, **kwargs)

        return first

    return wrap
