"""Files on hold, vendors' promises, and the version rolled back to."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import ProtectedError

from accounts.models import Role, User
from core import clock
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from decisions.models import EvidenceHold, Incident
from decisions.services import Proof, submission_record
from decisions.services.holds import hold_place, hold_release, promise_enter, rollback_name
from evidence.models import Artifact, LedgerEntry
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(admin: User) -> Incident:
    version = factories.version(admin)
    row = factories.incident(admin, versions=[version], vendors=[version.model.vendor])
    factories.incident_fact(admin, row, hours=10)
    return row


@pytest.fixture
def artifact(admin: User, incident: Incident) -> Artifact:
    sent = {"clock_key": "gdpr-33-initial", "submitted_at": clock.now(), "reference": "x", "proof": Proof("a.txt", b"a")}
    return submission_record(actor=admin, incident=incident, **sent).proof  # type: ignore[return-value]


def test_a_held_file_cannot_be_deleted_and_only_another_person_releases_it(admin: User, incident: Incident, artifact: Artifact) -> None:
    row = hold_place(actor=admin, incident=incident, artifact=artifact, reason="The authority asked for it")
    incident.submissions.update(proof=None)
    with pytest.raises(ProtectedError):
        artifact.delete()
    with pytest.raises(Conflict):
        hold_place(actor=admin, incident=incident, artifact=artifact, reason="Again")
    with pytest.raises(NotAllowed, match="Another person"):
        hold_release(actor=admin, hold=row, reason="Enough")
    other = factories.user(Role.GOVERNANCE, of=factories.home(admin))
    with pytest.raises(InvalidInput, match="reason"):
        hold_release(actor=other, hold=row, reason=" ")
    assert hold_release(actor=other, hold=row, reason="The authority closed it").released_by == other
    with pytest.raises(InvalidState):
        hold_release(actor=other, hold=row, reason="Again")
    assert hold_place(actor=admin, incident=incident, artifact=artifact, reason="Opened again").pk != row.pk
    said = list(LedgerEntry.objects.filter(action__startswith="decisions.hold").values_list("action", flat=True).order_by("index"))
    assert said == ["decisions.hold.placed", "decisions.hold.released", "decisions.hold.placed"]


def test_files_of_others_and_readers_are_refused(admin: User, incident: Incident, artifact: Artifact) -> None:
    with pytest.raises(NotAllowed):
        hold_place(actor=factories.user(Role.AUDITOR, of=factories.home(admin)), incident=incident, artifact=artifact, reason="x")
    other = factories.user()
    with pytest.raises(InvalidInput, match="artifact"):
        hold_place(actor=other, incident=factories.incident(other), artifact=artifact, reason="x")
    with pytest.raises(InvalidInput, match="reason"):
        hold_place(actor=admin, incident=incident, artifact=artifact, reason=" ")
    assert not EvidenceHold.objects.exists()


def test_a_promise_is_compared_with_what_happened(admin: User, incident: Incident) -> None:
    vendor = incident.vendors.get()
    wish: dict[str, Any] = {"actor": admin, "incident": incident, "vendor": vendor, "counted_from": "aware", "source": "Contract § 7"}
    row = promise_enter(**wish, hours=24)
    assert row.verdict(incident, clock.now()) == "running"
    assert row.verdict(incident, clock.now() + timedelta(hours=15)) == "overdue"
    assert promise_enter(**wish, hours=4, told_at=clock.now()).verdict(incident, clock.now()) == "late"
    assert promise_enter(**wish, hours=24, told_at=clock.now()).verdict(incident, clock.now()) == "kept"
    assert promise_enter(**{**wish, "counted_from": "fixed"}, hours=24).verdict(incident, clock.now()) == "unknown"
    assert incident.promises.count() == 1
    assert LedgerEntry.objects.filter(action="decisions.promise.entered").count() == 4


@pytest.mark.parametrize(("fields", "field"), [({"hours": 0}, "hours"), ({"counted_from": "moon"}, "counted_from"), ({"source": " "}, "source")])
def test_a_bad_promise_is_refused(admin: User, incident: Incident, fields: dict[str, Any], field: str) -> None:
    wish = {"vendor": incident.vendors.get(), "hours": 4, "counted_from": "aware", "source": "Contract", **fields}
    with pytest.raises(InvalidInput) as caught:
        promise_enter(actor=admin, incident=incident, **wish)
    assert (caught.value.field, incident.promises.count()) == (field, 0)
    with pytest.raises(InvalidInput, match="vendor"):
        promise_enter(actor=admin, incident=factories.incident(admin), **{**wish, "hours": 4})


def test_the_version_rolled_back_to_is_named_once_and_is_not_an_affected_one(admin: User, incident: Incident) -> None:
    before = factories.version(admin)
    with pytest.raises(InvalidInput, match="affected"):
        rollback_name(actor=admin, incident=incident, version=incident.versions.get())
    with pytest.raises(InvalidInput, match="another organisation"):
        rollback_name(actor=admin, incident=incident, version=factories.version(factories.user()))
    count = LedgerEntry.objects.count()
    assert rollback_name(actor=admin, incident=incident, version=before).rolled_back_to == before
    rollback_name(actor=admin, incident=incident, version=before)
    assert LedgerEntry.objects.count() == count + 1
    assert rollback_name(actor=admin, incident=incident, version=None).rolled_back_to is None
