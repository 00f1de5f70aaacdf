"""Bodies that are too large are refused by what they announce, before a byte is read; pages that take files have limits of their own."""

import pytest
from django.test import Client, RequestFactory

from config.middleware import BodyMiddleware

pytestmark = pytest.mark.django_db
TWO_GB = 2 * 1024**3


@pytest.mark.parametrize("address", ["/account/login/", "/vendors/new/", "/search/"])
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/octet-stream"])
def test_form_of_two_gigabytes_is_refused_unread(admin_client: Client, address: str, kind: str) -> None:
    for client in (Client(), admin_client):
        answer = client.generic("POST", address, b"x", content_type=kind, CONTENT_LENGTH=str(TWO_GB))
        assert answer.status_code == 413
        assert "no more than 4 MB" in answer.content.decode()


def test_page_that_takes_files_sees_its_body() -> None:
    def upload() -> None:
        """Stands for a view."""

    request = RequestFactory().post("/", CONTENT_LENGTH=str(TWO_GB))
    guard = BodyMiddleware(lambda _: None)  # type: ignore[arg-type,return-value]
    assert guard.process_view(request, upload, (), {}) is not None
    upload.csrf_exempt = True  # type: ignore[attr-defined]
    assert guard.process_view(request, upload, (), {}) is None


@pytest.mark.parametrize("length", ["", "0", str(BodyMiddleware.MOST)])
def test_ordinary_forms_pass(length: str) -> None:
    request = RequestFactory().post("/", CONTENT_LENGTH=length)
    assert BodyMiddleware(lambda _: None).process_view(request, test_ordinary_forms_pass, (), {}) is None  # type: ignore[arg-type,return-value]
