"""What answers of vendors say about their clearance, beyond what decisions weighed already: rejected, stale, or asked for by a policy and not there."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from decisions.clearance_words import Reason, reason
from decisions.conditions import parse
from decisions.gate_models import Decision, GatePolicyVersion
from inventory.models import Lifecycle, Vendor
from questionnaires.models import QuestionnaireRequest, RequestState, Verdict
from questionnaires.staleness import Staleness
from questionnaires.standing import AnswerBook

Place = tuple[UUID, UUID | None, UUID | None]
"""A questionnaire and what it was asked about: template, model version, system; both None for the vendor as a whole."""
ENDED = (Lifecycle.RETIRED, Lifecycle.ROLLED_BACK)
NAMED = 5


@dataclass(frozen=True)
class VendorAnswers:
    """The newest reviews of one vendor with what is stale and which answers were rejected, by request; ``asked``: required by a policy now."""

    reviews: Sequence[QuestionnaireRequest] = ()
    stale: Mapping[UUID, Staleness] = field(default_factory=dict)
    rejected: Mapping[UUID, Sequence[str]] = field(default_factory=dict)
    waiting: Mapping[str, str] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()

    def reasons(self, weighed: frozenset[str], only: Iterable[UUID] | None) -> list[Reason]:
        """Reasons against the vendor. ``weighed``: questionnaires that every decision that counts was made under; those speak through the decision."""
        mine = [row for row in self.reviews if _name(row) not in weighed and _concerns(row, only)]
        missing = sorted(self.asked - weighed - {_name(row) for row in self.reviews if _concerns(row, only)})
        return [found for row in mine for found in self._of(row)] + [self._missing(name) for name in missing]

    def ends(self, only: Iterable[UUID] | None) -> list[datetime.date]:
        """Last days of the reviews that hold."""
        held = [row for row in self.reviews if row.state == RequestState.REVIEWED and _concerns(row, only) and not self.stale[row.pk].whole]
        return [row.valid_until for row in held if row.valid_until is not None]

    def _of(self, row: QuestionnaireRequest) -> Iterable[Reason]:
        name, where = _name(row), {"questionnaire": str(row.pk)}
        if row.state != RequestState.REVIEWED:
            yield reason("answers_missing", f"The review of “{name}” was opened again and is not closed yet.", **where)
            return
        refused, stale = self.rejected.get(row.pk, ()), self.stale[row.pk]
        if refused:
            yield reason("answers_rejected", f"A reviewer rejected answers to “{name}”: {_list(refused)}.", **where)
        if stale.whole:
            yield reason("answers_stale", f"The answers to “{name}” no longer hold. {' '.join(stale.whole)}", **where)
        elif stale.answers:
            yield reason("answers_stale", f"Accepted answers to “{name}” no longer hold: {_list(sorted(stale.answers))}.", **where)

    def _missing(self, name: str) -> Reason:
        said = f"“{name}” is not reviewed yet; the request is {self.waiting[name]}." if name in self.waiting else f"The vendor was never asked “{name}”."
        return reason("answers_missing", f"A gate policy asks for answers to a questionnaire. {said}")


def weighed_in(decisions: Sequence[Sequence[Decision]]) -> frozenset[str]:
    """Names of questionnaires that the decisions which count weighed, for every line of a vendor; ``decisions``: those of each line."""
    found = [frozenset(row.name for decision in line for row in parse(decision.policy.conditions) if row.kind == "questionnaire") for line in decisions]
    return frozenset.intersection(*found) if found else frozenset()


def answers_of(vendors: Sequence[Vendor], book: AnswerBook) -> dict[UUID, VendorAnswers]:
    """What the answers of each vendor say, by its key: out of ``book``, which holds them all; one query beside it."""
    reviews, by_age = _reviews(book.requests), sorted(book.requests, key=lambda row: row.created_at)
    closed = [row for row in reviews if row.state == RequestState.REVIEWED]
    stale = book.stale if closed else {}
    rejected, asked = _rejected(closed), _asked({row.organisation_id for row in vendors})
    return {
        row.pk: VendorAnswers(
            [found for found in reviews if found.vendor_id == row.pk],
            stale,
            rejected,
            {_name(found): found.get_state_display().lower() for found in by_age if found.vendor_id == row.pk},
            asked.get(row.organisation_id, frozenset()),
        )
        for row in vendors
    }


def _reviews(requests: Sequence[QuestionnaireRequest]) -> list[QuestionnaireRequest]:
    """For each vendor, questionnaire and subject the request that was reviewed last, also where that review is open again. Versions out of use are left out."""
    newest: dict[tuple[UUID | None, Place], QuestionnaireRequest] = {}
    for row in requests:
        gone = row.model_version is not None and row.model_version.lifecycle in ENDED
        if row.reviewed_at is None or gone:
            continue
        place = (row.vendor_id, (row.version.template_id, row.model_version_id, row.system_id))
        held = newest.get(place)
        if held is None or (held.reviewed_at, held.created_at) < (row.reviewed_at, row.created_at):
            newest[place] = row
    return sorted(newest.values(), key=lambda row: (_name(row), str(row.pk)))


def _rejected(closed: Sequence[Any]) -> dict[UUID, list[str]]:
    return {row.pk: [item["question"] for item in row.answer_rows if item["verdict"] == Verdict.REJECTED] for row in closed}


def _asked(organisations: set[UUID]) -> dict[UUID, frozenset[str]]:
    """Names of the questionnaires that required conditions of current policies ask for, by organisation; one query."""
    current: dict[UUID, GatePolicyVersion] = {}
    rows = GatePolicyVersion.objects.filter(policy__organisation__in=organisations).select_related("policy").order_by("number")
    for row in rows:
        current[row.policy_id] = row
    found: dict[UUID, frozenset[str]] = {}
    for row in current.values():
        names = frozenset(item.name for item in parse(row.conditions) if item.kind == "questionnaire" and item.required)
        found[row.organisation_id] = found.get(row.organisation_id, frozenset()) | names
    return found


def _name(row: QuestionnaireRequest) -> str:
    return row.version.template.name


def _concerns(row: QuestionnaireRequest, only: Iterable[UUID] | None) -> bool:
    """Whether a request is about the vendor as a whole, or about something in ``only``; None is everything."""
    keys = {row.model_version_id, row.system_id} - {None}
    return only is None or not keys or bool(keys & set(only))


def _list(keys: Sequence[str]) -> str:
    return ", ".join(keys[:NAMED]) + (f" and {len(keys) - NAMED} more" if len(keys) > NAMED else "")
