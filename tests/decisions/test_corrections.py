"""Correcting what was recorded as sent: both records stay, the clocks follow the newest."""

from datetime import datetime, timedelta

import pytest

from accounts.models import Role, User
from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from decisions.clocks import ClockState
from decisions.models import Incident, Submission
from decisions.services import Proof, submission_correct, submission_record
from evidence.models import LedgerEntry
from tests import factories

pytestmark = pytest.mark.django_db
GDPR = "gdpr-33-initial"


def ago(hours: float) -> datetime:
    return clock.now() - timedelta(hours=hours)


def state(row: Incident) -> str:
    fresh = Incident.objects.get(pk=row.pk)
    return next(found.state for found in fresh.clocks(clock.now()) if found.key == GDPR)


@pytest.fixture
def incident(admin: User) -> Incident:
    row = factories.incident(admin)
    factories.incident_fact(admin, row, hours=80)
    return row


@pytest.fixture
def sent(admin: User, incident: Incident) -> Submission:
    proof = Proof("receipt.txt", b"received")
    return submission_record(actor=admin, incident=incident, clock_key=GDPR, submitted_at=ago(20), reference="DPA-7", proof=proof)


def test_a_corrected_time_counts_and_the_wrong_one_stays(admin: User, incident: Incident, sent: Submission) -> None:
    assert state(incident) == ClockState.SUBMITTED
    new = submission_correct(actor=admin, submission=sent, submitted_at=ago(2), reference="DPA-8", reason="Typed the draft's time", late_reason="Holiday")
    assert state(incident) == ClockState.SUBMITTED_LATE
    assert (new.replaces, new.proof, new.due_at, new.late_reason) == (sent, sent.proof, sent.due_at, "Holiday")
    assert (Submission.objects.count(), incident.current_submissions()) == (2, [new])
    said = LedgerEntry.objects.order_by("-index")[0]
    assert (said.action, said.payload["before"]["reference"], said.payload["reference"]) == ("decisions.submission.corrected", "DPA-7", "DPA-8")
    assert (said.payload["replaces_entry"], new.entry) == (sent.entry_id, said)


def test_withdrawn_the_clock_runs_again_and_can_be_answered(admin: User, incident: Incident, sent: Submission) -> None:
    new = submission_correct(actor=admin, submission=sent, submitted_at=None, reference="DPA-7", reason="It was another incident")
    assert (new.withdrawn, incident.current_submissions(), state(incident)) == (True, [], ClockState.OVERDUE)
    submission_record(actor=admin, incident=incident, clock_key=GDPR, submitted_at=ago(0), reference="DPA-9", late_reason="Mixed up")
    assert state(incident) == ClockState.SUBMITTED_LATE


def test_only_the_newest_record_can_be_corrected_and_only_with_a_reason(admin: User, sent: Submission) -> None:
    with pytest.raises(InvalidInput, match="reason"):
        submission_correct(actor=admin, submission=sent, submitted_at=ago(21), reference="x", reason=" ")
    submission_correct(actor=admin, submission=sent, submitted_at=ago(21), reference="x", reason="Typing error")
    with pytest.raises(Conflict, match="in the meantime"):
        submission_correct(actor=admin, submission=sent, submitted_at=ago(22), reference="x", reason="Typing error")


def test_the_future_and_lateness_without_reason_are_refused(admin: User, sent: Submission) -> None:
    with pytest.raises(InvalidInput, match="future"):
        submission_correct(actor=admin, submission=sent, submitted_at=ago(-1), reference="x", reason="y")
    with pytest.raises(InvalidInput, match="late_reason"):
        submission_correct(actor=admin, submission=sent, submitted_at=ago(1), reference="x", reason="y")
    assert Submission.objects.count() == 1


def test_assessors_do_not_correct_what_was_sent(admin: User, sent: Submission) -> None:
    with pytest.raises(NotAllowed):
        submission_correct(actor=factories.user(Role.ASSESSOR, of=factories.home(admin)), submission=sent, submitted_at=None, reference="x", reason="y")


def test_a_report_that_is_due_at_once_can_be_recorded(admin: User) -> None:
    row = factories.incident(admin, kinds=["critical_infrastructure"], roles=["gpai_systemic"])
    factories.incident_fact(admin, row)
    sent = submission_record(actor=admin, incident=row, clock_key="aia-55-1c-initial", submitted_at=ago(0), reference="AIO-1")
    assert (sent.due_at, sent.late_reason) == (None, "")
