"""What a reviewer does with answers: judges them, opens one again, comments, and closes the review."""

from collections.abc import Collection
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from accounts.permissions import require
from core import clock
from core.canonical import canonical_digest
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed, NotFound
from core.hashing import sha256_bytes
from inventory.rows import row_log
from questionnaires.document import Question
from questionnaires.models import Answer, AnswerRevision, Comment, Direction, ExhibitState, QuestionnaireRequest, RequestState, ScoreReason, Verdict
from questionnaires.services.notices import notices_ring, reopening_note
from questionnaires.sitting import score_add, sitting_of

VERB = "questionnaire.review"
LONGEST_REASON, LONGEST_COMMENT = 1000, 5000
CYCLE = 12
"""Months that a review holds where no vendor says otherwise."""


@transaction.atomic
def answer_judge(*, actor: User, answer: Answer, verdict: str, revision: int, reason: str = "", points: float | None = None) -> Answer:
    """Say what ``revision`` of an answer is worth; a later word replaces an earlier one until the review is closed.

    A verdict other than accepted needs a reason, and so does accepting an answer that no released file stands behind. ``points`` are needed, and
    allowed, only when an answer to a question with levels is accepted. ``Conflict`` when the answer is no longer the one that was read.
    """
    require(actor, VERB, answer)
    request = reviewed_row(actor, answer.request, (RequestState.SUBMITTED,))
    row = _locked(answer)
    need_other_eyes(actor, row)
    if row.revision != revision:
        raise Conflict("This answer changed since you opened the page. Read it again, then judge it.")
    question = asked_in(request, row.question)
    said = _checked_reason(row, verdict, reason)
    row.points = _points(question, row, verdict, points)
    row.verdict, row.verdict_reason, row.verdict_by, row.verdict_at = verdict, said, actor, clock.now()
    row.save(update_fields=["verdict", "verdict_reason", "verdict_by", "verdict_at", "points"])
    score_add(request, ScoreReason.JUDGED)
    row_log(actor, "questionnaires.answer.judged", row, {**said_of(row), "verdict": verdict, "points": row.points, "reason": said})
    return row


@transaction.atomic
def answer_reopen(*, actor: User, request: QuestionnaireRequest, question: str, reason: str) -> Answer:
    """Let the respondent change this one answer again, and no other; the request goes back to being answered, a closed review is open again.

    What stood there is kept as a revision with its verdict; the verdict no longer counts. Respondents who may change it are told by mail.
    """
    require(actor, VERB, request)
    row = reviewed_row(actor, request, (RequestState.SUBMITTED, RequestState.REVIEWED, RequestState.OPENED))
    if row.submitted_at is None:
        raise InvalidState("Nothing was submitted yet, so every answer can still be changed.")
    asked_in(row, question)
    text = _text("reason", reason, LONGEST_REASON, "say in a sentence what has to change; the respondent reads it")
    answer = _reopenable(row, question)
    answer.request = row
    answer.reopened_at, answer.reopened_reason = clock.now(), text
    answer.verdict, answer.verdict_reason, answer.verdict_by, answer.verdict_at, answer.points = "", "", None, None, None
    answer.save()
    row.state = RequestState.OPENED
    row.save(update_fields=["state"])
    score_add(row, ScoreReason.REOPENED)
    row_log(actor, "questionnaires.answer.reopened", answer, {**said_of(answer), "reason": text, "mails": reopening_note(answer)})
    notices_ring()
    return answer


@transaction.atomic
def review_comment(*, actor: User, request: QuestionnaireRequest, text: str, question: str = "", internal: bool = False) -> Comment:
    """A reviewer's word on one question, or on the whole without ``question``; ``internal`` ones the respondent never sees."""
    require(actor, VERB, request)
    row = reviewed_row(actor, request, [state for state in RequestState.values if state != RequestState.WITHDRAWN])
    if question and question not in row.version.parsed().by_id:
        raise InvalidInput("question", "the questionnaire has no such question")
    said = _text("text", text, LONGEST_COMMENT, "write what you want to say")
    comment = Comment.objects.create(request=row, question=question, text=said, internal=internal, by=actor)
    facts = {"request": str(row.pk), "question": question, "internal": internal, "text_sha256": sha256_bytes(said.encode())}
    row_log(actor, "questionnaires.comment.added", comment, facts)
    return comment


