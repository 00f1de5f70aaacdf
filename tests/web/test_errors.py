"""The errors services may raise, each answered once with a status, its reason and a way back."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from assessments.contracts import Refused
from assessments.models import Finding, Run
from core.errors import AssayError, Conflict, IntegrityFailed, InvalidInput, InvalidState, NotAllowed, NotFound, StorageFailed
from evidence.storage import key_of
from inventory.models import Vendor
from web.middleware import ANSWERS, ErrorMiddleware

pytestmark = pytest.mark.django_db


def answer_to(error: Exception) -> HttpResponse | None:
    return ErrorMiddleware(lambda request: HttpResponse()).process_exception(RequestFactory().get("/"), error)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotAllowed("Your roles do not include “run.start”."), 403),
        (NotFound("There is no such run."), 404),
        (InvalidState("Run 1 is done already."), 409),
        (Conflict("The plan changed."), 409),
        (Refused("weights.bin is a pickle file."), 422),
        (StorageFailed("No room left."), 507),
        (IntegrityFailed("The bytes changed."), 500),
        (AssayError("Something else."), 500),
    ],
)
def test_expected_error_becomes_its_status_and_says_why(error: AssayError, status: int) -> None:
    answer = answer_to(error)
    assert answer is not None
    assert answer.status_code == status
    assert str(error) in answer.content.decode()
    assert "Back to the first page" in answer.content.decode()


def test_wrong_input_names_field_and_fix() -> None:
    answer = answer_to(InvalidInput("rationale", "say in one sentence why"))
    assert answer is not None
    assert answer.status_code == 422
    assert "<strong>rationale</strong>: say in one sentence why" in answer.content.decode()


def test_error_text_is_escaped() -> None:
    answer = answer_to(NotFound("<script>alert(1)</script>"))
    assert answer is not None
    assert "<script>alert" not in answer.content.decode()


def test_unexpected_error_is_left_to_the_server() -> None:
    assert answer_to(ValueError("a fault of ours")) is None


def test_every_expected_error_has_its_own_answer() -> None:
    def family(kind: type[AssayError]) -> set[type[AssayError]]:
        return {kind}.union(*(family(child) for child in kind.__subclasses__()))

    assert {kind for kind in family(AssayError) if kind.__module__ in {"core.errors", "assessments.contracts"}} == set(ANSWERS)


def test_unknown_address_gives_a_calm_page(admin_client: Client) -> None:
    answer = admin_client.get("/no/such/page/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


def test_fault_of_ours_gives_a_page_without_details(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(request: HttpRequest, *_: object) -> HttpResponse:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("web.home.views.render", broken)
    admin_client.raise_request_exception = False
    answer = admin_client.get("/")
    assert answer.status_code == 500
    assert "Something failed on our side" in answer.content.decode()
    assert "secret detail" not in answer.content.decode()


def test_form_without_its_token_is_refused_calmly(admin_client: Client, run: Run) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = admin_client.cookies
    for name in ("run-retry", "run-cancel", "report-build"):
        answer = strict.post(reverse(f"web:{name}", args=[run.id]))
        assert answer.status_code == 403
        assert "The form was not accepted" in answer.content.decode()


def test_changed_file_is_not_handed_out(admin_client: Client, finding: Finding, installation: object) -> None:
    artifact = finding.result_artifact
    path = installation / "artifacts" / key_of(artifact.sha256)  # type: ignore[operator]
    path.chmod(0o644)
    path.write_bytes(b"forged")
    answer = admin_client.get(reverse("web:artifact-download", args=[finding.id, artifact.id]))
    assert answer.status_code == 500
    assert "was changed in the store" in answer.content.decode()


@pytest.mark.parametrize("address", ["/vendors/?name=%00", "/vendors/?page=%00", "/vendors/?%00=1", "/frameworks/a%00b/", "/account/login/?next=%00"])
def test_nul_in_an_address_is_refused_before_any_page_reads_it(admin_client: Client, address: str) -> None:
    answer = admin_client.get(address)
    assert answer.status_code == 422
    assert "NUL character" in answer.content.decode()


def test_nul_in_a_form_is_refused_and_names_its_field(admin_client: Client) -> None:
    answer = admin_client.post(reverse("web:vendor-create"), {"name": "A\x00B", "access": "text"})
    assert answer.status_code == 422
    assert "<strong>name</strong>" in answer.content.decode()
    assert not Vendor.objects.filter(name__startswith="A").exists()
