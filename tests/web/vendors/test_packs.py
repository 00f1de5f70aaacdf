"""Due-diligence packs in the browser: asking, what the vendor's page says meanwhile, taking the PDF away, and who may not."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from inventory.models import Vendor
from reports.models import ReportState, VendorPack
from reports.vendor_packs import vendor_pack_make
from tests import factories
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def vendor(admin: User) -> Vendor:
    found = rows.reviewed(admin).vendor
    assert found is not None
    return found


def build_address(vendor: Vendor) -> str:
    return reverse("web:vendor-pack-build", args=[vendor.pk])


def page(browser: Client, vendor: Vendor) -> str:
    return str(browser.get(reverse("web:vendor-detail", args=[vendor.pk])).content.decode())


def test_pack_is_asked_for_with_a_confirmation_and_handed_out(admin: User, admin_client: Client, vendor: Vendor) -> None:
    assert "None yet. A pack holds" in page(admin_client, vendor)
    assert "Sign it" in admin_client.get(build_address(vendor)).content.decode()
    assert not VendorPack.objects.exists()
    answer = admin_client.post(build_address(vendor), follow=True).content.decode()
    pack = VendorPack.objects.get()
    assert "A worker draws and signs it" in answer
    assert f"{pack.reference}, requested" in answer
    pdf, bundle = (reverse(f"web:vendor-pack-{part}", args=[pack.pk]) for part in ("pdf", "bundle"))
    assert [admin_client.get(address).status_code for address in (pdf, bundle)] == [409, 409]
    vendor_pack_make(actor=admin, pack=pack)
    assert pdf in page(admin_client, vendor)
    file = admin_client.get(pdf)
    assert file.headers["Content-Disposition"] == f'attachment; filename="{pack.reference}.pdf"'
    assert b"".join(file.streaming_content).startswith(b"%PDF")  # type: ignore[attr-defined]
    held = admin_client.get(bundle)
    assert held.headers["Content-Disposition"] == 'attachment; filename="vendor-pack.pdf.sigstore.json"'
    assert held.json()["mediaType"]
    assert "already says exactly this" in admin_client.post(build_address(vendor), follow=True).content.decode()


def test_failure_shows_its_reason_and_the_way_to_try_again(admin_client: Client, vendor: Vendor) -> None:
    admin_client.post(build_address(vendor))
    VendorPack.objects.update(state=ReportState.FAILED, error="The disk is full.")
    shown = page(admin_client, vendor)
    assert "The disk is full." in shown
    assert "Try again" in shown
    admin_client.post(build_address(vendor))
    assert VendorPack.objects.count() == 1


def test_auditor_reads_but_does_not_sign(admin: User, admin_client: Client, client: Client, vendor: Vendor) -> None:
    admin_client.post(build_address(vendor))
    client.force_login(factories.user(Role.AUDITOR, of=factories.home(admin)))
    shown = page(client, vendor)
    assert VendorPack.objects.get().reference in shown
    assert build_address(vendor) not in shown
    assert client.post(build_address(vendor)).status_code == 403


def test_packs_of_another_organisation_stay_hidden(admin: User, admin_client: Client, client: Client, vendor: Vendor) -> None:
    admin_client.post(build_address(vendor))
    client.force_login(factories.user())
    addresses = [build_address(vendor), *(reverse(f"web:vendor-pack-{part}", args=[VendorPack.objects.get().pk]) for part in ("pdf", "bundle"))]
    assert [client.get(address).status_code for address in addresses] == [404, 404, 404]
    assert client.post(addresses[0]).status_code == 404
