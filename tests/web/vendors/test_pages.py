"""Vendors in the browser: list, profile, register, edit."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Membership, Role, User
from assessments.models import Run
from evidence.models import LedgerEntry
from inventory.models import AIModel, ModelVersion, Vendor
from inventory.services import deployment_register, vendor_update
from tests import factories

pytestmark = pytest.mark.django_db
LIST, NEW = "/vendors/", "/vendors/new/"
TIERED = {"tier": "standard", "review_cycle_months": "12"}
FIELDS = {"name": "Northwind", "country": "NL", "access": "logits", "website": "https://northwind.example", "contact": "sales", "notes": "", **TIERED}


def text(client: Client, address: str, **query: str) -> str:
    return client.get(address, query).content.decode()


def edit(vendor: Vendor) -> str:
    return reverse("web:vendor-edit", args=[vendor.id])


def test_list_counts_models_and_versions_and_says_when_assessed(admin: User, admin_client: Client, run: Run) -> None:
    vendor = run.plan.version.model.vendor
    factories.version(admin, model=run.plan.version.model)
    factories.model(admin, vendor=vendor)
    never = factories.vendor(admin, name="Aardvark", country="SE")
    rows = admin_client.get(LIST, {"export": "csv"}).content.decode("utf-8-sig").splitlines()
    assert rows[0] == "Name,Country,Access granted,Models,Versions,Last assessed"
    assert rows[1] == f"{never.name},SE,Weights,0,0,"
    assert rows[2].startswith(f"{vendor.name},NL,Weights,2,2,20")
    body = text(admin_client, LIST)
    assert all(word in body for word in ("Netherlands", "Sweden", "never", reverse("web:vendor-detail", args=[vendor.id])))


@pytest.mark.parametrize(("query", "found"), [({"name": "north"}, ["Northwind"]), ({"access": "text"}, ["Calder"]), ({"country": "IE"}, ["Calder"])])
def test_filters(admin: User, admin_client: Client, query: dict[str, str], found: list[str]) -> None:
    factories.vendor(admin, name="Northwind")
    factories.vendor(admin, name="Calder", country="IE", access="text")
    body = text(admin_client, LIST, **query)
    assert [name for name in ("Calder", "Northwind") if f">{name}<" in body] == found


def test_country_that_does_not_occur_is_refused_at_its_field(admin: User, admin_client: Client) -> None:
    factories.vendor(admin, name="Northwind")
    body = text(admin_client, LIST, country="XX")
    assert ">Northwind<" not in body
    assert "field-error" in body


def test_empty_list_offers_the_first_step_to_those_who_may(admin_client: Client, as_role: Callable[[str], Client]) -> None:
    assert NEW in text(admin_client, LIST)
    body = text(as_role(Role.AUDITOR), LIST)
    assert "No vendor is registered yet" in body
    assert NEW not in body


def test_register_leads_to_the_profile(admin_client: Client) -> None:
    answer = admin_client.post(NEW, FIELDS, follow=True)
    vendor = Vendor.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("web:vendor-detail", args=[vendor.id])
    assert (vendor.name, vendor.country, vendor.access, vendor.website, vendor.contact) == ("Northwind", "NL", "logits", "https://northwind.example", "sales")
    assert "Next: register a model" in answer.content.decode()


@pytest.mark.parametrize(("typed", "stored"), [("nl", "NL"), ("Netherlands", "NL"), ("", "")])
def test_country_may_be_typed_as_code_or_name(admin_client: Client, typed: str, stored: str) -> None:
    admin_client.post(NEW, {**FIELDS, "country": typed})
    assert Vendor.objects.get().country == stored


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "This field is required"),
        ({"country": "Atlantis"}, "Use the two letters of ISO 3166"),
        ({"website": "http://northwind.example"}, "beginning with https://"),
        ({"access": "all"}, "Select a valid choice"),
    ],
)
def test_wrong_entry_is_told_at_its_field_and_nothing_is_lost(admin_client: Client, wrong: dict[str, str], said: str) -> None:
    answer = admin_client.post(NEW, {**FIELDS, "contact": "keep me", **wrong})
    body = answer.content.decode()
    assert answer.status_code == 422
    assert said in body
    assert body.count("autofocus") >= 1
    assert "keep me" in body
    assert not Vendor.objects.exists()


def test_taken_name_is_told_and_nothing_is_lost(admin: User, admin_client: Client) -> None:
    factories.vendor(admin, name="Northwind")
    answer = admin_client.post(NEW, FIELDS)
    assert answer.status_code == 422
    assert "exists already" in answer.content.decode()
    assert Vendor.objects.count() == 1


def test_keeper_of_two_registers_chooses_which(admin: User, admin_client: Client) -> None:
    assert 'name="organisation"' not in text(admin_client, NEW)
    other = factories.organisation("Second house")
    Membership.objects.create(user=admin, organisation=other, role=Role.GOVERNANCE)
    foreign = factories.organisation("Not ours")
    assert "Second house" in text(admin_client, NEW)
    assert admin_client.post(NEW, {**FIELDS, "organisation": str(foreign.id)}).status_code == 422
    admin_client.post(NEW, {**FIELDS, "organisation": str(other.id)})
    assert Vendor.objects.get().organisation == other


def test_edit_saves_what_changed(admin: User, admin_client: Client) -> None:
    vendor = factories.vendor(admin, name="Old", country="NL", access="text")
    seen = admin_client.get(edit(vendor)).context["form"]["seen"].value()
    answer = admin_client.post(edit(vendor), {"name": "New", "country": "NL", "access": "text", "seen": seen, **TIERED}, follow=True)
    assert "Saved, and entered in the log." in answer.content.decode()
    assert LedgerEntry.objects.order_by("-index")[0].payload == {"changed": {"name": {"before": "Old", "after": "New"}}}


def test_second_editor_sees_the_first_ones_value_and_may_decide(admin: User, admin_client: Client) -> None:
    vendor = factories.vendor(admin, name="Old", country="NL")
    seen = admin_client.get(edit(vendor)).context["form"]["seen"].value()
    vendor_update(actor=admin, vendor=vendor, changes={"country": "SE"})
    mine = {"name": "Mine", "country": "NL", "access": "weights", "seen": seen, **TIERED}
    answer = admin_client.post(edit(vendor), mine)
    body = answer.content.decode()
    assert answer.status_code == 422
    assert "“country” was changed in the meantime: it is now “SE”" in body
    assert 'value="Mine"' in body
    again = admin_client.post(edit(vendor), {**mine, "seen": answer.context["form"]["seen"].value()})
    assert again.status_code == 302
    vendor.refresh_from_db()
    assert (vendor.name, vendor.country) == ("Mine", "NL")


def test_profile_names_models_systems_findings_and_log(admin: User, admin_client: Client, run: Run) -> None:
    version = run.plan.version
    vendor, system = version.model.vendor, factories.system(admin, name="Letters")
    deployment_register(actor=admin, system=system, version=version, environment="trial")
    vendor_update(actor=admin, vendor=vendor, changes={"website": "https://northwind.example", "notes": "Tender 4"})
    body = text(admin_client, reverse("web:vendor-detail", args=[vendor.id]))
    words = (version.model.name, version.label, "Letters", "in trial", "Tender 4", "https://northwind.example", "Changed", "Registered")
    assert all(word in body for word in words)
    assert body.index("verdict-not_qualified") < body.index("The data alone would read") < body.index("verdict-observed")


def test_profile_of_a_vendor_without_models_says_the_next_step(admin: User, admin_client: Client, as_role: Callable[[str], Client]) -> None:
    vendor = factories.vendor(admin)
    address = reverse("web:vendor-detail", args=[vendor.id])
    assert f"/models/new/?vendor={vendor.id}" in text(admin_client, address)
    assert "/models/new/" not in text(as_role(Role.AUDITOR), address)


def test_notes_cannot_smuggle_markup(admin: User, admin_client: Client) -> None:
    vendor = factories.vendor(admin, name="<b>Bold</b>")
    vendor_update(actor=admin, vendor=vendor, changes={"notes": "<script>alert(1)</script>", "contact": "<i>x</i>"})
    body = text(admin_client, reverse("web:vendor-detail", args=[vendor.id]))
    assert "<script>alert" not in body
    assert "<b>Bold" not in body
    assert "<i>x" not in body


def test_strangers_and_readers(admin: User, stranger: Client, as_role: Callable[[str], Client]) -> None:
    vendor = factories.vendor(admin, name="Northwind")
    detail = reverse("web:vendor-detail", args=[vendor.id])
    assert "Northwind" not in text(stranger, LIST)
    assert [stranger.get(address).status_code for address in (detail, edit(vendor))] == [404, 404]
    auditor = as_role(Role.AUDITOR)
    assert [auditor.get(address).status_code for address in (LIST, detail, NEW, edit(vendor))] == [200, 200, 403, 403]
    assert auditor.post(NEW, FIELDS).status_code == 403
    assert "vendor-edit" not in text(auditor, detail)
    assert auditor.get(reverse("web:vendor-detail", args=[uuid4()])).status_code == 404


def test_two_hundred_rows_cost_no_more_queries(admin: User, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    home = factories.home(admin)
    vendors = Vendor.objects.bulk_create(Vendor(organisation=home, name=f"V{place}", country="NL", access="text") for place in range(200))
    models = AIModel.objects.bulk_create(AIModel(vendor=vendors[0], name=f"M{place}") for place in range(200))
    facts = vars(factories.facts())
    ModelVersion.objects.bulk_create(ModelVersion(model=model, label="1", access="text", **facts) for model in models)
    with django_assert_max_num_queries(10):
        admin_client.get(LIST)
    # The clearance is worked out from decisions and answers: more queries, and no more with more rows.
    with django_assert_max_num_queries(17):
        body = text(admin_client, reverse("web:vendor-detail", args=[vendors[0].id]))
    assert "150 more" in body
