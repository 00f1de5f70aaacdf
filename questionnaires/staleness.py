"""Why an accepted answer no longer rests on what it was accepted for. Worked out on reading."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from core.errors import IntegrityFailed, NotFound, StorageFailed
from core.json_rows import moment, rows_of
from evidence.models import EvidenceLink
from evidence.storage import blobs
from frameworks.models import DUTY, Requirement
from inventory.models import Lifecycle
from questionnaires.grounds import with_grounds
from questionnaires.models import Exhibit, ExhibitOrigin, ExhibitState, QuestionnaireRequest, RequestState

Reasons = tuple[str, ...]
Item = Mapping[str, Any]
"""A row that came along with a request."""


@dataclass(frozen=True)
class Staleness:
    """``whole`` speaks against every accepted answer of a request, ``answers`` against single ones, by question."""

    whole: Reasons = ()
    answers: Mapping[str, Reasons] = field(default_factory=dict)

    def of(self, question: str) -> Reasons:
        """Everything that speaks against an accepted answer to ``question``."""
        return (*self.whole, *self.answers.get(question, ()))

    @property
    def any(self) -> bool:
        """Whether anything is stale."""
        return bool(self.whole or self.answers)


def staleness_of(requests: Sequence[QuestionnaireRequest], today: date) -> dict[UUID, Staleness]:
    """What is stale about each request on ``today``, by its key; one query, none where all are known to rest on nothing that changes (``filed``).

    Whether files can still be read: ``unreadable``.
    """
    found = {row.pk: Staleness(_expired(row, today)) for row in requests}
    resting = [row.pk for row in requests if row.model_version_id or getattr(row, "filed", True)]
    if resting:
        rows = QuestionnaireRequest.objects.filter(pk__in=resting)
        found |= {row.pk: stale_in(row, today) for row in with_grounds(rows, today)}
    return found


def stale_in(row: Any, today: date) -> Staleness:
    """What is stale about a request that was read ``with_grounds``."""
    single: dict[str, Reasons] = {}
    for file in row.file_rows:
        said = (*single.get(file["question"], ()), *_against_file(file, today))
        if said:
            single[file["question"]] = tuple(dict.fromkeys(said))
    return Staleness((*_expired(row, today), *_moved_on(row)), single)


def unreadable(files: Iterable[Exhibit]) -> list[str]:
    """What cannot be read back whole from the store, in words; every file is hashed again."""
    store, found = blobs(), []
    for row in files:
        try:
            store.open(row.artifact.sha256).close()
        except (NotFound, IntegrityFailed, StorageFailed):
            found.append(f"“{row.name}” cannot be read from the evidence store any more, or its bytes changed.")
    return found


def _expired(row: QuestionnaireRequest, today: date) -> Reasons:
    if row.state == RequestState.REVIEWED and row.valid_until is not None and row.valid_until < today:
        return (f"The review held until {row.valid_until.isoformat()}.",)
    return ()


def _moved_on(row: Any) -> Reasons:
    """The version it is about is out of use, or other weights of the same model are at work and it is not."""
    version = row.model_version
    if version is None:
        return ()
    if version.lifecycle in (Lifecycle.RETIRED, Lifecycle.ROLLED_BACK):
        return (f"It is about {version}, which is {version.get_lifecycle_display().lower()}.",)
    at_work = {UUID(item["version_id"]): item["label"] for item in row.at_work}
    if at_work and version.pk not in at_work:
        return (f"It is about {version}; at work now: {', '.join(sorted(at_work.values()))}.",)
    return ()


def _against_file(file: Item, today: date) -> Iterable[str]:
    """What speaks against an accepted answer because of one file behind it; what happened before the verdict the reviewer knew."""
    name, judged = file["name"], file["judged_at"] and moment(file["judged_at"])
    if file["state"] == ExhibitState.REFUSED:
        yield f"The file “{name}” was refused after the answer was accepted."
    if judged is None:
        return
    if file["origin"] == ExhibitOrigin.CITED:
        yield from _replaced(file, judged)
    for link in file["links"]:
        yield from _against_link(name, link, judged, today)


def _replaced(file: Item, judged: datetime) -> Iterable[str]:
    (newest,) = file["newest"]
    found = moment(newest["created_at"])
    if newest["sha256"] != file["sha256"] and found > judged:
        yield f"The cited file “{file['name']}” was superseded by a newer one on {found.date().isoformat()}."


def _against_link(name: str, link: Item, judged: datetime, today: date) -> Iterable[str]:
    (before,) = rows_of(Requirement, link["before"])
    if link["status"] == EvidenceLink.Status.DECLINED:
        if link["reviewed_at"] and moment(link["reviewed_at"]) > judged:
            yield f"“{name}” was declined as evidence for {before.ref}."
        return
    if link["valid_until"] and date.fromisoformat(link["valid_until"]) < today:
        yield f"“{name}” counted as evidence for {before.ref} until {link['valid_until']}."
    for item in link["now"]:
        (now,) = rows_of(Requirement, [{field: item[field] for field in DUTY}])
        if moment(item["known_at"]) > judged and now.digest != before.digest:
            yield _change(before, now, item["known_from"])


def _change(before: Requirement, after: Requirement, known_from: str) -> str:
    if before.applies_from != after.applies_from:
        days = [row.applies_from.isoformat() if row.applies_from else "no fixed day" for row in (before, after)]
        return f"The day from which {after.ref} applies moved from {days[0]} to {days[1]}."
    return f"{after.ref} says something else since {known_from}."
