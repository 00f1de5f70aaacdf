"""Vendors out of a file: upload, preview, apply; nothing changes before it was seen, and nothing but what was seen."""

import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from inventory.models import Vendor
from tests import factories

pytestmark = pytest.mark.django_db
ADDRESS = "/vendors/import/"
GOOD = b"name,country,access\nOne,NL,text\nTwo,,weights\n"


def upload(browser: Client, raw: bytes, name: str = "vendors.csv") -> Any:
    return browser.post(ADDRESS, {"file": SimpleUploadedFile(name, raw)})


def carried(answer: Any) -> dict[str, str]:
    """The hidden fields of the preview."""
    found = re.findall(r'name="(seen|rows|organisation)" value="([^"]*)"', answer.content.decode())
    return {name: unescape(value) for name, value in found}


def test_preview_then_apply(admin_client: Client) -> None:
    assert "Import" in admin_client.get(reverse("web:vendor-list")).content.decode()
    looked = upload(admin_client, GOOD)
    assert looked.context["counts"] == {"created": 2, "changed": 0, "unchanged": 0, "error": 0}
    assert not Vendor.objects.exists()
    done = admin_client.post(ADDRESS, carried(looked), follow=True)
    assert "2 registered" in done.content.decode()
    assert set(Vendor.objects.values_list("name", "country", "access")) == {("One", "NL", "text"), ("Two", "", "weights")}


def test_only_what_was_seen_is_applied(admin: User, admin_client: Client) -> None:
    fields = carried(upload(admin_client, GOOD))
    factories.vendor(admin, name="One")
    assert admin_client.post(ADDRESS, fields).status_code == 409
    changed = {**carried(upload(admin_client, GOOD)), "rows": '[{"name": "Other", "access": "text"}]'}
    assert admin_client.post(ADDRESS, changed).status_code == 409
    assert set(Vendor.objects.values_list("name", flat=True)) == {"One"}


@pytest.mark.parametrize("rows", ["", "no json", "{}", "[1]", '[{"name": 1}]', '[{"organisation": "x"}]', '[{"name": "\\ud800"}]'])
def test_page_that_was_tampered_with_is_refused(admin_client: Client, rows: str) -> None:
    fields = {**carried(upload(admin_client, GOOD)), "rows": rows}
    assert admin_client.post(ADDRESS, fields).status_code == 422
    assert not Vendor.objects.exists()


def test_errors_are_told_by_row_and_nothing_can_be_applied(admin_client: Client) -> None:
    looked = upload(admin_client, b"name,access\n<b>Bad</b>,telepathy\nGood,text\n")
    text = looked.content.decode()
    assert looked.status_code == 422
    assert "choose one of weights" in text
    assert "&lt;b&gt;Bad" in text
    assert "Apply all of it" not in text


@pytest.mark.parametrize("raw", [b"", b"%PDF-1.7", b"x" * (2 * 1024 * 1024 + 10)])
def test_file_that_is_none_is_refused_at_its_field(admin_client: Client, raw: bytes) -> None:
    answer = upload(admin_client, raw)
    assert answer.status_code == 422
    assert "file" in answer.context["form"].errors


def test_forgery_is_refused(admin: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin)
    assert upload(browser, GOOD).status_code == 403


def test_readers_do_not_import(as_role: Any) -> None:
    browser = as_role(Role.AUDITOR)
    assert browser.get(ADDRESS).status_code == 403
    assert "/vendors/import/" not in browser.get(reverse("web:vendor-list")).content.decode()
