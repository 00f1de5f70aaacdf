"""The content of a vendor's pack: what it says, that it is the same twice, and that it names no person."""

from datetime import timedelta

import pytest

from accounts.models import User
from core import clock
from core.canonical import canonical_digest
from questionnaires.models import Comment, ExhibitState
from reports.vendor_pack import pack_read
from tests import factories
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db


def test_the_pack_holds_answers_verdicts_digests_and_what_follows(admin: User) -> None:
    vendor = factories.vendor(admin, owner="A. Person", contact="B. Person", notes="C. Person", contract_reference="C-7")
    row = rows.reviewed(admin, {"headline": "no", "method": "Two probes."}, vendor=vendor)
    file = rows.exhibit(admin, rows.answer_of(row, "method"), ExhibitState.RELEASED)
    Comment.objects.create(request=row, text="Between D. Person and us.", by=admin)
    pack = pack_read(vendor, clock.now().date())
    found = pack["questionnaires"][0]
    answers = {item["key"]: item for item in found["answers"]}
    assert (pack["vendor"]["contract_reference"], found["submission"], found["confirmed"]) == ("C-7", row.submission.sha256, 25.0)
    assert (answers["headline"]["answer"], answers["headline"]["verdict"], answers["report"]["answer"]) == ("No", "accepted", "")
    assert answers["method"]["files"][0]["sha256"] == file.artifact.sha256
    assert [flag["title"] for flag in found["flags"]] == ["Cannot be audited"]
    assert [clause["title"] for clause in found["clauses"]] == ["Audit access"]
    assert found["caps"][0]["because"] == "Later claims cannot be checked."
    assert "Person" not in str(pack)


def test_the_same_record_gives_the_same_pack_and_a_stale_answer_another(admin: User) -> None:
    row = rows.reviewed(admin)
    file = rows.exhibit(admin, rows.answer_of(row, "method"), ExhibitState.RELEASED)
    today = clock.now().date()
    first, again = (canonical_digest(pack_read(row.vendor, today)) for _ in range(2))
    assert first == again
    file.state = ExhibitState.REFUSED
    file.save()
    changed = pack_read(row.vendor, today)
    assert canonical_digest(changed) != first
    assert "refused" in next(item for item in changed["questionnaires"][0]["answers"] if item["key"] == "method")["stale"][0]


def test_only_the_newest_review_counts_and_what_waits_is_named(admin: User) -> None:
    row = rows.reviewed(admin, reviewed_at=clock.now() - timedelta(days=9))
    newer = rows.reviewed(admin, {"headline": "no"}, vendor=row.vendor, version=row.version)
    rows.request(admin, vendor=row.vendor, version=row.version)
    factories.incident(admin).vendors.set([row.vendor])
    pack = pack_read(row.vendor, clock.now().date())
    assert [found["submission"] for found in pack["questionnaires"]] == [newer.submission.sha256]
    assert len([line for line in pack["waiting"] if line.endswith("submitted")]) == 1
    assert [found["severity"] for found in pack["incidents"]]
    assert pack["history"] is not None
