"""Changes to the register: who may, what the log keeps, and what happens when two people edit at once."""

import datetime
from typing import Any

import pytest

from accounts.models import Role, User
from core.errors import Conflict, InvalidInput, NotAllowed
from evidence.models import LedgerEntry
from frameworks.applicability import ROLES
from frameworks.transition import SETTINGS
from inventory.countries import countries, country_name
from inventory.models import Access, AISystem, OurRole, Setting, Vendor
from inventory.services import model_update, system_update, vendor_register, vendor_update
from tests import factories

pytestmark = pytest.mark.django_db


def last_entry() -> LedgerEntry:
    return LedgerEntry.objects.order_by("-index")[0]


def test_change_is_saved_and_logged_with_before_and_after(admin: User) -> None:
    vendor = factories.vendor(admin, name="Northwind", country="NL")
    row = vendor_update(actor=admin, vendor=vendor, changes={"name": "Northwind AI", "country": "NL", "website": "https://northwind.example"})
    assert (row.name, row.website) == ("Northwind AI", "https://northwind.example")
    assert Vendor.objects.get().name == "Northwind AI"
    entry = last_entry()
    assert (entry.action, entry.subject) == ("inventory.vendor.changed", f"inventory.vendor:{vendor.id}")
    assert entry.payload == {
        "changed": {"name": {"before": "Northwind", "after": "Northwind AI"}, "website": {"before": "", "after": "https://northwind.example"}}
    }
    assert entry.attestation.organisation_id == vendor.organisation_id


def test_nothing_changed_is_no_entry(admin: User) -> None:
    vendor = factories.vendor(admin)
    before = LedgerEntry.objects.count()
    vendor_update(actor=admin, vendor=vendor, changes={"name": vendor.name, "access": vendor.access})
    assert LedgerEntry.objects.count() == before


def test_free_text_that_may_name_people_stays_out_of_the_log(admin: User) -> None:
    vendor, system = factories.vendor(admin), factories.system(admin)
    vendor_update(actor=admin, vendor=vendor, changes={"contact": "jo@northwind.example", "notes": "Ask for Jo"})
    assert set(last_entry().payload["changed"]) == {"contact", "notes"}
    # In the leaf stand signatures, whose base64 may hold any two letters.
    assert "Ask for Jo" not in last_entry().leaf
    assert "Jo" not in str(last_entry().payload)
    assert "jo@" not in str(last_entry().payload)
    system_update(actor=admin, system=system, changes={"owner": "Jo Smith"})
    assert "Smith" not in str(last_entry().payload)
    assert AISystem.objects.get().owner == "Jo Smith"


def test_second_editor_is_told_which_field_moved(admin: User) -> None:
    vendor = factories.vendor(admin, name="First")
    vendor_update(actor=admin, vendor=vendor, changes={"name": "Second"})
    before = LedgerEntry.objects.count()
    with pytest.raises(Conflict, match="“name” was changed in the meantime: it is now “Second”, you saw “First”"):
        vendor_update(actor=admin, vendor=vendor, changes={"country": "SE"}, seen={"name": "First", "country": "NL"})
    assert Vendor.objects.get().country == "NL"
    assert LedgerEntry.objects.count() == before


def test_taken_name_is_a_conflict_and_keeps_the_old_one(admin: User) -> None:
    factories.vendor(admin, name="Taken")
    vendor = factories.vendor(admin, name="Free")
    with pytest.raises(Conflict, match="exists already"):
        vendor_update(actor=admin, vendor=vendor, changes={"name": "Taken"})
    vendor.refresh_from_db()
    assert vendor.name == "Free"


@pytest.mark.parametrize(
    ("field", "value"),
    [("country", "XX"), ("country", "nl"), ("website", "http://northwind.example"), ("website", "javascript:alert(1)"), ("access", "all"), ("name", "")],
)
def test_bad_value_names_its_field(admin: User, field: str, value: str) -> None:
    vendor = factories.vendor(admin)
    with pytest.raises(InvalidInput) as caught:
        vendor_update(actor=admin, vendor=vendor, changes={field: value})
    assert caught.value.field == field


