"""Blind exercises: the truth is nowhere until it is revealed, nobody scores their own, and every outcome counts."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.db.utils import IntegrityError

from accounts.models import Role, User
from assessments.blind import Outcome, Planted, Scored, outcome_of, tally, truth_document, truth_read
from assessments.blind_models import BlindState
from assessments.contracts import Reading
from assessments.models import BlindExercise, Finding
from assessments.organisms.registry import DATA, RECORD
from assessments.services.blind import blind_answer, blind_reveal, blind_seal, blind_withdraw
from assessments.services.runs import run_create
from core.canonical import canonical_digest
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from evidence.bundle import statement_of
from evidence.keys import installed
from evidence.ledger import entry_check
from evidence.models import LedgerEntry
from evidence.storage import blob_read
from inventory.models import ModelVersion
from tests import factories

SECRET = "A very particular wording that stands nowhere else"


@pytest.fixture
def assessor(admin: User) -> User:
    return factories.user(Role.ASSESSOR, of=factories.home(admin))


def found_by(person: User, version: ModelVersion, reading: Reading = Reading.OBSERVED) -> Finding:
    """A finding from a plan that ``person`` sealed and ran just now."""
    run = run_create(actor=person, plan=factories.plan(person, ("one",), version=version))
    return factories.finish(factories.worker(factories.home(person)), run.steps.get(), factories.output(reading=reading))


@pytest.mark.parametrize(
    ("planted", "reading", "outcome"),
    [
        (Planted.NOTHING, Reading.NULL, Outcome.CORRECT_REJECTION),
        (Planted.NOTHING, Reading.OBSERVED, Outcome.FALSE_ALARM),
        (Planted.NOTHING, Reading.CAUSAL, Outcome.FALSE_ALARM),
        (Planted.NOTHING, Reading.INCONCLUSIVE, Outcome.NO_ANSWER),
        (Planted.OBSERVED, Reading.OBSERVED, Outcome.HIT),
        (Planted.OBSERVED, Reading.CAUSAL, Outcome.HIT),
        (Planted.OBSERVED, Reading.NULL, Outcome.MISS),
        (Planted.OBSERVED, Reading.NOT_APPLICABLE, Outcome.NO_ANSWER),
        (Planted.CAUSAL, Reading.OBSERVED, Outcome.MISS),
        (Planted.CAUSAL, Reading.CAUSAL, Outcome.HIT),
    ],
)
def test_every_reading_is_scored_against_the_truth(planted: Planted, reading: Reading, outcome: Outcome) -> None:
    assert outcome_of(planted, reading) == outcome


def test_commitment_depends_on_the_salt_and_on_every_field() -> None:
    wish: dict[str, Any] = {"exercise": "e", "weights_digest": "w", "instrument": "i", "planted": Planted.NOTHING, "description": "d"}
    one, other = truth_document(**wish), truth_document(**wish)
    assert len(one["salt"]) == 64
    assert canonical_digest(one) != canonical_digest(other)
    assert truth_read(json.dumps(one, indent=7), canonical_digest(one)) == one
    for field in one:
        with pytest.raises(InvalidInput, match="not the truth that was sealed"):
            truth_read(json.dumps({**one, field: "other"}), canonical_digest(one))


@pytest.mark.parametrize("text", ["", "no json", '{"a":', "[" * 5000, "NaN", '{"a": 1e999}'])
def test_what_is_no_truth_is_an_error_at_its_field(text: str) -> None:
    with pytest.raises(InvalidInput) as error:
        truth_read(text, "0" * 64)
    assert error.value.field == "truth"


def test_tally_keeps_no_answers_in_the_denominator_and_counts_weights_for_the_interval() -> None:
    rows = [
        Scored("revealed", Planted.OBSERVED, Outcome.HIT, True, "a"),
        Scored("revealed", Planted.OBSERVED, Outcome.HIT, True, "a"),
        Scored("revealed", Planted.CAUSAL, Outcome.NO_ANSWER, True, "b"),
        Scored("revealed", Planted.OBSERVED, Outcome.MISS, True, "b"),
        Scored("revealed", Planted.NOTHING, Outcome.FALSE_ALARM, True, "c"),
        Scored("revealed", Planted.NOTHING, Outcome.CORRECT_REJECTION, True, "d"),
        Scored("sealed", None, None, False, "e"),
        Scored("answered", None, None, True, "e"),
        Scored("withdrawn", None, None, False, "f"),
        Scored("withdrawn", None, None, True, "f"),
    ]
    found = tally(rows)
    assert (found.revealed, found.planted, found.empty, found.open, found.withdrawn, found.abandoned) == (6, 4, 2, 2, 1, 1)
    assert found.found is not None
    assert found.found.value == pytest.approx(0.5)
    assert (found.found.low, found.found.high) == pytest.approx((0.0945, 0.9055), abs=1e-3), "Wilson with two weights, not four exercises"
    assert found.claimed is not None
    assert found.claimed.value == pytest.approx(0.5)
    assert not tally([]).any


@pytest.mark.django_db
def test_sealed_truth_is_neither_in_the_database_nor_in_the_store(admin: User, installation: Path) -> None:
    row, text = factories.blind_exercise(admin, planted="causal", description=SECRET)
    truth = json.loads(text)
    assert canonical_digest(truth) == row.commitment
    stored = [str(list(model.objects.values_list())) for model in apps.get_models()]
    files = [path.read_bytes().decode(errors="replace") for path in installation.rglob("*") if path.is_file()]
    for secret in (SECRET, truth["salt"]):
        assert not any(secret in part for part in (*stored, *files))
    assert (row.planted, row.description, row.outcome) == ("", "", "")
    assert any(row.commitment in part for part in stored)


@pytest.mark.django_db
def test_three_stages_are_signed_in_this_order_and_the_revealed_file_has_the_sealed_digest(admin: User, assessor: User) -> None:
    row, text = factories.blind_exercise(admin, description=SECRET)
    row = blind_answer(actor=assessor, exercise=row, finding=found_by(assessor, row.version))
    row = blind_reveal(actor=admin, exercise=row, truth=text)
    entries = list(LedgerEntry.objects.filter(subject=row.subject).order_by("index"))
    assert [entry.action for entry in entries] == [f"assessments.blind.{stage}" for stage in ("sealed", "answered", "revealed")]
    for entry in entries:
        entry_check(entry, installed())
    said = statement_of(entries[0].attestation.parsed_envelope, installed().trust)
    assert said["subject"] == [{"name": "truth.json", "digest": {"sha256": row.commitment}}]
    assert (row.state, row.outcome, row.planted, row.description) == (BlindState.REVEALED, "hit", "observed", SECRET)
    assert canonical_digest(json.loads(blob_read(row.commitment))) == row.commitment
    assert entries[1].payload["findings_since_seal"] == 1


@pytest.mark.django_db
def test_another_text_reveals_nothing_and_the_right_one_still_does(admin: User, assessor: User) -> None:
    row, text = factories.blind_exercise(admin, planted="nothing")
    blind_answer(actor=assessor, exercise=row, finding=found_by(assessor, row.version))
    entries = LedgerEntry.objects.count()
    with pytest.raises(InvalidInput, match="not the truth that was sealed"):
        blind_reveal(actor=admin, exercise=row, truth=text.replace("nothing", "observed"))
    row.refresh_from_db()
    assert (row.state, LedgerEntry.objects.count()) == (BlindState.ANSWERED, entries)
    assert blind_reveal(actor=admin, exercise=row, truth=text).outcome == "false_alarm"


@pytest.mark.django_db
def test_whoever_sealed_cannot_answer_and_whoever_answered_cannot_reveal(admin: User) -> None:
    other = factories.user(Role.ADMINISTRATOR, of=factories.home(admin))
    row, text = factories.blind_exercise(admin)
    finding = found_by(other, row.version)
    with pytest.raises(NotAllowed, match="You sealed the truth"):
        blind_answer(actor=admin, exercise=row, finding=finding)
    blind_answer(actor=other, exercise=row, finding=finding)
    with pytest.raises(NotAllowed, match="You answered"):
        blind_reveal(actor=other, exercise=row, truth=text)
    assert blind_reveal(actor=admin, exercise=row, truth=text).state == BlindState.REVEALED


@pytest.mark.django_db
def test_answer_must_be_made_blind(admin: User, assessor: User) -> None:
    version = factories.version(admin)
    before = found_by(assessor, version)
    row, _ = factories.blind_exercise(admin, version=version)
    elsewhere = found_by(assessor, factories.version(admin))
    by_the_sealer = found_by(admin, version)
    for finding, told in ((before, "sealed before the truth"), (elsewhere, "choose a finding of known_circuits"), (by_the_sealer, "whoever sealed the truth")):
        with pytest.raises(InvalidInput, match=told):
            blind_answer(actor=assessor, exercise=row, finding=finding)
    row.refresh_from_db()
    assert (row.state, row.finding) == (BlindState.SEALED, None)


@pytest.mark.django_db
def test_answer_is_given_once_and_truth_never_before_it(admin: User, assessor: User) -> None:
    row, text = factories.blind_exercise(admin)
    with pytest.raises(InvalidState, match="cannot become"):
        blind_reveal(actor=admin, exercise=row, truth=text)
    first, second = found_by(assessor, row.version), found_by(assessor, row.version, Reading.NULL)
    assert blind_answer(actor=assessor, exercise=row, finding=first).findings_since == 2
    with pytest.raises(InvalidState):
        blind_answer(actor=assessor, exercise=row, finding=second)


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.GOVERNANCE, Role.ASSESSOR, Role.APPROVER, Role.AUDITOR, Role.VENDOR, Role.API_CLIENT, Role.WORKER])
def test_only_administrators_seal_reveal_and_withdraw(admin: User, role: str) -> None:
    row, text = factories.blind_exercise(admin)
    person = factories.user(role, of=factories.home(admin))
    with pytest.raises(NotAllowed):
        factories.blind_exercise(person, version=factories.version(admin))
    with pytest.raises(NotAllowed):
        blind_reveal(actor=person, exercise=row, truth=text)
    with pytest.raises(NotAllowed):
        blind_withdraw(actor=person, exercise=row, reason="lost")


@pytest.mark.django_db
def test_weights_whose_truth_is_public_cannot_be_sealed(admin: User) -> None:
    record = json.loads(next(DATA.glob(f"*/{RECORD}")).read_bytes())
    version = factories.version(admin, version_facts=factories.facts(weights_digest=record["weights_digest"]))
    with pytest.raises(InvalidInput, match="its truth can be looked up"):
        factories.blind_exercise(admin, version=version)
    assert not BlindExercise.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value"), [("question", " "), ("question", "x" * 501), ("description", ""), ("description", "x" * 4001), ("planted", "perhaps")]
)
def test_incomplete_seal_is_refused_at_its_field(admin: User, field: str, value: str) -> None:
    wish = {"version": factories.version(admin), "instrument": "known_circuits", "question": "q", "planted": "nothing", "description": "d"}
    entries = LedgerEntry.objects.count()
    with pytest.raises(InvalidInput) as error:
        blind_seal(actor=admin, **{**wish, field: value})
    assert (error.value.field, LedgerEntry.objects.count()) == (field, entries)


@pytest.mark.django_db
def test_second_truth_about_the_same_question_waits_for_the_first(admin: User, assessor: User) -> None:
    row, _ = factories.blind_exercise(admin)
    entries = LedgerEntry.objects.count()
    with pytest.raises(Conflict, match="open exercise"):
        factories.blind_exercise(admin, planted="nothing", version=row.version)
    assert LedgerEntry.objects.count() == entries
    with pytest.raises(InvalidInput, match="say why"):
        blind_withdraw(actor=admin, exercise=row, reason=" ")
    assert blind_withdraw(actor=admin, exercise=row, reason="The text was lost.").reason == "The text was lost."
    assert factories.blind_exercise(admin, version=row.version)[0].state == BlindState.SEALED


@pytest.mark.django_db
def test_database_itself_refuses_a_truth_on_an_open_exercise(admin: User) -> None:
    row, _ = factories.blind_exercise(admin)
    with pytest.raises(IntegrityError), transaction.atomic():
        BlindExercise.objects.filter(pk=row.pk).update(description="known")