@transaction.atomic
def review_close(
    *, actor: User, request: QuestionnaireRequest, left: Collection[str] = (), reason: str = "", valid_until: date | None = None
) -> QuestionnaireRequest:
    """End the review. Every answer must be judged, or named in ``left`` with one ``reason``; those are worth nothing as confirmed.

    It holds until the vendor's review cycle is over, or until an earlier ``valid_until``. Nobody closes the review of answers of his own.
    """
    require(actor, VERB, request)
    row = reviewed_row(actor, request, (RequestState.SUBMITTED,))
    answers = list(Answer.objects.filter(request=row).select_related("invitation"))
    for answer in answers:
        need_other_eyes(actor, answer)
    open_now = _unjudged(row, answers)
    text = _check_left(open_now, left, reason)
    row.valid_until = _until(row, valid_until)
    row.state, row.reviewed_at, row.reviewed_by = RequestState.REVIEWED, clock.now(), actor
    row.save(update_fields=["state", "reviewed_at", "reviewed_by", "valid_until"])
    score = score_add(row, ScoreReason.REVIEWED)
    facts = {"valid_until": row.valid_until.isoformat(), "left": sorted(left), "reason": text, "questionnaire": row.version.digest}
    shown = {"submission": row.submission.sha256 if row.submission else "", "verdicts_digest": canonical_digest(verdicts_of(answers)), "score": score.sheet}
    row_log(actor, "questionnaires.review.closed", row, {**facts, **shown})
    return row


def verdicts_of(answers: Collection[Answer]) -> list[dict[str, Any]]:
    """Verdicts as the log names them by one digest: question, revision, digest of the value, verdict and points, in the order of the keys."""
    rows = sorted(answers, key=lambda row: row.question)
    return [
        {"question": row.question, "revision": row.revision, "value": canonical_digest(row.value), "verdict": row.verdict, "points": row.points} for row in rows
    ]


def cycle_end(request: QuestionnaireRequest, today: date) -> date:
    """The last day on which a review that is closed on ``today`` can hold."""
    return clock.add_months(today, request.vendor.review_cycle_months if request.vendor else CYCLE)


def reviewed_row(actor: User, request: QuestionnaireRequest, states: Collection[str]) -> QuestionnaireRequest:
    """The request, locked; ``InvalidState`` unless it is in one of ``states``, ``NotAllowed`` for a program."""
    if actor.is_service:
        raise NotAllowed("A service account cannot review answers; a person has to.")
    related = ("version__template", "vendor", "submission")
    row = QuestionnaireRequest.objects.select_for_update(of=("self",)).select_related(*related).get(pk=request.pk)
    if row.direction != Direction.OUTBOUND:
        raise InvalidState("These are our own answers to a customer. They are approved as a whole, on the page of the customer's questionnaire.")
    if row.state not in states:
        raise InvalidState(WHY[RequestState(row.state)])
    return row


WHY = {
    RequestState.DRAFT: "The questionnaire was not sent yet.",
    RequestState.SENT: "Nothing was submitted yet; there is nothing to review.",
    RequestState.OPENED: "It is being answered. Wait until it is submitted.",
    RequestState.SUBMITTED: "The answers are submitted; this is no longer possible.",
    RequestState.REVIEWED: "The review is closed. Open an answer again to change what it says.",
    RequestState.WITHDRAWN: "The questionnaire was withdrawn.",
}
"""Why something cannot be done in a state."""


def need_other_eyes(actor: User, answer: Answer) -> None:
    """``NotAllowed`` for whoever gave this answer or an earlier form of it."""
    own = Q(changed_by=actor) | Q(invitation__user=actor)
    gave = answer.changed_by_id == actor.pk or (answer.invitation is not None and answer.invitation.user_id == actor.pk)
    if gave or AnswerRevision.objects.filter(own, answer=answer).exists():
        raise NotAllowed(f"You gave the answer to “{answer.question}” yourself. Somebody else has to judge it.")


def asked_in(request: QuestionnaireRequest, key: str) -> Question:
    """The question, if the request asks it; ``NotFound`` for one that does not exist, is switched off or hidden by another answer."""
    found = next((question for _, question in sitting_of(request).asked() if question.id == key), None)
    if found is None:
        raise NotFound(f"This request does not ask “{key}”.")
    return found


