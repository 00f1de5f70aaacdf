"""Answers: who may write which, what is kept, two at once, handing in, and single answers reopened."""

import json
import threading
from typing import Any

import pytest
from django.db import connection

from accounts.models import Role, User
from core import clock
from core.errors import InvalidInput, InvalidState, NotAllowed
from core.hashing import sha256_bytes
from evidence.models import Artifact, LedgerEntry
from evidence.storage import blob_read
from questionnaires.attachments import LARGEST, MOST_PER_ANSWER
from questionnaires.models import Answer, AnswerRevision, Exhibit, ExhibitState, QuestionnaireRequest, RequestState, Score, Verdict
from questionnaires.respondents import AnswerConflict, invitation_of
from questionnaires.services.answering import answer_decline, answer_write, exhibit_attach, exhibit_remove
from questionnaires.services.invitations import invitation_create
from questionnaires.services.requests import request_withdraw
from questionnaires.services.submitting import Missing
from tests import factories
from tests.questionnaires.conftest import Guest
from tests.questionnaires.files import PDF, Endless, stream

pytestmark = pytest.mark.django_db


def attach(guest: Guest, question: str = "card", name: str = "card.pdf", data: bytes = PDF) -> Exhibit:
    return exhibit_attach(**guest.who, question=question, name=name, stream=stream(data))


def test_every_value_is_kept_and_the_log_hears_of_none(guest: Guest) -> None:
    for value in ("weights", "text", "weights"):
        guest.write("level", value)
    row = Answer.objects.get()
    assert (row.value, row.revision, [(old.number, old.value) for old in row.revisions.all()]) == ("weights", 3, [(2, "text"), (1, "weights")])
    assert not LedgerEntry.objects.filter(action__startswith="questionnaires.answer").exists()
    assert LedgerEntry.objects.filter(action="questionnaires.request.opened").count() == 1


def test_same_value_again_is_no_revision_even_from_a_stale_page(guest: Guest) -> None:
    guest.write("level", "weights")
    assert guest.write("level", "weights", seen=0).revision == 1


def test_stale_page_is_refused_with_both_values(guest: Guest) -> None:
    guest.write("level", "weights", seen=0)
    with pytest.raises(AnswerConflict) as refused:
        guest.write("level", "text", seen=0)
    assert (refused.value.answer.value, refused.value.offered) == ("weights", "text")
    assert Answer.objects.get().value == "weights"
    assert guest.write("level", "text", seen=1).revision == 2


@pytest.mark.parametrize(
    ("question", "raw"),
    [
        ("level", "none"),
        ("hours", "many"),
        ("hours", -1),
        ("tested", "31.3."),
        ("methods", ["x"]),
        ("card", "text"),
        ("contacts", [{"x": 1}]),
        ("unknown", "x"),
    ],
)
def test_value_that_does_not_fit_changes_nothing(guest: Guest, question: str, raw: Any) -> None:
    with pytest.raises(InvalidInput):
        guest.write(question, raw)
    assert not Answer.objects.exists()


def test_only_ones_own_sections_can_be_written(admin: User, asked: QuestionnaireRequest) -> None:
    part = Guest(factories.questionnaire_invitation(admin, asked, sections=["access"], may_submit=False)[1])
    part.write("level", "weights")
    with pytest.raises(InvalidInput, match="your part"):
        part.write("who", "We did.")
    with pytest.raises(InvalidInput, match="your part"):
        attach(part)
    with pytest.raises(NotAllowed):
        part.submit()


def test_nobody_writes_under_anothers_invitation(admin: User, guest: Guest, asked: QuestionnaireRequest) -> None:
    person, other = (factories.user(Role.VENDOR, of=factories.home(admin)) for _ in range(2))
    mine, _ = invitation_create(actor=admin, request=asked, name="Kim", user=person)
    assert answer_write(actor=person, invitation=mine, question="level", raw="text").changed_by == person
    for actor in (other, admin, factories.worker(factories.home(admin))):
        with pytest.raises(NotAllowed):
            answer_write(actor=actor, invitation=mine, question="level", raw="weights")
    with pytest.raises(NotAllowed):
        answer_write(actor=person, invitation=guest.invitation, question="level", raw="weights")


def test_withdrawn_request_takes_nothing(admin: User, guest: Guest, asked: QuestionnaireRequest) -> None:
    held = guest.who
    request_withdraw(actor=admin, request=asked, reason="No longer needed.")
    with pytest.raises(InvalidState, match="withdrawn"):
        answer_write(**held, question="level", raw="weights")


def test_file_is_quarantined_evidence_under_a_neutral_name(guest: Guest) -> None:
    row = attach(guest, name="Robin's card.pdf")
    assert (row.state, row.name, row.artifact.name) == (ExhibitState.QUARANTINED, "Robin's card.pdf", "attachment.pdf")
    assert blob_read(row.artifact.sha256) == PDF
    entry = LedgerEntry.objects.get(action="questionnaires.exhibit.attached")
    assert entry.payload["invitation"] == str(guest.invitation.pk)
    assert "Robin" not in entry.attestation.envelope + str(entry.payload)
    exhibit_remove(**guest.who, exhibit=row)
    with pytest.raises(InvalidInput, match="taken back"):
        exhibit_remove(**guest.who, exhibit=row)
    assert blob_read(row.artifact.sha256) == PDF, "what was handed in stays in the store"


