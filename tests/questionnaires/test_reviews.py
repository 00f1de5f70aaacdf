"""Reviewing on a real database: who may judge what, what a verdict needs, what follows from it, and that nothing said is lost."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Role, User
from core import clock
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed, NotFound
from evidence.models import LedgerEntry
from questionnaires.models import Answer, AnswerRevision, Comment, ExhibitState, QuestionnaireRequest, RequestState, ScoreReason
from questionnaires.services.exhibits import evidence_cite, exhibit_refuse, exhibit_release
from questionnaires.services.reviews import answer_judge, answer_reopen, review_close, review_comment
from tests import factories
from tests.questionnaires import review_rows as rows

pytestmark = pytest.mark.django_db
WHY = "The contract says so."


@pytest.fixture
def request_row(admin: User) -> QuestionnaireRequest:
    return rows.request(admin)


def judge(actor: User, answer: Answer, verdict: str = "accepted", **fields: Any) -> Answer:
    return answer_judge(actor=actor, answer=answer, verdict=verdict, **{"revision": answer.revision, "reason": WHY, **fields})


def accept_all(actor: User, row: QuestionnaireRequest) -> None:
    for answer in Answer.objects.filter(request=row):
        judge(actor, answer, points=1 if answer.question == "method" else None)


def test_accepting_confirms_what_was_only_claimed_and_logs_no_text(admin: User, request_row: QuestionnaireRequest) -> None:
    before = rows.latest(request_row)
    row = judge(admin, rows.answer_of(request_row, "headline"))
    after = rows.latest(request_row)
    assert (before.claimed, before.confirmed, after.reason) == (25.0, 0.0, ScoreReason.JUDGED)
    assert (after.claimed, after.confirmed) == (25.0, 25.0)
    entry = LedgerEntry.objects.get(action="questionnaires.answer.judged")
    assert entry.subject == f"questionnaires.answer:{row.pk}"
    assert {"verdict": "accepted", "question": "headline", "revision": 1, "exhibits": []}.items() <= entry.payload.items()
    assert "yes" not in entry.payload.values()


@pytest.mark.parametrize(
    ("key", "verdict", "more", "field"),
    [
        ("headline", "good", {}, "verdict"),
        ("headline", "rejected", {"reason": " "}, "reason"),
        ("headline", "needs_evidence", {"reason": ""}, "reason"),
        ("headline", "accepted", {"reason": ""}, "reason"),
        ("headline", "rejected", {"reason": "x" * 1001}, "reason"),
        ("headline", "accepted", {"points": 3}, "points"),
        ("method", "accepted", {}, "points"),
        ("method", "accepted", {"points": 2}, "points"),
        ("method", "rejected", {"points": 1}, "points"),
    ],
)
def test_a_verdict_without_what_it_needs_changes_nothing(
    admin: User, request_row: QuestionnaireRequest, key: str, verdict: str, more: dict[str, Any], field: str
) -> None:
    entries = LedgerEntry.objects.count()
    with pytest.raises(InvalidInput) as caught:
        judge(admin, rows.answer_of(request_row, key), verdict, **more)
    assert caught.value.field == field
    assert (rows.answer_of(request_row, key).verdict, LedgerEntry.objects.count()) == ("", entries)


def test_a_released_file_is_reason_enough_and_one_in_quarantine_stops_acceptance(admin: User, request_row: QuestionnaireRequest) -> None:
    answer = rows.answer_of(request_row, "report")
    file = rows.exhibit(admin, answer)
    with pytest.raises(InvalidInput, match="quarantine"):
        judge(admin, answer)
    exhibit_release(actor=admin, exhibit=file)
    assert judge(admin, answer, reason="").verdict == "accepted"
    assert rows.latest(request_row).confirmed == 50.0


def test_points_of_a_level_count_only_when_accepted_and_a_declined_answer_gets_none(admin: User, request_row: QuestionnaireRequest) -> None:
    judge(admin, rows.answer_of(request_row, "method"), points=3)
    assert rows.latest(request_row).confirmed == 25.0
    assert judge(admin, rows.answer_of(request_row, "method"), "rejected").points is None
    assert rows.latest(request_row).confirmed == 0.0
    declined = rows.request(admin, {"method": {"declined": "A secret."}})
    with pytest.raises(InvalidInput, match="points"):
        judge(admin, rows.answer_of(declined, "method"), points=3)
    assert judge(admin, rows.answer_of(declined, "method")).points is None


def test_nobody_judges_or_closes_over_an_answer_of_his_own(admin: User) -> None:
    row = rows.request(admin, respondent=admin)
    answer = rows.answer_of(row, "headline")
    with pytest.raises(NotAllowed, match="yourself"):
        judge(admin, answer)
    other = factories.user(Role.GOVERNANCE, of=factories.home(admin))
    answer.changed_by = other
    answer.save()
    AnswerRevision.objects.create(answer=answer, number=1, value="no", changed_by=admin)
    with pytest.raises(NotAllowed, match="yourself"):
        judge(admin, answer)
    with pytest.raises(NotAllowed, match="yourself"):
        review_close(actor=admin, request=row, left=["headline", "hours", "method"], reason=WHY)


def test_a_file_is_not_released_by_whoever_attached_it(admin: User, request_row: QuestionnaireRequest) -> None:
    file = rows.exhibit(admin, rows.answer_of(request_row, "report"), added_by=admin)
    with pytest.raises(NotAllowed, match="yourself"):
        exhibit_release(actor=admin, exhibit=file)


def test_a_verdict_is_bound_to_the_answer_that_was_read(admin: User, request_row: QuestionnaireRequest) -> None:
    answer = rows.answer_of(request_row, "headline")
    Answer.objects.filter(pk=answer.pk).update(value="no", revision=2)
    with pytest.raises(Conflict, match="changed since"):
        judge(admin, answer)


@pytest.mark.parametrize("role", [Role.ASSESSOR, Role.APPROVER, Role.AUDITOR, Role.API_CLIENT])
def test_roles_without_the_verb_judge_nothing(admin: User, request_row: QuestionnaireRequest, role: str) -> None:
    with pytest.raises(NotAllowed):
        judge(factories.user(role, of=factories.home(admin)), rows.answer_of(request_row, "headline"))


def test_a_stranger_and_a_program_judge_nothing(admin: User, request_row: QuestionnaireRequest) -> None:
    answer = rows.answer_of(request_row, "headline")
    with pytest.raises(NotAllowed):
        judge(factories.user(Role.ADMINISTRATOR), answer)
    with pytest.raises(NotAllowed, match="person"):
        judge(factories.user(Role.GOVERNANCE, of=factories.home(admin), is_service=True), answer)


@pytest.mark.parametrize("state", [RequestState.DRAFT, RequestState.SENT, RequestState.OPENED, RequestState.WITHDRAWN])
def test_only_submitted_answers_are_judged(admin: User, state: str) -> None:
    row = rows.request(admin, state=state)
    with pytest.raises(InvalidState):
        judge(admin, rows.answer_of(row, "headline"))


def test_a_hidden_question_is_not_judged(admin: User) -> None:
    row = rows.request(admin, {"headline": "no", "hours": 3})
    with pytest.raises(NotFound, match="hours"):
        judge(admin, rows.answer_of(row, "hours"))


def test_reopening_keeps_what_was_said_and_takes_the_verdict_out_of_the_score(admin: User, request_row: QuestionnaireRequest) -> None:
    accept_all(admin, request_row)
    review_close(actor=admin, request=request_row)
    answer = answer_reopen(actor=admin, request=request_row, question="headline", reason="Say within how many hours.")
    row = QuestionnaireRequest.objects.get(pk=request_row.pk)
    assert (row.state, answer.verdict, answer.revision, answer.value) == (RequestState.OPENED, "", 2, "yes")
    assert answer.reopened_at is not None
    kept = AnswerRevision.objects.get(answer=answer)
    assert (kept.number, kept.value, kept.verdict, kept.verdict_reason) == (1, "yes", "accepted", WHY)
    assert (rows.latest(row).reason, rows.latest(row).confirmed) == (ScoreReason.REOPENED, 8.3)
    assert [found.reopened_at for found in Answer.objects.filter(request=row).exclude(pk=answer.pk)] == [None, None]
    with pytest.raises(InvalidState, match="open already"):
        answer_reopen(actor=admin, request=row, question="headline", reason="Again.")
    second = answer_reopen(actor=admin, request=row, question="report", reason="Attach it.")
    assert (second.value, second.reopened_reason) == (None, "Attach it.")


def test_reopening_needs_a_reason_a_submission_and_a_question_that_is_asked(admin: User, request_row: QuestionnaireRequest) -> None:
    with pytest.raises(InvalidInput, match="reason"):
        answer_reopen(actor=admin, request=request_row, question="headline", reason="")
    with pytest.raises(NotFound):
        answer_reopen(actor=admin, request=request_row, question="colour", reason="x")
    with pytest.raises(InvalidState, match="Nothing was submitted"):
        answer_reopen(actor=admin, request=rows.request(admin, state=RequestState.OPENED, submitted_at=None), question="headline", reason="x")


def test_closing_wants_every_answer_judged_or_left_by_name(admin: User, request_row: QuestionnaireRequest) -> None:
    judge(admin, rows.answer_of(request_row, "headline"))
    with pytest.raises(InvalidInput, match="hours, method"):
        review_close(actor=admin, request=request_row)
    with pytest.raises(InvalidInput, match="does not wait"):
        review_close(actor=admin, request=request_row, left=["hours", "method", "headline"], reason=WHY)
    with pytest.raises(InvalidInput, match="reason"):
        review_close(actor=admin, request=request_row, left=["hours", "method"])
    row = review_close(actor=admin, request=request_row, left=["hours", "method"], reason="Not needed for this use.")
    entry = LedgerEntry.objects.get(action="questionnaires.review.closed")
    assert (row.state, row.reviewed_by, entry.payload["left"]) == (RequestState.REVIEWED, admin, ["hours", "method"])
    assert entry.payload["questionnaire"] == row.version.digest
    assert len(entry.payload["verdicts_digest"]) == 64
    with pytest.raises(InvalidState, match="closed"):
        judge(admin, rows.answer_of(row, "hours"))


@pytest.mark.parametrize(("months", "early"), [(6, False), (24, False), (6, True)])
def test_a_review_holds_until_the_vendors_cycle_is_over_or_earlier(admin: User, months: int, early: bool) -> None:
    row = rows.request(admin, vendor=factories.vendor(admin, review_cycle_months=months))
    today = clock.now().date()
    accept_all(admin, row)
    latest = clock.add_months(today, months)
    for wrong in (today, latest + timedelta(days=1)):
        with pytest.raises(InvalidInput, match="valid_until"):
            review_close(actor=admin, request=row, valid_until=wrong)
    wanted = today + timedelta(days=30) if early else None
    closed = review_close(actor=admin, request=row, valid_until=wanted)
    assert closed.valid_until == (wanted or latest)


def test_a_file_that_was_refused_counts_no_more(admin: User, request_row: QuestionnaireRequest) -> None:
    answer = rows.answer_of(request_row, "report")
    file = rows.exhibit(admin, answer)
    with pytest.raises(InvalidInput, match="reason"):
        exhibit_refuse(actor=admin, exhibit=file, reason="")
    refused = exhibit_refuse(actor=admin, exhibit=file, reason="It is about another product.")
    assert refused.state == ExhibitState.REFUSED
    with pytest.raises(InvalidInput, match="neither an answer nor a file"):
        judge(admin, answer)
    with pytest.raises(InvalidState, match="only one in quarantine"):
        exhibit_release(actor=admin, exhibit=refused)
    assert LedgerEntry.objects.get(action="questionnaires.exhibit.refused").payload["artifact"] == file.artifact.sha256


def test_evidence_is_cited_by_digest_once_and_only_from_the_own_register(admin: User, request_row: QuestionnaireRequest) -> None:
    answer, file = rows.answer_of(request_row, "report"), rows.artifact(admin)
    cited = evidence_cite(actor=admin, answer=answer, sha256=f"SHA256:{file.sha256}", note="Our own run.")
    assert (cited.artifact, cited.state, cited.origin) == (file, ExhibitState.RELEASED, "cited")
    with pytest.raises(Conflict):
        evidence_cite(actor=admin, answer=answer, sha256=file.sha256)
    foreign = rows.artifact(factories.user(Role.ADMINISTRATOR))
    for wrong in (foreign.sha256, "ab" * 32, ""):
        with pytest.raises(InvalidInput, match="digest"):
            evidence_cite(actor=admin, answer=answer, sha256=wrong)


def test_a_comment_is_kept_and_its_text_stays_out_of_the_log(admin: User, request_row: QuestionnaireRequest) -> None:
    review_comment(actor=admin, request=request_row, question="hours", text="Which hours?", internal=True)
    row = Comment.objects.get()
    assert (row.question, row.internal, row.by) == ("hours", True, admin)
    assert "Which hours" not in str(LedgerEntry.objects.get(action="questionnaires.comment.added").payload)
    with pytest.raises(InvalidInput, match="no such question"):
        review_comment(actor=admin, request=request_row, question="colour", text="?")
    with pytest.raises(InvalidInput, match="text"):
        review_comment(actor=admin, request=request_row, text="  ")