def said_of(row: Answer) -> dict[str, Any]:
    """How the log points to an answer: never its text."""
    files = row.exhibits.filter(removed_at__isnull=True).exclude(state=ExhibitState.REFUSED).values_list("artifact__sha256", flat=True)
    return {
        "request": str(row.request_id),
        "question": row.question,
        "revision": row.revision,
        "value": canonical_digest(row.value),
        "exhibits": sorted(files),
    }


def _locked(answer: Answer) -> Answer:
    return Answer.objects.select_for_update(of=("self",)).select_related("invitation", "request").get(pk=answer.pk)


def _checked_reason(row: Answer, verdict: str, reason: str) -> str:
    if verdict not in Verdict.values:
        raise InvalidInput("verdict", f"choose one of: {', '.join(Verdict.labels)}")
    if verdict != Verdict.ACCEPTED:
        return _text("reason", reason, LONGEST_REASON, "say in a sentence what is wrong or missing; the respondent reads it")
    files = list(row.exhibits.filter(removed_at__isnull=True).values_list("state", flat=True))
    if ExhibitState.QUARANTINED in files:
        raise InvalidInput("verdict", "a file of this answer is in quarantine; release or refuse it first")
    if ExhibitState.RELEASED in files:
        return _text("reason", reason, LONGEST_REASON, "")
    if row.value is None:
        raise InvalidInput("verdict", "there is neither an answer nor a file to accept")
    return _text("reason", reason, LONGEST_REASON, "no file stands behind this answer; say why the word alone is enough")


def _points(question: Question, row: Answer, verdict: str, points: float | None) -> float | None:
    declined = isinstance(row.value, dict) and "declined" in row.value
    if verdict != Verdict.ACCEPTED or not question.levels or declined:
        if points is not None:
            raise InvalidInput("points", "only an accepted answer to a question with levels gets points from a reviewer")
        return None
    if points not in [level.points for level in question.levels]:
        raise InvalidInput("points", f"choose one of: {', '.join(f'{level.points:g}' for level in question.levels)}")
    return points


def _text(name: str, raw: str, most: int, needed: str) -> str:
    text = raw.strip()
    if needed and not text:
        raise InvalidInput(name, needed)
    if len(text) > most:
        raise InvalidInput(name, f"at most {most:,} characters; this has {len(text):,}")
    return text


def _reopenable(request: QuestionnaireRequest, question: str) -> Answer:
    """The answer, with what stood there put by; a new empty one where nothing was answered."""
    answer = Answer.objects.select_for_update(of=("self",)).filter(request=request, question=question).first()
    if answer is None:
        return Answer.objects.create(request=request, question=question, value=None, changed_at=clock.now())
    if answer.reopened_at is not None and request.state == RequestState.OPENED:
        raise InvalidState("This answer is open already; the respondent can change it.")
    AnswerRevision.objects.create(
        answer=answer, number=answer.revision, value=answer.value, invitation=answer.invitation, changed_by=answer.changed_by,
        verdict=answer.verdict, verdict_reason=answer.verdict_reason,
    )  # fmt: skip
    answer.revision += 1
    return answer


def _unjudged(request: QuestionnaireRequest, answers: Collection[Answer]) -> list[str]:
    """Keys of asked questions that are answered and not judged."""
    asked, given = {question.id for _, question in sitting_of(request).asked()}, sitting_of(request).given
    return sorted(row.question for row in answers if row.question in asked and given[row.question].answered and not row.verdict)


def _check_left(open_now: Collection[str], left: Collection[str], reason: str) -> str:
    forgotten = sorted(set(open_now) - set(left))
    if forgotten:
        names = ", ".join(forgotten[:5]) + (" …" if len(forgotten) > 5 else "")
        raise InvalidInput("left", f"judge these answers, or leave them with a reason: {names}")
    strange = sorted(set(left) - set(open_now))
    if strange:
        raise InvalidInput("left", f"“{strange[0]}” does not wait for a verdict; take it off")
    return _text("reason", reason, LONGEST_REASON, "say in a sentence why answers are left without a verdict" if left else "")


def _until(request: QuestionnaireRequest, wanted: date | None) -> date:
    today = clock.now().date()
    latest = cycle_end(request, today)
    if wanted is not None and not today < wanted <= latest:
        raise InvalidInput("valid_until", f"choose a day after today and until {latest.isoformat()}, when the review cycle is over")
    return wanted or latest
