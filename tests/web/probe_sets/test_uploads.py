"""The limit on uploads: what is too large is left out, and nothing else of the form is."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from web.uploads import Limited

LIMIT = 100_000


@pytest.mark.parametrize(("size", "kept"), [(LIMIT, True), (LIMIT + 1, False), (40 * LIMIT, False)])
def test_fields_around_a_file_are_kept_whatever_its_size(size: int, kept: bool) -> None:
    sent = {"before": "one", "file": SimpleUploadedFile("a.txt", b"x" * size), "after": "two"}
    request = RequestFactory().post("/", sent)
    limit = Limited(LIMIT)
    request.upload_handlers.insert(0, limit)
    assert request.POST.dict() == {"before": "one", "after": "two"}
    assert ("file" in request.FILES, limit.exceeded) == (kept, not kept)


def test_several_files_share_one_limit() -> None:
    files = {name: SimpleUploadedFile(f"{name}.txt", b"x" * 60_000) for name in ("a", "b")}
    request = RequestFactory().post("/", {**files, "after": "two"})
    limit = Limited(LIMIT)
    request.upload_handlers.insert(0, limit)
    assert (list(request.FILES), request.POST["after"], limit.exceeded) == (["a"], "two", True)
