"""Answers of vendors as gates look at them: for each model version the newest review that is about it, with what went stale taken off."""

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from decisions.conditions import QuestionnaireFact
from inventory.models import ModelVersion
from questionnaires.models import QuestionnaireRequest, RequestState, Verdict
from questionnaires.standing import AnswerBook, Worth, newest_reviewed

Hands = Sequence[tuple[str, str]]


class Answered:
    """The requests to the vendors of some versions under some names, as they count on a day; out of ``book`` where that holds all these vendors."""

    def __init__(self, versions: Iterable[ModelVersion], names: Collection[str], today: datetime.date, book: AnswerBook | None = None) -> None:
        vendors = {row.model.vendor_id for row in versions}
        held = book if book is not None and vendors <= book.vendors else AnswerBook(vendors, today, names)
        self.requests = [row for row in held.requests if row.version.template.name in names]
        reviewed = [row for row in self.requests if row.state == RequestState.REVIEWED]
        self.worths: Mapping[UUID, Worth] = {row.pk: held.worths[row.pk] for row in reviewed}
        self.judges = _judges(reviewed)
        self.titles = _titles(reviewed)

    def facts(self, version: ModelVersion, system: UUID | None, names: Iterable[str]) -> list[QuestionnaireFact]:
        """What each named questionnaire says about ``version`` in ``system``."""
        found = ((name, self._chosen(version, system, name)) for name in dict.fromkeys(names))
        return [self._fact(row, name, version) for name, row in found if row is not None]

    def hands(self, facts: Iterable[QuestionnaireFact]) -> Hands:
        """Who judged or closed what the facts rest on, as the log names people."""
        return [hand for fact in facts for hand in self.judges.get(fact.key, ())]

    def _chosen(self, version: ModelVersion, system: UUID | None, name: str) -> QuestionnaireRequest | None:
        """The newest reviewed request that is about the version or about the vendor as a whole; else the newest of any state."""
        mine = [
            row
            for row in self.requests
            if row.vendor_id == version.model.vendor_id
            and row.version.template.name == name
            and row.model_version_id in (None, version.pk)
            and row.system_id in (None, system)
        ]
        return newest_reviewed(mine) or max(mine, key=lambda row: row.created_at, default=None)

    def _fact(self, row: QuestionnaireRequest, name: str, version: ModelVersion) -> QuestionnaireFact:
        worth = self.worths.get(row.pk)
        said: dict[str, Any] = {"key": str(row.pk), "name": name, "version": str(version.pk), "vendor": str(row.vendor), "state": row.get_state_display()}
        if worth is None:
            return QuestionnaireFact(**said, reviewed=False)
        return QuestionnaireFact(
            **said,
            reviewed=True,
            submission=row.submission.sha256 if row.submission else "",
            claimed=worth.claimed,
            confirmed=worth.confirmed,
            valid_until=row.valid_until,
            flags=tuple(self.titles.get((row.version_id, key), key) for key in worth.flags),
            stale=worth.stale.whole,
            outdated=len(worth.stale.answers),
        )


def _judges(requests: Sequence[Any]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for row in requests:
        name = row.version.template.name
        closed = (_who(row.reviewed_by_id), f"closed the review of “{name}”")
        judges = {UUID(item["verdict_by_id"]) for item in row.answer_rows if item["verdict"] == Verdict.ACCEPTED and item["verdict_by_id"]}
        found[str(row.pk)] = [closed, *((_who(key), f"accepted answers of “{name}”") for key in sorted(judges))]
    return found


def _titles(requests: Sequence[Any]) -> dict[tuple[UUID, str], str]:
    """Titles of exposures, by version of the questionnaire and key."""
    return {(row.version_id, str(flag["id"])): str(flag["title"]) for row in requests for flag in row.document.get("flags") or ()}


def _who(key: UUID | None) -> str:
    return f"accounts.user:{key}"
