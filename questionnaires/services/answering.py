"""What respondents do: answer, decline, attach, comment. Each answer keeps every value it ever had."""

from typing import Any, BinaryIO

from django.db import transaction

from accounts.models import User
from core import clock
from core.errors import InvalidInput, InvalidState
from evidence.services import StoredFile, evidence_record
from evidence.storage import blob_put_bytes
from questionnaires.attachments import MOST_PER_ANSWER, MOST_PER_REQUEST, Attachment, attachment_read
from questionnaires.models import Answer, AnswerRevision, Comment, Exhibit, ExhibitOrigin, ExhibitState, Invitation
from questionnaires.respondents import AnswerConflict
from questionnaires.rules import DECLINED
from questionnaires.services.requests import comment_text
from questionnaires.values import value_read
from questionnaires.writing import VERB, Entry, began, entered

ATTACHED = "urn:assay:predicate:questionnaire-attachment:v1"
MOST_COMMENTS = 300


@transaction.atomic
def portal_enter(*, actor: User, invitation: Invitation) -> Invitation:
    """Note that the respondent came in."""
    entry = entered(actor, invitation)
    began(entry)
    return entry.invitation


@transaction.atomic
def answer_write(*, actor: User, invitation: Invitation, question: str, raw: Any, seen: int | None = None) -> Answer:
    """Store ``raw`` as the answer to ``question``; the value before it is kept as a revision.

    ``seen`` is the revision the writer had in view (0: none). ``AnswerConflict`` when another one came first with a different value.
    """
    entry = entered(actor, invitation)
    asked = entry.question(question)
    value = value_read(asked, raw)
    row = entry.answers.get(question)
    if row is not None and row.value == value and row.revision:
        return row
    if row is None and value is None:
        return Answer(request=entry.request, question=question, value=None, revision=0, changed_at=clock.now())
    entry.need_changeable(asked)
    if seen is not None and seen != (row.revision if row else 0):
        raise AnswerConflict(row or Answer(request=entry.request, question=question), value)
    began(entry)
    return _stored(entry, row, question, value)


@transaction.atomic
def answer_decline(*, actor: User, invitation: Invitation, question: str, reason: str, seen: int | None = None) -> Answer:
    """Say that this is not disclosed, and why; it counts as an answer that is worth nothing."""
    return answer_write(actor=actor, invitation=invitation, question=question, raw={DECLINED: reason}, seen=seen)


def exhibit_attach(*, actor: User, invitation: Invitation, question: str, name: str, stream: BinaryIO) -> Exhibit:
    """Keep the file in ``stream`` behind the answer, in quarantine; read no further than its limit. ``InvalidInput`` on ``file`` for what is not taken."""
    with transaction.atomic():
        _need_room(entered(actor, invitation), question)
    file = attachment_read(name, stream)
    stored = StoredFile(blob_put_bytes(file.data), f"attachment{file.suffix}", file.media_type, "questionnaire-attachment", f"Attachment to {question}")
    with transaction.atomic():
        # Once before the file is read, so that a refusal costs nothing, and once under the lock under which it is entered.
        entry = entered(actor, invitation)
        _need_room(entry, question)
        began(entry)
        return _attached(entry, question, file, stored)


@transaction.atomic
def exhibit_remove(*, actor: User, invitation: Invitation, exhibit: Exhibit) -> Exhibit:
    """Take a file back; it stays in the store, and no longer stands behind the answer."""
    entry = entered(actor, invitation)
    row = Exhibit.objects.select_related("answer", "artifact").filter(pk=exhibit.pk, answer__request=entry.request, removed_at__isnull=True).first()
    if row is None or row.origin != ExhibitOrigin.ATTACHED:
        raise InvalidInput("file", "there is no such file of yours; it may have been taken back already")
    entry.need_changeable(entry.question(row.answer.question))
    row.removed_at = clock.now()
    row.save(update_fields=["removed_at"])
    entry.log("questionnaires.exhibit.removed", {"question": row.answer.question, "artifact": row.artifact.sha256})
    return row


@transaction.atomic
def comment_add(*, actor: User, invitation: Invitation, question: str, text: str) -> Comment:
    """A word to the reviewer about one question, or about the whole when ``question`` is empty. Kept out of the log, as free text."""
    entry = entered(actor, invitation)
    if question:
        entry.question(question)
    if Comment.objects.filter(request=entry.request).count() >= MOST_COMMENTS:
        raise InvalidState(f"There are {MOST_COMMENTS} comments already. Write to {entry.request.owner} instead.")
    row = Comment(request=entry.request, question=question, text=comment_text(text), invitation=entry.invitation, by=entry.invitation.user)
    row.save(force_insert=True)
    began(entry)
    return row


def _stored(entry: Entry, row: Answer | None, question: str, value: Any) -> Answer:
    by = {"invitation": entry.invitation, "changed_by": entry.invitation.user}
    if row is None:
        row = Answer(request=entry.request, question=question, value=value, revision=1, changed_at=clock.now(), **by)
        row.save(force_insert=True)
        return row
    if row.revision:
        old = {"value": row.value, "invitation_id": row.invitation_id, "changed_by_id": row.changed_by_id}
        AnswerRevision(answer=row, number=row.revision, verdict=row.verdict, verdict_reason=row.verdict_reason, **old).save(force_insert=True)
    row.value, row.revision, row.changed_at = value, row.revision + 1, clock.now()
    row.invitation, row.changed_by, row.reused_from = entry.invitation, entry.invitation.user, None
    # A verdict is about what was said, so it goes with it; the revision keeps both.
    row.verdict, row.verdict_reason, row.verdict_by, row.verdict_at, row.points = "", "", None, None, None
    row.save()
    return row


def _need_room(entry: Entry, question: str) -> None:
    entry.need_changeable(entry.question(question))
    rows = Exhibit.objects.filter(answer__request=entry.request, removed_at__isnull=True)
    if rows.filter(answer__question=question).count() >= MOST_PER_ANSWER:
        raise InvalidInput("file", f"there are {MOST_PER_ANSWER} files already. Take one back, or put several into one PDF")
    if rows.count() >= MOST_PER_REQUEST:
        raise InvalidInput("file", f"this questionnaire holds {MOST_PER_REQUEST} files already, and takes no more")


def _attached(entry: Entry, question: str, file: Attachment, stored: StoredFile) -> Exhibit:
    answer = entry.answers.get(question)
    if answer is None:
        by = {"invitation": entry.invitation, "changed_by": entry.invitation.user}
        answer = Answer(request=entry.request, question=question, value=None, revision=0, changed_at=clock.now(), **by)
        answer.save(force_insert=True)
    facts = {"invitation": str(entry.invitation.pk), "question": question, "artifact": stored.blob.sha256, "size": stored.blob.size}
    attestation = evidence_record(
        actor=entry.actor,
        action="questionnaires.exhibit.attached",
        subject=subject_of(entry),
        predicate_type=ATTACHED,
        predicate={"request": str(entry.request.pk), "question": question, "document": entry.request.version.digest, "quarantined": True},
        blobs=[stored],
        payload=facts,
        organisation_id=entry.request.organisation_id,
        verb=VERB,
    )
    state, by = ExhibitState.QUARANTINED, {"invitation": entry.invitation, "added_by": entry.invitation.user}
    row = Exhibit(answer=answer, artifact=attestation.artifacts.get(), name=file.name, origin=ExhibitOrigin.ATTACHED, state=state, **by)
    row.save(force_insert=True)
    return row


def subject_of(entry: Entry) -> str:
    """The text by which the log names the request."""
    return f"{entry.request._meta.label_lower}:{entry.request.pk}"
