"""Questionnaires of customers in the browser: taken in, answered with what was said before at hand, approved by a colleague, exported."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from core import clock
from evidence.models import EvidenceLink, LedgerEntry
from evidence.services import link_review
from frameworks.models import Requirement
from questionnaires.inbound import answers_digest
from questionnaires.inbound_file import LARGEST
from questionnaires.models import Answer, QuestionnaireRequest, RequestState
from questionnaires.services.inbound import inbound_answer, inbound_approve
from tests import factories
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db
NEW = reverse("web:inbound-create")
CSV = b"No.;Question\n1;Do you encrypt backups?\n2;How is faithfulness tested?\n"


def sent(browser: Client, raw: bytes = CSV, **fields: Any) -> Any:
    data = {"customer": "Example Bank", "due_on": clock.now().date().isoformat(), "file": SimpleUploadedFile("asked.csv", raw), **fields}
    return browser.post(NEW, data, follow=True)


def to(name: str, row: QuestionnaireRequest, *more: str) -> str:
    return reverse(f"web:inbound-{name}", args=[row.pk, *more])


@pytest.fixture
def row(admin: User) -> QuestionnaireRequest:
    return QuestionnaireRequest.objects.get(pk=rows.inbound_values(admin)["inbound_id"])


@pytest.fixture
def colleague(admin: User) -> User:
    return factories.user(Role.GOVERNANCE, of=factories.home(admin))


def test_empty_list_says_the_next_step_and_a_file_is_taken_in(admin_client: Client) -> None:
    assert "No customer asked yet" in admin_client.get(reverse("web:inbound-list")).content.decode()
    assert reverse("web:inbound-list") in admin_client.get(reverse("web:questionnaire-list")).content.decode()
    page = sent(admin_client).content.decode()
    assert "0 of 2 answered" in page
    assert "How is faithfulness tested?" in page
    shown = admin_client.get(reverse("web:inbound-list")).content.decode()
    assert "Example Bank" in shown
    assert "Being answered" in shown


@pytest.mark.parametrize(
    ("raw", "fields", "told"),
    [
        (b"a,b\n1,2\n", {}, "Name the column that holds the questions"),
        (b"", {}, "The file is empty"),
        (b"x" * (LARGEST + 1), {}, "The file is larger than 2 MiB"),
        (CSV, {"customer": ""}, "This field is required"),
        (CSV, {"due_on": "2020-01-01"}, "Choose today or a later day"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_kept(admin_client: Client, raw: bytes, fields: dict[str, str], told: str) -> None:
    answer = sent(admin_client, raw, **fields)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not QuestionnaireRequest.objects.exists()


def test_an_answer_is_written_with_what_was_said_before_and_a_file_at_hand(admin: User, admin_client: Client, row: QuestionnaireRequest) -> None:
    before = Answer.objects.get(request=rows.reviewed(admin, {"method": "Two probes."}), question="method")
    factories.catalogue(admin)
    file = rows.artifact(admin, name="Faithfulness tested.pdf")
    fields = {"evidence_kind": "test", "rationale": "It is asked for.", "tier": "observed"}
    link = EvidenceLink.objects.create(artifact=file, requirement=Requirement.objects.all()[0], **fields)
    link_review(actor=admin, link=link, accept=True, rationale="It fits.")
    address = to("question", row, "q002")
    page = admin_client.get(address).content.decode()
    assert "Two probes." in page
    assert "accepted as its word, not ours" in page
    taken = admin_client.get(address, {"take": str(before.pk), "cite": file.sha256}).context["form"].initial
    assert taken == {"value": "Two probes.", "citations": file.sha256, "seen": 0}
    done = admin_client.post(address, {"value": "Two probes.", "citations": file.sha256, "seen": 0}, follow=True).content.decode()
    assert "1 of 2 answered" in done
    assert file.name in done
    stale = admin_client.post(address, {"value": "Three.", "citations": "", "seen": 0})
    assert "changed in the meantime" in stale.content.decode()
    wrong = admin_client.post(address, {"value": "Three.", "citations": "abc", "seen": 1})
    assert wrong.status_code == 422
    assert "holds no file" in wrong.content.decode()
    assert Answer.objects.get(request=row).value == "Two probes."


def test_nothing_of_strangers_is_taken_over_by_its_key(admin: User, admin_client: Client, row: QuestionnaireRequest) -> None:
    stranger = factories.user()
    theirs = Answer.objects.get(request=rows.reviewed(stranger, {"method": "Secret of strangers."}), question="method")
    file = rows.artifact(stranger)
    found = admin_client.get(to("question", row, "q002"), {"take": str(theirs.pk), "cite": file.sha256})
    assert found.context["form"].initial == {"value": "", "citations": "", "seen": 0}
    assert "Secret" not in found.content.decode()


def test_a_colleague_approves_before_anything_goes_out(admin: User, admin_client: Client, client: Client, colleague: User, row: QuestionnaireRequest) -> None:
    for key in ("q001", "q002"):
        admin_client.post(to("question", row, key), {"value": "Yes.", "citations": "", "seen": 0})
    assert admin_client.post(to("export", row), {"form": "csv"}).status_code == 409
    seen = {"seen": answers_digest(row)}
    assert admin_client.post(to("approve", row), seen).status_code == 403
    client.force_login(colleague)
    assert seen["seen"] in client.get(to("approve", row)).content.decode()
    assert "Export XLSX" in client.post(to("approve", row), seen, follow=True).content.decode()
    file = admin_client.post(to("export", row), {"form": "csv"})
    assert file.headers["Content-Disposition"].endswith('.csv"')
    assert b"Do you encrypt backups?,Yes." in file.content
    assert LedgerEntry.objects.filter(action="questionnaires.inbound.exported").count() == 1
    assert admin_client.post(to("export", row), {"form": "exe"}).status_code == 422
    admin_client.post(to("reopen", row), {"reason": "A typing error."})
    row.refresh_from_db()
    assert row.state == RequestState.OPENED


def test_what_changed_since_it_was_looked_at_is_not_approved(client: Client, admin: User, colleague: User, row: QuestionnaireRequest) -> None:
    for key in ("q001", "q002"):
        inbound_answer(actor=admin, request=row, question=key, raw="Yes.")
    client.force_login(colleague)
    answer = client.post(to("approve", row), {"seen": "0" * 64})
    assert "changed since you looked" in answer.content.decode()
    row.refresh_from_db()
    assert row.state == RequestState.OPENED


def test_auditor_reads_and_strangers_find_nothing(admin: User, client: Client, row: QuestionnaireRequest) -> None:
    client.force_login(factories.user(Role.AUDITOR, of=factories.home(admin)))
    page = client.get(to("detail", row)).content.decode()
    assert to("question", row, "q001") not in page
    assert client.get(to("question", row, "q001")).status_code == 403
    client.force_login(factories.user())
    assert [client.get(to(name, row)).status_code for name in ("detail", "approve", "reopen")] == [404, 404, 404]
    assert "Example Bank" not in client.get(reverse("web:inbound-list")).content.decode()


def test_a_request_to_a_vendor_has_no_page_here(admin: User, admin_client: Client) -> None:
    assert admin_client.get(to("detail", rows.request(admin))).status_code == 404


def test_what_people_typed_is_escaped(admin: User, admin_client: Client, row: QuestionnaireRequest) -> None:
    inbound_answer(actor=admin, request=row, question="q001", raw="<script>alert(1)</script>")
    assert "<script>alert" not in admin_client.get(to("detail", row)).content.decode()


@pytest.mark.parametrize("many", [1, 9])
def test_queries_do_not_grow(admin: User, colleague: User, admin_client: Client, many: int, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    asked = [QuestionnaireRequest.objects.get(pk=_asked(admin, place)) for place in range(many)]
    for row in asked:
        inbound_answer(actor=admin, request=row, question="q001", raw="Yes.", citations=[rows.artifact(admin).sha256])
        inbound_approve(actor=colleague, request=row, seen=answers_digest(row))
    last = QuestionnaireRequest.objects.get(pk=_asked(admin, 99))
    for address, most in ((reverse("web:inbound-list"), 20), (to("detail", last), 20), (to("question", last, "q001"), 24)):
        admin_client.get(address)
        with django_assert_max_num_queries(most):
            assert admin_client.get(address).status_code == 200


def _asked(admin: User, place: int) -> Any:
    page = Client()
    page.force_login(admin)
    sent(page, f"Question\nDo you encrypt backups {place}?\n".encode())
    return QuestionnaireRequest.objects.order_by("-created_at")[0].pk
