"""Who closes a gap, and judgements that a duty does not apply: four eyes, once, logged, bound to the wording."""

import datetime

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Role, User
from core import clock
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed, NotFound
from decisions.models import Exemption, GapAssignment
from decisions.services import exemption_decide, exemption_propose, exemption_withdraw, gap_assign, gap_release
from evidence.models import LedgerEntry
from frameworks.models import Requirement
from inventory.models import AISystem
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 21)
DUE = datetime.date(2026, 12, 1)


@pytest.fixture(autouse=True)
def autumn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "source", lambda: datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC))


@pytest.fixture
def system(admin: User) -> AISystem:
    factories.catalogue(admin)
    return factories.system(admin)


@pytest.fixture
def duty(system: AISystem) -> Requirement:
    return Requirement.objects.known_at(TODAY).get(ref="AIA-9-6")


def colleague(admin: User, role: str = Role.APPROVER) -> User:
    return factories.user(role, of=factories.home(admin))


def logged(action: str) -> LedgerEntry:
    return LedgerEntry.objects.get(action=f"decisions.{action}")


def test_assignment_is_logged_without_a_name(admin: User, system: AISystem, duty: Requirement) -> None:
    gap_assign(actor=admin, system=system, requirement=duty, owner=admin, due_on=DUE, note="Ask Ms Jansen.")
    payload = logged("gap.assigned").payload
    assert payload["owner"] == f"accounts.user:{admin.pk}"
    assert (payload["requirement"], payload["due_on"], payload["before"]) == ("AIA-9-6", "2026-12-01", {})
    assert "Jansen" not in str(payload)


def test_second_assignment_replaces_the_first_and_the_log_keeps_both(admin: User, system: AISystem, duty: Requirement) -> None:
    gap_assign(actor=admin, system=system, requirement=duty, owner=admin, due_on=DUE)
    other = colleague(admin)
    row = gap_assign(actor=admin, system=system, requirement=duty, owner=other, due_on=TODAY)
    assert GapAssignment.objects.get() == row
    assert (row.owner, row.due_on) == (other, TODAY)
    last = LedgerEntry.objects.filter(action="decisions.gap.assigned").order_by("-index")[0]
    assert last.payload["before"] == {"owner": f"accounts.user:{admin.pk}", "due_on": "2026-12-01"}


@pytest.mark.parametrize("field", ["owner", "due_on", "inactive", "robot"])
def test_wrong_assignment_changes_nothing(admin: User, system: AISystem, duty: Requirement, field: str) -> None:
    before = LedgerEntry.objects.count()
    owners = {"owner": factories.user(), "inactive": colleague(admin), "robot": factories.worker(factories.home(admin))}
    User.objects.filter(pk=owners["inactive"].pk).update(is_active=False)
    owner = owners.get(field, admin)
    owner.refresh_from_db()
    day = datetime.date(2026, 11, 20) if field == "due_on" else DUE
    with pytest.raises(InvalidInput) as caught:
        gap_assign(actor=admin, system=system, requirement=duty, owner=owner, due_on=day)
    assert caught.value.field == ("due_on" if field == "due_on" else "owner")
    assert not GapAssignment.objects.exists()
    assert LedgerEntry.objects.count() == before


def test_released_gap_is_nobodys(admin: User, system: AISystem, duty: Requirement) -> None:
    gap = gap_assign(actor=admin, system=system, requirement=duty, owner=admin, due_on=DUE)
    gap_release(actor=admin, gap=gap)
    assert logged("gap.released").payload["requirement"] == "AIA-9-6"
    gap.pk = gap.id
    with pytest.raises(NotFound):
        gap_release(actor=admin, gap=GapAssignment(pk=gap.id, system=system))


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.APPROVER, Role.VENDOR])
def test_who_may_not_assign(admin: User, system: AISystem, duty: Requirement, role: str) -> None:
    with pytest.raises(NotAllowed):
        gap_assign(actor=colleague(admin, role), system=system, requirement=duty, owner=admin, due_on=DUE)
    with pytest.raises(NotAllowed):
        exemption_propose(actor=colleague(admin, role), system=system, requirement=duty, reason="No.")


def test_nobody_approves_what_he_proposed(admin: User, system: AISystem, duty: Requirement) -> None:
    row = exemption_propose(actor=admin, system=system, requirement=duty, reason="It is a toy.")
    with pytest.raises(NotAllowed, match="second person"):
        exemption_decide(actor=admin, exemption=row, approve=True, reason="Yes.")
    row.refresh_from_db()
    assert row.state == "proposed"
    with pytest.raises(IntegrityError), transaction.atomic():
        Exemption.objects.filter(pk=row.pk).update(decided_by=admin, decided_at=clock.now(), state="approved")


def test_decision_is_made_once_and_logged_with_the_wording(admin: User, system: AISystem, duty: Requirement) -> None:
    row = exemption_propose(actor=admin, system=system, requirement=duty, reason="It is a toy.")
    second = colleague(admin)
    exemption_decide(actor=second, exemption=row, approve=True, reason="Seen it.")
    entry = logged("exemption.approved")
    assert entry.payload["requirement_digest"] == duty.digest
    assert entry.actor == f"accounts.user:{second.pk}"
    with pytest.raises(InvalidState):
        exemption_decide(actor=second, exemption=row, approve=False, reason="No.")
    with pytest.raises(Conflict):
        exemption_propose(actor=admin, system=system, requirement=duty, reason="Again.")


def test_judgement_holds_from_its_approval_until_its_withdrawal(admin: User, system: AISystem, duty: Requirement, monkeypatch: pytest.MonkeyPatch) -> None:
    row = exemption_propose(actor=admin, system=system, requirement=duty, reason="It is a toy.")
    assert not row.held_on(TODAY)
    row = exemption_decide(actor=colleague(admin), exemption=row, approve=True, reason="Seen it.")
    assert [row.held_on(TODAY - datetime.timedelta(days=1)), row.held_on(TODAY), row.held_on(DUE)] == [False, True, True]
    monkeypatch.setattr(clock, "source", lambda: datetime.datetime(2026, 11, 28, 12, tzinfo=datetime.UTC))
    row = exemption_withdraw(actor=admin, exemption=row, reason="It is none any more.")
    assert [row.held_on(datetime.date(2026, 11, 27)), row.held_on(datetime.date(2026, 11, 28))] == [True, False]
    assert exemption_propose(actor=admin, system=system, requirement=duty, reason="Again.").state == "proposed"


def test_declined_judgement_never_holds(admin: User, system: AISystem, duty: Requirement) -> None:
    row = exemption_propose(actor=admin, system=system, requirement=duty, reason="It is a toy.")
    row = exemption_decide(actor=colleague(admin), exemption=row, approve=False, reason="It is not.")
    assert not row.held_on(DUE)
    with pytest.raises(InvalidState):
        exemption_withdraw(actor=admin, exemption=row, reason="Never mind.")


@pytest.mark.parametrize("reason", ["", "  "])
def test_reason_is_needed(admin: User, system: AISystem, duty: Requirement, reason: str) -> None:
    with pytest.raises(InvalidInput):
        exemption_propose(actor=admin, system=system, requirement=duty, reason=reason)
    assert not Exemption.objects.exists()


def test_program_cannot_judge(admin: User, system: AISystem, duty: Requirement) -> None:
    robot = factories.user(Role.ADMINISTRATOR, of=factories.home(admin), is_service=True)
    with pytest.raises(NotAllowed):
        exemption_propose(actor=robot, system=system, requirement=duty, reason="Computed.")
