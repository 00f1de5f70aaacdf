"""Log entries as sentences, and findings as bars."""

import pytest

from accounts.models import User
from inventory.services import vendor_update
from tests import factories
from web.history import action_text, detail_text, history
from web.tally import tally


@pytest.mark.django_db
def test_newest_entry_comes_first_with_its_author(admin: User) -> None:
    vendor = factories.vendor(admin, name="Old")
    vendor_update(actor=admin, vendor=vendor, changes={"name": "New", "contact": "Jo"})
    lines = history(admin, [f"inventory.vendor:{vendor.id}"])
    assert [(line.what, line.who) for line in lines] == [("Changed", admin.username), ("Registered", admin.username)]
    assert lines[0].detail == "contact (text not kept in the log); name: “Old” → “New”"
    assert history(factories.user(), [f"inventory.vendor:{vendor.id}"]) == []


def test_payloads_in_words() -> None:
    assert action_text("inventory.modelversion.moved") == "Moved"
    assert action_text("assessments.run.cancel_requested") == "Cancel requested"
    assert detail_text({"from": "candidate", "to": "rolled_back", "reason": "Worse."}) == "candidate → rolled back: Worse."
    assert detail_text({"reason": "Replaced."}) == "Replaced."
    assert detail_text({"digests": {}}) == ""


def test_bars_cover_the_whole_width_in_the_order_of_the_report() -> None:
    bars = tally([("not_qualified", "causal", 1), ("not_qualified", "observed", 2), ("null", "null", 1)])
    assert [(row.tier, row.count, row.left, row.width) for row in bars.readings] == [("causal", 1, 0, 25), ("observed", 2, 25, 50), ("null", 1, 75, 25)]
    assert [(row.tier, row.count) for row in bars.verdicts] == [("null", 1), ("not_qualified", 3)]
    assert (bars.total, bars.capped) == (4, True)
    assert not tally([("null", "null", 3)]).capped
    assert tally([]).total == 0
