"""Every vendor by what it discloses and how much depends on it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import QuerySet

from inventory.models import Vendor
from questionnaires.models import QuestionnaireRequest, RequestState
from questionnaires.standing import Worth, newest_reviewed, requests_of, worths_of
from reports.vendor_exposure import Exposure, exposures_of

MIDDLE = 50
"""Where the map is divided, on both axes."""
QUADRANTS = {
    (False, True): "Exposed, little confirmed",
    (True, True): "Exposed, much confirmed",
    (False, False): "Little at stake, little confirmed",
    (True, False): "Little at stake, much confirmed",
}
"""Names of the quarters, by: at least half confirmed, at least half exposed."""
NEVER, WAITING, EXPIRED, MOVED, UNSCORED = "never asked", "asked, not reviewed yet", "review expired", "answers are about another version", "nothing is scored"


@dataclass(frozen=True)
class Dot:
    """One vendor: what its newest reviewed disclosure is worth now; ``absent`` says why it has no place on the map, and is empty when it has one."""

    vendor: Vendor
    exposure: Exposure
    worth: Worth | None
    absent: str

    @property
    def confirmed(self) -> float:
        """Per cent confirmed; 0 for one that is not on the map."""
        return (self.worth.confirmed or 0.0) if self.worth and not self.absent else 0.0

    @property
    def claimed(self) -> float:
        """Per cent claimed; 0 for one that is not on the map."""
        return (self.worth.claimed or 0.0) if self.worth and not self.absent else 0.0

    @property
    def quadrant(self) -> str:
        """The name of the quarter it stands in."""
        return QUADRANTS[self.confirmed >= MIDDLE, self.exposure.total >= MIDDLE]


def disclosures(rows: QuerySet[QuestionnaireRequest]) -> QuerySet[QuestionnaireRequest]:
    """Those of ``rows`` whose questionnaire names a headline question, as the interpretability disclosure does."""
    return rows.filter(version__document__has_key="headline")


def dots_of(vendors: QuerySet[Vendor], today: date) -> list[Dot]:
    """Every vendor, most exposed first; the number of queries does not grow with them."""
    asked: dict[UUID | None, list[QuestionnaireRequest]] = defaultdict(list)
    for row in disclosures(requests_of(vendors.order_by().values("pk"))):
        asked[row.vendor_id].append(row)
    newest = {key: newest_reviewed(rows) for key, rows in asked.items()}
    worths = worths_of([row for row in newest.values() if row is not None], today)
    exposures = exposures_of(vendors)
    dots = [_dot(row, asked[row.pk], newest.get(row.pk), worths, exposures[row.pk], today) for row in vendors]
    return sorted(dots, key=lambda dot: (-dot.exposure.total, dot.vendor.name))


def _dot(
    vendor: Vendor, asked: list[QuestionnaireRequest], newest: QuestionnaireRequest | None, worths: dict[UUID, Worth], exposure: Exposure, today: date
) -> Dot:
    if newest is None:
        sent = any(row.state != RequestState.DRAFT for row in asked)
        return Dot(vendor, exposure, None, WAITING if sent else NEVER)
    worth = worths[newest.pk]
    if not newest.current_on(today):
        return Dot(vendor, exposure, worth, EXPIRED)
    if worth.stale.whole:
        return Dot(vendor, exposure, worth, MOVED)
    return Dot(vendor, exposure, worth, "" if worth.confirmed is not None else UNSCORED)
