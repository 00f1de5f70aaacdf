"""Rows that wait for their signed file: numbered under the log's lock, made once, with the reason in the row where that failed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from celery import current_app
from django.db import models, transaction
from django.db.models import Max
from kombu.exceptions import OperationalError

from accounts.models import User
from accounts.permissions import require
from core.errors import AssayError
from evidence import ledger, statements
from evidence.models import Artifact
from evidence.services import StoredFile, evidence_record
from reports.models import ReportState
from reports.signed_pages import Made


class SignedRow(Protocol):
    """What a model has to have here; ``BoardReport`` is one."""

    state: str
    error: str

    @property
    def pk(self) -> Any:
        """Key of the row."""

    @property
    def organisation_id(self) -> UUID:
        """Key of the owning organisation."""

    @property
    def subject(self) -> str:
        """The text by which the log names what the row is about."""

    def save(self, *, force_insert: bool = ..., update_fields: Any = ...) -> None:
        """Django's own."""


class NumberedRow(SignedRow, Protocol):
    """A row that people cite by its number."""

    number: int


class PagesRow(NumberedRow, Protocol):
    """A row over pages that were fixed when they were asked for; ``SignedPages`` with a subject is one."""

    content_digest: str
    pdf: Any
    entry: Any


R = TypeVar("R", bound=SignedRow)
P = TypeVar("P", bound=PagesRow)


@dataclass(frozen=True)
class Shelf(Generic[R]):
    """How one kind of report is kept.

    ``action`` begins the names of its log entries, ``task`` is the task that makes a row from its key, ``locked`` reads a row
    again for update with the joins it needs, ``named`` is what the entry of a failure says.
    """

    action: str
    task: str
    locked: Callable[[R], R]
    named: Callable[[R], Mapping[str, Any]]
    verb: str = "report.build"


def _nothing(row: Any) -> list[str]:
    return []


def row_ask(*, actor: User, shelf: Shelf[Any], row: NumberedRow, payload: Mapping[str, Any]) -> None:
    """Log that ``row`` was asked for, give it the next number and insert it. Inside the caller's transaction."""
    # The log's lock, taken here, also keeps two requests from choosing the same number.
    _log(actor, f"{shelf.action}.requested", row, payload)
    model: type[models.Model] = type(row)  # type: ignore[assignment]  # a protocol cannot say that its class is a model
    row.number = (model._default_manager.aggregate(highest=Max("number"))["highest"] or 0) + 1
    row.save(force_insert=True)


def row_ring(shelf: Shelf[Any], row: SignedRow) -> None:
    """Ring for a worker once the transaction is through, where ``row`` is not made yet."""
    if row.state != ReportState.DONE:
        transaction.on_commit(partial(worker_ring, shelf.task, str(row.pk)))


def row_make(*, actor: User, shelf: Shelf[R], row: R, build: Callable[[User, R], R]) -> R:
    """``build`` a requested row; one that is made is returned as it is. A failure stays in the row with its reason, and is raised."""
    require(actor, shelf.verb, row)
    if row.state == ReportState.DONE:
        return row
    try:
        return build(actor, row)
    except AssayError as error:
        _fail(actor, shelf, row, str(error))
        raise


def row_close(
    *, actor: User, shelf: Shelf[P], row: P, made: Made, file: StoredFile, said: Mapping[str, Any] | None = None, beside: Callable[[P], list[str]] = _nothing
) -> P:
    """Sign the finished ``file`` into the log and say so in the row; a row that somebody else finished meanwhile is returned as it is.

    ``said`` goes into the entry as well; ``beside`` records what else was made, and names the fields that it set.
    """
    with transaction.atomic():
        held = shelf.locked(row)
        if held.state == ReportState.DONE:
            return held
        fields = beside(held)
        payload = {**shelf.named(held), **(said or {}), "content": held.content_digest, "signed": file.blob.sha256}
        sealed = evidence_record(
            actor=actor,
            action=f"{shelf.action}.built",
            subject=held.subject,
            predicate_type=statements.REPORT,
            predicate=made.predicate,
            blobs=[file],
            payload=payload,
            organisation_id=held.organisation_id,
        )
        held.pdf, held.entry = sealed.artifacts.get(), sealed.entry
        row_done(held, *fields, "pdf", "entry")
    return held


def row_done(row: SignedRow, *fields: str) -> None:
    """The row says that it is made; ``fields`` were set by the caller and are kept with it."""
    row.state, row.error = ReportState.DONE, ""
    row.save(update_fields=[*fields, "state", "error"])


def worker_ring(task: str, *arguments: str) -> None:
    """Ring for a worker. A broker that is away is no error: what was asked for stays asked for and can be asked for again."""
    try:
        current_app.send_task(task, args=list(arguments), queue="reports", retry=False)
    except OperationalError:
        return


def made_of(subject: str, kind: str, content: str) -> Artifact | None:
    """The PDF about ``subject`` whose content has the digest ``content``, for reports that have no row; None where it was not made yet."""
    rows = Artifact.objects.filter(subject=subject, kind=kind, attestation__entry__payload__content=content)
    return rows.select_related("attestation__entry").first()


@transaction.atomic
def _fail(actor: User, shelf: Shelf[R], row: R, message: str) -> None:
    held = shelf.locked(row)
    if held.state == ReportState.DONE:
        return
    held.state, held.error = ReportState.FAILED, message
    held.save(update_fields=["state", "error"])
    _log(actor, f"{shelf.action}.failed", held, shelf.named(held))


def _log(actor: User, action: str, row: SignedRow, payload: Mapping[str, Any]) -> None:
    ledger.append(actor=actor, action=action, subject=row.subject, payload=payload, organisation_id=row.organisation_id)
