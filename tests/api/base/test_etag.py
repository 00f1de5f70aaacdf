"""ETags: nothing is sent twice, and nobody overwrites what they have not seen."""

import pytest

from accounts.models import User
from evidence.models import LedgerEntry
from inventory.models import Vendor
from tests import factories
from tests.api.base.test_answers import assert_problem
from tests.api.caller import Api


@pytest.fixture
def vendor(admin: User) -> Vendor:
    return factories.vendor(admin, name="Before")


def test_what_the_caller_has_is_not_sent_again(api: Api, vendor: Vendor) -> None:
    for path in ("vendors", f"vendors/{vendor.id}", "instruments"):
        first = api.get(path)
        again = api.get(path, if_none_match=first["ETag"])
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
        assert api.get(path, if_none_match=f'"other", W/{first["ETag"]}').status_code == 304
        assert api.get(path, if_none_match='"other"').content == first.content


def test_the_tag_changes_with_the_content(api: Api, vendor: Vendor) -> None:
    before = api.get(f"vendors/{vendor.id}")["ETag"]
    answer = api.patch(f"vendors/{vendor.id}", {"name": "After"}, if_match=before)
    assert (answer.status_code, answer.json()["name"]) == (200, "After")
    assert answer["ETag"] == api.get(f"vendors/{vendor.id}")["ETag"] != before


@pytest.mark.parametrize("given", ["", "*"])
def test_a_change_must_say_what_it_starts_from(api: Api, vendor: Vendor, given: str) -> None:
    assert_problem(api.patch(f"vendors/{vendor.id}", {"name": "After"}, if_match=given), 428)
    vendor.refresh_from_db()
    assert vendor.name == "Before"


def test_a_change_on_a_stale_state_is_refused_and_leaves_no_trace(api: Api, vendor: Vendor) -> None:
    stale = api.get(f"vendors/{vendor.id}")["ETag"]
    api.change(f"vendors/{vendor.id}", {"name": "Between"})
    entries = LedgerEntry.objects.count()
    assert_problem(api.patch(f"vendors/{vendor.id}", {"name": "After"}, if_match=stale), 412)
    vendor.refresh_from_db()
    assert (vendor.name, LedgerEntry.objects.count()) == ("Between", entries)
