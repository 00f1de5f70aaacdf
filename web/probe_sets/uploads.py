"""A limit on what an upload may write to this machine's memory and disk: what is too large is read past, not kept."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile


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