@pytest.mark.parametrize("field", ["organisation", "organisation_id", "id", "created_at"])
def test_what_is_not_editable_cannot_be_reached(admin: User, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        vendor_update(actor=admin, vendor=factories.vendor(admin), changes={field: "x"})
    assert caught.value.field == field


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.APPROVER, Role.VENDOR])
def test_readers_change_nothing(admin: User, role: str) -> None:
    vendor, system, model = factories.vendor(admin), factories.system(admin), factories.model(admin)
    reader = factories.user(role, of=factories.home(admin))
    calls: list[tuple[Any, dict[str, Any]]] = [(vendor_update, {"vendor": vendor}), (system_update, {"system": system}), (model_update, {"model": model})]
    for update, target in calls:
        with pytest.raises(NotAllowed):
            update(actor=reader, changes={"name": "Mine"}, **target)


def test_stranger_changes_nothing(admin: User) -> None:
    with pytest.raises(NotAllowed):
        vendor_update(actor=factories.user(), vendor=factories.vendor(admin), changes={"name": "Mine"})


def test_system_and_model_change_with_their_own_entries(admin: User) -> None:
    system, model = factories.system(admin), factories.model(admin, name="Old")
    system_update(actor=admin, system=system, changes={"risk_class": "minimal"}, seen={"risk_class": system.risk_class})
    assert last_entry().payload == {"changed": {"risk_class": {"before": "high_annex_iii", "after": "minimal"}}}
    model_update(actor=admin, model=model, changes={"name": "New"}, seen={"name": "Old"})
    assert (last_entry().action, last_entry().subject) == ("inventory.model.changed", f"inventory.aimodel:{model.id}")
    with pytest.raises(InvalidInput):
        model_update(actor=admin, model=model, changes={"vendor": "another"})


def test_vendor_may_be_registered_with_all_details(admin: User) -> None:
    row = vendor_register(
        actor=admin, organisation=factories.home(admin), name="N", country="", access=Access.TEXT,
        website="https://n.example", contact="sales desk", notes="Tender 4",
    )  # fmt: skip
    assert (row.website, row.contact, row.notes) == ("https://n.example", "sales desk", "Tender 4")
    assert "sales" not in str(last_entry().payload)


def test_countries_are_those_of_the_standard() -> None:
    assert len(countries()) == 249
    assert all(len(code) == 2 and code.isupper() for code in countries())
    assert (country_name("NO"), country_name("ZZ")) == ("Norway", "ZZ")


def test_days_of_a_system_are_saved_and_logged_as_iso_dates(admin: User) -> None:
    system = factories.system(admin)
    placed, changed = datetime.date(2026, 1, 15), datetime.date(2027, 3, 1)
    system_update(actor=admin, system=system, changes={"placed_on": placed, "setting": "public_authority"}, seen={"placed_on": None, "setting": ""})
    assert last_entry().payload["changed"]["placed_on"] == {"before": None, "after": "2026-01-15"}
    row = system_update(actor=admin, system=system, changes={"changed_on": changed}, seen={"placed_on": "2026-01-15"})
    assert (row.placed_on, row.changed_on, row.setting) == (placed, changed, "public_authority")
    with pytest.raises(Conflict, match="it is now “2026-01-15”, you saw “2026-01-14”"):
        system_update(actor=admin, system=system, changes={"name": "Other"}, seen={"placed_on": "2026-01-14"})


LATER, EARLIER = datetime.date(2027, 1, 2), datetime.date(2027, 1, 1)


@pytest.mark.parametrize("changes", [{"changed_on": EARLIER}, {"placed_on": LATER, "changed_on": EARLIER}])
def test_system_cannot_change_before_it_is_on_the_market(admin: User, changes: dict[str, Any]) -> None:
    system = factories.system(admin)
    before = LedgerEntry.objects.count()
    with pytest.raises(InvalidInput) as caught:
        system_update(actor=admin, system=system, changes=changes)
    assert caught.value.field == "changed_on"
    assert AISystem.objects.get().changed_on is None
    assert LedgerEntry.objects.count() == before


def test_setting_is_one_of_the_known(admin: User) -> None:
    with pytest.raises(InvalidInput) as caught:
        system_update(actor=admin, system=factories.system(admin), changes={"setting": "moon"})
    assert caught.value.field == "setting"


def test_settings_of_the_register_are_those_of_the_law() -> None:
    assert set(Setting.values) == set(SETTINGS)
    assert set(OurRole.values) == set(ROLES)
