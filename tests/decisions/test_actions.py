"""Corrective actions: who may, what is refused, what stays on record."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Role, User
from core import clock
from core.errors import InvalidInput, InvalidState, NotAllowed
from decisions.models import ActionStep, CorrectiveAction, Incident
from decisions.services import Proof, action_add, action_change, action_complete, action_reopen
from evidence.models import Artifact, LedgerEntry
from evidence.storage import blob_read
from tests import factories

pytestmark = pytest.mark.django_db


def last() -> LedgerEntry:
    return LedgerEntry.objects.order_by("-index")[0]


def steps(row: CorrectiveAction) -> list[tuple[str, str]]:
    return list(row.steps.values_list("kind", "note"))


@pytest.fixture
def incident(admin: User) -> Incident:
    return factories.incident(admin)


@pytest.fixture
def action(admin: User, incident: Incident) -> CorrectiveAction:
    return factories.corrective_action(admin, incident)


def test_an_action_has_an_owner_and_a_day_and_its_text_stays_out_of_the_log(admin: User, incident: Incident) -> None:
    row = factories.corrective_action(admin, incident, text="Ask Jo to separate the lists")
    assert (row.owner, row.done_at) == (admin, None)
    said = last()
    assert (said.action, said.subject) == ("decisions.action.added", incident.subject)
    assert said.payload == {"action": str(row.pk), "owner": f"accounts.user:{admin.pk}", "due_on": row.due_on.isoformat()}
    assert row.late_on(row.due_on) is False
    assert row.late_on(row.due_on + timedelta(days=1)) is True


@pytest.mark.parametrize(("fields", "field"), [({"text": " "}, "text"), ({"due_on": clock.now().date() - timedelta(days=2)}, "due_on")])
def test_bad_input_adds_nothing(admin: User, incident: Incident, fields: dict[str, Any], field: str) -> None:
    before = LedgerEntry.objects.count()
    with pytest.raises(InvalidInput) as caught:
        factories.corrective_action(admin, incident, **fields)
    assert caught.value.field == field
    assert (CorrectiveAction.objects.count(), LedgerEntry.objects.count()) == (0, before)


def test_only_people_here_who_work_on_incidents_own_actions(admin: User, incident: Incident) -> None:
    home = factories.home(admin)
    for person in (factories.user(), factories.user(Role.AUDITOR, of=home), factories.user(Role.ASSESSOR, of=home, is_active=False)):
        with pytest.raises(InvalidInput, match="owner"):
            factories.corrective_action(admin, incident, owner=person)
    assert factories.corrective_action(admin, incident, owner=factories.user(Role.ASSESSOR, of=home)).pk


def test_auditors_and_strangers_change_nothing(admin: User, action: CorrectiveAction) -> None:
    for person in (factories.user(Role.AUDITOR, of=factories.home(admin)), factories.user()):
        with pytest.raises(NotAllowed):
            action_complete(actor=person, action=action, note="Done.")
        with pytest.raises(NotAllowed):
            action_add(actor=person, incident=action.incident, text="More", owner=admin, due_on=action.due_on)


def test_done_with_a_proof_then_opened_again(admin: User, action: CorrectiveAction) -> None:
    row = action_complete(actor=admin, action=action, note="Lists are apart.", proof=Proof("check.TXT", b"green"))
    assert row.done_at is not None
    held = Artifact.objects.get(kind="corrective_action_record")
    assert (ActionStep.objects.get().proof, blob_read(held.sha256), held.name) == (held, b"green", f"action-{row.pk}.txt")
    assert last().payload["proof"] == held.sha256
    with pytest.raises(InvalidState, match="done already"):
        action_complete(actor=admin, action=action, note="Again")
    with pytest.raises(InvalidState, match="Open it again"):
        action_change(actor=admin, action=action, owner=admin, due_on=action.due_on, reason="x")
    assert action_reopen(actor=admin, action=row, reason="They were mixed again.").done_at is None
    assert last().action == "decisions.action.reopened"
    assert steps(row) == [("done", "Lists are apart."), ("reopened", "They were mixed again.")]
    with pytest.raises(InvalidState, match="open already"):
        action_reopen(actor=admin, action=row, reason="x")


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"note": " "}, "note"), ({"proof": Proof("run.exe", b"x")}, "proof"), ({"proof": Proof("a.pdf", b"")}, "proof")],
)
def test_nothing_is_done_without_a_note_or_with_a_strange_file(admin: User, action: CorrectiveAction, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        action_complete(actor=admin, action=action, **{"note": "Done.", **fields})
    assert caught.value.field == field
    action.refresh_from_db()
    assert (action.done_at, steps(action), Artifact.objects.count()) == (None, [], 0)


def test_another_day_needs_a_reason_and_no_change_leaves_no_trace(admin: User, action: CorrectiveAction) -> None:
    count, later = LedgerEntry.objects.count(), action.due_on + timedelta(days=5)
    action_change(actor=admin, action=action, owner=admin, due_on=action.due_on, reason="")
    assert LedgerEntry.objects.count() == count
    with pytest.raises(InvalidInput, match="reason"):
        action_change(actor=admin, action=action, owner=admin, due_on=later, reason=" ")
    assert action_change(actor=admin, action=action, owner=admin, due_on=later, reason="Vendor is late").due_on == later
    said = last().payload
    assert (said["before"]["due_on"], said["after"]["due_on"]) == (action.due_on.isoformat(), later.isoformat())
