"""Models in the browser: list, page, register, rename."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from assessments.models import Run
from inventory.models import AIModel, ModelVersion
from inventory.services import deployment_register
from tests import factories

pytestmark = pytest.mark.django_db
LIST, NEW = "/models/", "/models/new/"


def text(client: Client, address: str, **query: str) -> str:
    return client.get(address, query).content.decode()


def test_list_counts_versions_and_use(admin: User, admin_client: Client, run: Run) -> None:
    model = run.plan.version.model
    newest = factories.version(admin, model=model, label="newest")
    deployment_register(actor=admin, system=factories.system(admin), version=newest, environment="trial")
    bare = factories.model(admin, name="Aardvark")
    rows = admin_client.get(LIST, {"export": "csv"}).content.decode("utf-8-sig").splitlines()
    assert rows[0] == "Model,Vendor,Versions,Newest version,In use,Last assessed"
    assert rows[1] == f"Aardvark,{bare.vendor.name},0,,0,"
    assert rows[2].startswith(f"{model.name},{model.vendor.name},2,newest,1,20")
    assert admin_client.get(LIST).status_code == 200


def test_register_under_the_vendor_the_person_came_from(admin: User, admin_client: Client) -> None:
    vendor = factories.vendor(admin, name="Northwind")
    assert f'<option value="{vendor.id}" selected>' in text(admin_client, NEW, vendor=str(vendor.id))
    answer = admin_client.post(NEW, {"vendor": str(vendor.id), "name": "Scribe"})
    model = AIModel.objects.get()
    assert answer["Location"] == reverse("web:model-detail", args=[model.id])
    assert (model.vendor, model.name) == (vendor, "Scribe")
    again = admin_client.post(NEW, {"vendor": str(vendor.id), "name": "Scribe"})
    assert again.status_code == 422
    assert "exists already" in again.content.decode()


@pytest.mark.parametrize("vendor", ["x", "", "00000000-0000-0000-0000-000000000000"])
def test_nonsense_for_a_vendor_is_told(admin: User, admin_client: Client, vendor: str) -> None:
    assert admin_client.get(NEW, {"vendor": vendor}).status_code == 200
    assert admin_client.post(NEW, {"vendor": vendor, "name": "Scribe"}).status_code == 422


def test_foreign_vendor_is_not_on_offer(admin: User, admin_client: Client) -> None:
    foreign = factories.vendor(factories.user(), name="Foreign house")
    assert "Foreign house" not in text(admin_client, NEW)
    assert admin_client.post(NEW, {"vendor": str(foreign.id), "name": "Scribe"}).status_code == 422


def test_rename_warns_about_a_colleagues_change(admin: User, admin_client: Client) -> None:
    model = factories.model(admin, name="Old")
    address = reverse("web:model-edit", args=[model.id])
    seen = admin_client.get(address).context["form"]["seen"].value()
    assert admin_client.post(address, {"name": "New", "seen": seen}).status_code == 302
    answer = admin_client.post(address, {"name": "Newest", "seen": seen})
    assert answer.status_code == 422
    assert "it is now “New”" in answer.content.decode()


def test_page_shows_versions_with_verdict_before_reading(admin_client: Client, run: Run) -> None:
    version = run.plan.version
    body = text(admin_client, reverse("web:model-detail", args=[version.model_id]))
    assert version.label in body
    assert f"Run {run.number}" in body
    assert body.index("verdict-not_qualified") < body.index("alone: Observed")


def test_page_without_versions_says_the_next_step(admin: User, admin_client: Client, as_role: Callable[[str], Client]) -> None:
    address = reverse("web:model-detail", args=[factories.model(admin).id])
    assert "No exact weights yet" in text(admin_client, address)
    assert "/versions/new/" in text(admin_client, address)
    assert "/versions/new/" not in text(as_role(Role.AUDITOR), address)


def test_strangers_and_readers(admin: User, stranger: Client, as_role: Callable[[str], Client]) -> None:
    model = factories.model(admin)
    addresses = [reverse(f"web:{name}", args=[model.id]) for name in ("model-detail", "model-edit", "version-create")]
    assert [stranger.get(address).status_code for address in addresses] == [404, 404, 404]
    assert [as_role(Role.AUDITOR).get(address).status_code for address in addresses] == [200, 403, 403]
    assert as_role(Role.AUDITOR).get(NEW).status_code == 403


def test_two_hundred_rows_cost_ten_queries(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    run = factories.finished_run(admin, ("one", "two"))
    vendor = factories.vendor(admin)
    AIModel.objects.bulk_create(AIModel(vendor=vendor, name=f"M{place}") for place in range(200))
    model, facts = run.plan.version.model, vars(factories.facts())
    ModelVersion.objects.bulk_create(ModelVersion(model=model, label=f"{place}", access="text", **facts) for place in range(200))
    for address in (LIST, reverse("web:model-detail", args=[model.id]), NEW, reverse("web:version-create", args=[model.id])):
        with django_assert_max_num_queries(10):
            assert admin_client.get(address).status_code == 200
