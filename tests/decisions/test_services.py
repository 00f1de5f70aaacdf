"""Writes to incidents: who may, what is refused, what stays on record, what the log says."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Role, User
from core import clock
from core.errors import AssayError, Conflict, InvalidInput, InvalidState, NotAllowed, NotFound
from decisions.models import Incident, IncidentFact, Severity, Submission, next_clock
from decisions.services import Judgement, Proof, fact_correct, fact_enter, incident_open, incident_reclassify, submission_record
from evidence.models import Artifact, LedgerEntry
from evidence.storage import blob_read
from tests import factories

pytestmark = pytest.mark.django_db
GDPR = "gdpr-33-initial"


def last() -> LedgerEntry:
    return LedgerEntry.objects.order_by("-index")[0]


def ago(hours: float) -> datetime:
    return clock.now() - timedelta(hours=hours)


def submit(actor: User, row: Incident, hours: float = 0, **fields: Any) -> Submission:
    return submission_record(actor=actor, incident=row, **{"clock_key": GDPR, "submitted_at": ago(hours), "reference": "DPA-7", **fields})


@pytest.fixture
def incident(admin: User) -> Incident:
    return factories.incident(admin)


def test_opening_adds_the_roles_that_the_systems_tell_and_keeps_free_text_out_of_the_log(admin: User) -> None:
    system = factories.system(admin)
    version = factories.version(admin)
    row = factories.incident(admin, systems=[system], versions=[version], vendors=[version.model.vendor], title="A name: Jo")
    assert row.roles == ["high_risk_deployer", "controller"]
    assert (list(row.systems.all()), list(row.versions.all()), list(row.vendors.all())) == ([system], [version], [version.model.vendor])
    said = last()
    assert (said.action, said.subject, said.payload["systems"]) == ("decisions.incident.opened", row.subject, [str(system.id)])
    assert "Jo" not in str(said.payload)
    assert "mixed two lists" not in str(said.payload)
    assert factories.incident(admin).number == row.number + 1


def test_systems_outside_the_union_or_of_low_risk_tell_no_role(admin: User) -> None:
    systems = [factories.system(admin, jurisdiction="US"), factories.system(admin, risk_class="minimal")]
    assert factories.incident(admin, systems=systems).roles == ["controller"]
    systemic = factories.system(admin, our_role="gpai_systemic", jurisdiction="eu")
    assert factories.incident(admin, systems=[systemic], roles=[]).roles == ["gpai_provider", "gpai_systemic"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " "}, "title"),
        ({"description": ""}, "description"),
        ({"severity": "awful"}, "severity"),
        ({"kinds": ["nothing"]}, "kinds"),
        ({"roles": ["nobody"]}, "roles"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"holidays": ["25.12."]}, "holidays"),
    ],
)
def test_bad_input_names_its_field_and_opens_nothing(admin: User, fields: dict[str, Any], field: str) -> None:
    before = LedgerEntry.objects.count()
    with pytest.raises(InvalidInput) as caught:
        factories.incident(admin, **fields)
    assert caught.value.field == field
    assert (Incident.objects.count(), LedgerEntry.objects.count()) == (0, before)


def test_rows_of_another_register_cannot_be_affected(admin: User) -> None:
    with pytest.raises(InvalidInput, match="systems: one of these belongs to another"):
        factories.incident(admin, systems=[factories.system(factories.user())])


def test_a_fact_is_entered_once_and_corrected_beside_itself(admin: User, incident: Incident) -> None:
    first = factories.incident_fact(admin, incident, hours=5)
    with pytest.raises(Conflict, match="entered already"):
        factories.incident_fact(admin, incident)
    second = fact_correct(actor=admin, fact=first, at=ago(3), source="Mail", reason="The ticket was older.")
    assert IncidentFact.objects.count() == 2
    assert incident.facts_known().times == {"aware": second.at}
    assert last().payload == {"fact": "aware", "at": clock.iso(second.at or ago(0)), "before": clock.iso(first.at or ago(0)), "reason": "The ticket was older."}
    with pytest.raises(Conflict, match="corrected in the meantime"):
        fact_correct(actor=admin, fact=first, at=ago(2), source="Mail", reason="Again.")
    gone = fact_correct(actor=admin, fact=second, at=None, source="Mail", reason="It was another incident.")
    assert incident.facts_known().times == {}
    back = fact_correct(actor=admin, fact=gone, at=ago(1), source="Mail", reason="It was this one.")
    assert incident.facts_known().times == {"aware": back.at}


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"name": "awake"}, "name"), ({"at": datetime(1, 1, 1, tzinfo=UTC)}, "at"), ({"at": datetime(2900, 1, 1, tzinfo=UTC)}, "at"), ({"source": ""}, "source")],
)
def test_bad_facts_are_refused(admin: User, incident: Incident, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        fact_enter(actor=admin, incident=incident, **{"name": "aware", "at": ago(1), "source": "Ticket", **fields})
    assert caught.value.field == field
    assert not IncidentFact.objects.exists()


def test_correction_needs_its_reason(admin: User, incident: Incident) -> None:
    with pytest.raises(InvalidInput, match="reason: say in one sentence"):
        fact_correct(actor=admin, fact=factories.incident_fact(admin, incident), at=None, source="Mail", reason=" ")


def test_judging_anew_moves_the_clocks_and_says_what_changed(admin: User, incident: Incident) -> None:
    factories.incident_fact(admin, incident, "aware")
    factories.incident_fact(admin, incident, "discovered")
    now = Judgement("critical", ["personal_data_breach", "imminent_danger"], ["frontier_developer"])
    with pytest.raises(InvalidInput, match="reason"):
        incident_reclassify(actor=admin, incident=incident, judgement=now, reason="")
    row = incident_reclassify(actor=admin, incident=incident, judgement=now, reason="A person is in danger.")
    open_now = {found.key for found in row.clocks(clock.now()) if found.open}
    assert open_now - {"ny-raise-3b-early"} == {"ca-sb53-c2-early"}, "New York's joins it from 2027 on"
    assert last().payload["changed"]["kinds"] == {"before": "personal_data_breach", "after": "imminent_danger, personal_data_breach"}
    count = LedgerEntry.objects.count()
    incident_reclassify(actor=admin, incident=row, judgement=now, reason="")
    assert LedgerEntry.objects.count() == count, "no change, no entry"


def test_submission_keeps_its_proof_and_stops_the_clock(admin: User, incident: Incident) -> None:
    factories.incident_fact(admin, incident, hours=10)
    row = submit(admin, incident, proof=Proof("Receipt.PDF", b"%PDF-1.7 receipt"))
    assert row.proof is not None
    assert blob_read(row.proof.sha256) == b"%PDF-1.7 receipt"
    assert (row.proof.name, row.proof.media_type, row.proof.subject) == (f"{GDPR}.pdf", "application/pdf", incident.subject)
    assert (row.entry, row.entry.payload["reference"], row.entry.payload["proof"]) == (last(), "DPA-7", row.proof.sha256)
    assert Artifact.objects.visible_to(admin).filter(pk=row.proof_id).exists()
    found = next(found for found in incident.clocks(clock.now()) if found.key == GDPR)
    assert found.state == "submitted"
    with pytest.raises(InvalidState, match="recorded on this clock already"):
        submit(admin, incident)


def test_late_submission_needs_its_reason(admin: User, incident: Incident) -> None:
    factories.incident_fact(admin, incident, hours=80)
    with pytest.raises(InvalidInput, match="late_reason: the report was sent after its due time"):
        submit(admin, incident, 1, proof=Proof("a.txt", b"kept?"))
    assert not Submission.objects.exists()
    row = submit(admin, incident, 1, late_reason="Nobody was on call.")
    assert row.entry.payload["late_reason"] == "Nobody was on call."
    assert row.due_at is not None
    assert next(found for found in incident.clocks(clock.now()) if found.key == GDPR).state == "submitted_late"
    with pytest.raises(IntegrityError), transaction.atomic():
        Submission.objects.update(late_reason="")


def test_in_time_submission_keeps_no_late_reason(admin: User, incident: Incident) -> None:
    factories.incident_fact(admin, incident)
    assert submit(admin, incident, late_reason="Not needed").late_reason == ""


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"clock_key": "nothing"}, NotFound),
        ({"clock_key": "ca-sb53-c1-initial"}, InvalidState),
        ({"submitted_at": datetime(2900, 1, 1, tzinfo=UTC)}, InvalidInput),
        ({"submitted_at": datetime(2001, 1, 1, tzinfo=UTC)}, InvalidInput),
        ({"reference": " "}, InvalidInput),
        ({"proof": Proof("virus.exe", b"x")}, InvalidInput),
        ({"proof": Proof("empty.pdf", b"")}, InvalidInput),
    ],
)
def test_bad_submissions_leave_nothing(admin: User, incident: Incident, fields: dict[str, Any], error: type[AssayError]) -> None:
    factories.incident_fact(admin, incident)
    with pytest.raises(error):
        submit(admin, incident, **fields)
    assert (Submission.objects.count(), Artifact.objects.count(), last().action) == (0, 0, "decisions.fact.entered")


def test_nothing_can_be_recorded_on_a_clock_that_has_not_started(admin: User, incident: Incident) -> None:
    with pytest.raises(InvalidState, match="“Became aware” is unknown"):
        submit(admin, incident)


@pytest.mark.parametrize(
    "write",
    [
        lambda actor, row, fact: incident_open(actor=actor, organisation=row.organisation, title="T", description="D", judgement=Judgement(Severity.LOW)),
        lambda actor, row, fact: incident_reclassify(actor=actor, incident=row, judgement=Judgement(Severity.LOW), reason="x"),
        lambda actor, row, fact: fact_enter(actor=actor, incident=row, name="occurred", at=ago(1), source="x"),
        lambda actor, row, fact: fact_correct(actor=actor, fact=fact, at=None, source="x", reason="x"),
        lambda actor, row, fact: submit(actor, row),
    ],
    ids=["open", "reclassify", "enter", "correct", "submit"],
)
def test_readers_and_strangers_cannot_write(admin: User, incident: Incident, write: Callable[[User, Incident, IncidentFact], object]) -> None:
    fact = factories.incident_fact(admin, incident)
    before = LedgerEntry.objects.count()
    for person in (factories.user(Role.AUDITOR, of=incident.organisation), factories.user()):
        with pytest.raises(NotAllowed):
            write(person, incident, fact)
    assert LedgerEntry.objects.count() == before


def test_assessors_write_facts_but_send_nothing(admin: User, incident: Incident) -> None:
    assessor = factories.user(Role.ASSESSOR, of=incident.organisation)
    factories.incident_fact(assessor, incident)
    with pytest.raises(NotAllowed):
        submit(assessor, incident)


def test_rows_are_visible_in_their_organisation_only(admin: User, incident: Incident) -> None:
    factories.incident_fact(admin, incident)
    for rows in (Incident.objects, IncidentFact.objects):
        assert rows.visible_to(admin).count() == 1
        assert rows.visible_to(factories.user()).count() == 0


def test_what_is_due_at_once_comes_first(admin: User) -> None:
    row = factories.incident(admin, kinds=["personal_data_breach", "bank_service_disruption"], roles=["controller", "us_bank_service_provider"])
    factories.incident_fact(admin, row, "aware", hours=71)
    assert (found := next_clock(row.clocks(clock.now()))) is not None
    assert found.key == GDPR
    factories.incident_fact(admin, row, "determined")
    assert (found := next_clock(Incident.objects.get().clocks(clock.now()))) is not None
    assert found.key == "us-bank-service-provider-initial"
