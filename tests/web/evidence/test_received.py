"""Vendors' keys and cases in the browser: pinned, taken in, refused in words, marked wherever they are shown."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from assessments.models import Finding, Plan, ReceivedCase, VendorKey
from core.hashing import sha256_bytes
from inventory.models import ModelVersion
from inventory.services import version_declare
from tests import factories
from tests.assessments import received as two
from tests.tiny_models import build_tiny

pytestmark = pytest.mark.django_db
IMPORT = reverse("web:case-import")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny(tmp_path_factory.mktemp("sold"), "llama")


@pytest.fixture
def plan(admin: User, model: Path) -> Plan:
    return two.our_plan(admin, model)


def upload(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_whole_way_in_the_browser(admin: User, admin_client: Client, plan: Plan, settings: Any, model: Path, tmp_path: Path) -> None:
    vendor, folder = plan.version.model.vendor, two.vendor_keys(tmp_path)
    answer = admin_client.post(reverse("web:plan-hand-over", args=[plan.pk]))
    assert "attachment" in answer.headers["Content-Disposition"]
    with two.elsewhere(settings, folder):
        data = two.case_of(two.vendor_run(answer.content, model), tmp_path)
    sent = {"vendor": str(vendor.pk), "file": upload("case.zip", data)}
    refused = admin_client.post(IMPORT, sent)
    assert refused.status_code == 422
    assert "The case is refused" in text(refused)
    assert "is not known" in text(refused)

    root = (folder / "trusted_root.json").read_bytes()
    wish = {"file": upload("trusted_root.json", root), "fingerprint": sha256_bytes(root), "compared": "paper"}
    assert admin_client.post(reverse("web:vendor-key-pin", args=[vendor.pk]), wish).status_code == 302
    answer = admin_client.post(IMPORT, {**sent, "file": upload("case.zip", data)})
    case = ReceivedCase.objects.get()
    assert answer.headers["Location"] == reverse("web:received-case", args=[case.pk])
    page = text(admin_client.get(answer.headers["Location"]))
    assert "Who attests what" in page
    assert page.count("tag-approved") == 10
    assert "with limits" in page

    finding = Finding.objects.get()
    for address in (
        reverse("web:finding-detail", args=[finding.pk]),
        reverse("web:run-detail", args=[case.run.pk]),
        reverse("web:version-detail", args=[plan.version_id]),
        reverse("web:version-assessments", args=[plan.version_id]),
    ):
        assert "run by vendor" in text(admin_client.get(address)), address
    assert "not repeated by us" in text(admin_client.get(reverse("web:finding-detail", args=[finding.pk])))
    assert "Assessments that the vendor runs" in text(admin_client.get(reverse("web:vendor-detail", args=[vendor.pk])))


@pytest.fixture
def case(admin: User) -> ReceivedCase:
    version = factories.version(admin)
    return factories.received_case(admin, version, factories.vendor_key(admin, version.model.vendor))


def test_a_wrong_fingerprint_pins_nothing(admin: User, admin_client: Client, settings: Any) -> None:
    root = (settings.ASSAY_KEYS_DIR / "trusted_root.json").read_bytes()
    wish = {"file": upload("trusted_root.json", root), "fingerprint": "00" * 32, "compared": "paper"}
    answer = admin_client.post(reverse("web:vendor-key-pin", args=[factories.vendor(admin).pk]), wish)
    assert answer.status_code == 422
    assert "not the fingerprint of the file" in text(answer)
    assert not VendorKey.objects.exists()


def test_a_withdrawn_key_is_marked_on_what_it_attested(admin: User, admin_client: Client, case: ReceivedCase) -> None:
    address = reverse("web:vendor-key-withdraw", args=[case.key_id])
    assert admin_client.post(address, {"reason": ""}).status_code == 422
    assert admin_client.post(address, {"reason": "Lost on a laptop."}).status_code == 302
    assert "Withdrawn" in text(admin_client.get(reverse("web:received-case", args=[case.pk])))
    assert "withdrawn" in text(admin_client.get(reverse("web:finding-detail", args=[Finding.objects.get().pk])))
    assert admin_client.post(address, {"reason": "Again."}).status_code == 409


def test_a_file_that_is_no_case_is_refused_with_every_check_listed(admin: User, admin_client: Client) -> None:
    answer = admin_client.post(IMPORT, {"vendor": str(factories.vendor(admin).pk), "file": upload("case.zip", b"hello")})
    assert answer.status_code == 422
    assert text(answer).count("not looked at") == 10
    assert not ReceivedCase.objects.exists()


def test_nobody_sees_or_takes_in_what_belongs_to_others(admin: User, stranger: Client, as_role: Callable[[str], Client], case: ReceivedCase) -> None:
    assert stranger.get(reverse("web:received-case", args=[case.pk])).status_code == 404
    assert stranger.get(reverse("web:vendor-key-withdraw", args=[case.key_id])).status_code == 404
    assert case.vendor.name not in text(stranger.get(IMPORT))
    assert as_role(Role.AUDITOR).get(reverse("web:received-case", args=[case.pk])).status_code == 200
    assert as_role(Role.AUDITOR).get(IMPORT).status_code == 403
    assert as_role(Role.ASSESSOR).get(reverse("web:vendor-key-pin", args=[case.vendor_id])).status_code == 403


def test_an_upload_asks_for_the_token_of_the_form(admin: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin)
    assert browser.post(IMPORT, {}).status_code == 403


def test_a_version_without_weights_says_what_it_cannot_be_asked(admin: User, admin_client: Client) -> None:
    model = factories.model(admin)
    address = reverse("web:version-declare", args=[model.pk])
    wish = {"label": "2026-11", "source": "endpoint", "access": "text", "locator": "https://api.example.com/v1#m"}
    assert admin_client.post(address, {**wish, "locator": "https://user:pw@api.example.com/v1#m"}).status_code == 422
    assert admin_client.post(address, {**wish, "access": "activations"}).status_code == 422
    assert admin_client.post(address, wish).status_code == 302
    version = ModelVersion.objects.get()
    page = text(admin_client.get(reverse("web:version-detail", args=[version.pk])))
    assert "not disclosed" in page
    assert "cannot run" in page
    assert "Nothing here shows which weights answer" in page
    assert "not disclosed" in text(admin_client.get(reverse("web:version-weights", args=[version.pk])))


def test_a_plan_for_the_vendor_is_built_for_weights_that_are_not_here(admin: User, admin_client: Client) -> None:
    version = version_declare(actor=admin, model=factories.model(admin), label="1", source="held", access="text")
    sent = {
        "version": str(version.pk), "title": "T", "claim": "It is seen.", "seed": "7", "act": "save", "uses": "0", "for_vendor": "on",
    }  # fmt: skip
    page = text(admin_client.get(reverse("web:plan-create"), {"version": str(version.pk), "preset": "standard"}))
    assert "The vendor runs it" in page
    assert admin_client.post(reverse("web:plan-create"), sent).status_code == 422
    assert not Plan.objects.exists()