def test_file_too_large_or_too_many_leaves_nothing_behind(guest: Guest, installation: Any) -> None:
    endless = Endless()
    with pytest.raises(InvalidInput, match="larger than"):
        exhibit_attach(**guest.who, question="card", name="card.pdf", stream=endless)  # type: ignore[arg-type]
    assert endless.given < 2 * LARGEST
    assert not Artifact.objects.exists()
    for _ in range(MOST_PER_ANSWER):
        attach(guest)
    with pytest.raises(InvalidInput, match=f"{MOST_PER_ANSWER} files already"):
        attach(guest)


def test_missing_answers_are_listed_and_nothing_is_submitted(guest: Guest, asked: QuestionnaireRequest) -> None:
    guest.write("level", "text")
    with pytest.raises(Missing) as refused:
        guest.submit()
    assert refused.value.keys == ["raise", "card"]
    asked.refresh_from_db()
    assert (asked.state, asked.submission, Score.objects.count()) == (RequestState.OPENED, None, 0)


def test_declining_counts_as_answered(guest: Guest) -> None:
    guest.write("level", "weights")
    answer_decline(**guest.who, question="card", reason="Under contract.")
    guest.submit()
    assert Score.objects.get().sheet["answered"] == 2


def test_submission_is_the_answers_under_their_digest(guest: Guest, asked: QuestionnaireRequest) -> None:
    guest.complete()
    guest.write("hours", 12.5)
    artifact = guest.submit()
    asked.refresh_from_db()
    raw = blob_read(artifact.sha256)
    held = json.loads(raw)
    assert (asked.state, asked.submission, sha256_bytes(raw)) == (RequestState.SUBMITTED, artifact, artifact.sha256)
    assert held["document"] == asked.version.digest
    answers = {row["question"]: row for row in held["answers"]}
    assert (answers["hours"]["value"], answers["card"]["exhibits"][0]["sha256"], "raise" in answers) == (12.5, sha256_bytes(PDF), False)
    entry = LedgerEntry.objects.get(action="questionnaires.request.submitted")
    assert (entry.payload["submission"], entry.payload["answers"]["files"]) == (artifact.sha256, 1)
    assert Score.objects.get().claimed == 100


def test_after_submission_only_a_reopened_answer_changes_and_its_verdict_goes_with_it(guest: Guest, asked: QuestionnaireRequest) -> None:
    guest.complete()
    guest.write("hours", 3)
    first = guest.submit()
    for act in (lambda: guest.write("hours", 4), lambda: attach(guest), lambda: exhibit_remove(**guest.who, exhibit=Exhibit.objects.get()), guest.submit):
        with pytest.raises(InvalidState):
            act()
    judged = {"verdict": Verdict.REJECTED, "verdict_reason": "Not what the contract says.", "verdict_at": clock.now()}
    Answer.objects.filter(question="level").update(reopened_at=clock.now(), **judged)
    for state in (RequestState.SUBMITTED, RequestState.OPENED):
        QuestionnaireRequest.objects.filter(pk=asked.pk).update(state=state)
        with pytest.raises(InvalidState):
            guest.write("hours", 4)
    row = guest.write("level", "text")
    assert (row.verdict, row.revisions.get().verdict_reason) == ("", "Not what the contract says.")
    with pytest.raises(Missing):
        guest.submit()
    guest.write("raise", "no")
    second = guest.submit()
    asked.refresh_from_db()
    assert (asked.submission, first != second, Score.objects.count()) == (second, True, 2)
    with pytest.raises(InvalidState):
        guest.write("level", "weights")


@pytest.mark.django_db(transaction=True)
def test_two_at_once_lose_nothing(transactional_db: None) -> None:
    admin = factories.user()
    factories.worker(factories.home(admin))
    asked = factories.questionnaire_request(admin)
    guests = [Guest(factories.questionnaire_invitation(admin, asked)[1]) for _ in range(4)]
    start, results = threading.Barrier(4), []

    def write(number: int) -> None:
        try:
            held = guests[number].who
            start.wait()
            results.append(answer_write(**held, question="who", raw=f"Answer {number}", seen=0).value)
        except AnswerConflict as error:
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [row for row in results if isinstance(row, str)]
    assert (len(won), len(results), AnswerRevision.objects.count()) == (1, 4, 0)
    assert Answer.objects.get().value == won[0]
    assert {row.answer.value for row in results if isinstance(row, AnswerConflict)} == {won[0]}


def test_unknown_secret_opens_nothing(db: None) -> None:
    assert invitation_of("assay_q_" + "x" * 43) is None
    assert invitation_of("") is None
