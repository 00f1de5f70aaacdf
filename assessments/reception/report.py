"""The checks made on a received case, each with what was found and what that means, in words for people who do not write software."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """How a check ended; ``skipped`` when an earlier failure left nothing to look at."""

    PASSED = "passed"
    LIMITS = "limits"
    FAILED = "failed"
    SKIPPED = "skipped"


TITLES = {
    "file": "The file is a case, whole and unchanged",
    "key": "It was signed with a key that you pinned for this vendor",
    "log": "Everything in it stands in the vendor's log, in order",
    "history": "The vendor's log is the one that you saw before, only longer",
    "plan": "The plan is the one that you sealed",
    "times": "The plan was fixed before the results were there",
    "results": "The numbers are those that the vendor's key attests",
    "complete": "Every step of the plan has its result",
    "others": "No room for other runs of which nothing is said",
    "weights": "It was run on the weights that you have on record",
    "instruments": "The instruments were calibrated where they were used",
}
MEANING = {
    "file": "Nobody can change, add or leave out a byte of a case without this check failing.",
    "key": "A signature says which installation made the case. That it is the vendor's, you know because a person compared the fingerprint of its keys.",
    "log": "Each statement was entered in a log that can only grow. Seal and result stand in it in that order and nothing was slipped in between them later.",
    "history": "A vendor that had deleted an unwelcome entry since its last case could not pass this check.",
    "plan": "Question, texts, instruments, limits and seed are what you fixed beforehand, to the last digit.",
    "times": "By the vendor's own clock and by the order of both logs. A vendor can set its clock wrongly; it cannot have had your plan before you sealed it.",
    "results": "The figures are read from the attested result files, and the limits of your plan are applied to them here, by this installation.",
    "complete": "A vendor that ran everything and sent only what pleased it would fail this check.",
    "others": "Log entries that are not part of the case are known by number only. They may be anything, other runs of the same plan among them.",
    "weights": "The digest is a fingerprint of the weight files. It is what the vendor's installation says it loaded; nobody but the vendor saw the files.",
    "instruments": "A result counts only as far as its instrument was shown to find what was planted, on a machine like the one that was used.",
}


@dataclass(frozen=True)
class Check:
    """One row: ``found`` says what was seen here, ``meaning`` what the check is for."""

    slug: str
    state: State
    found: str
    title: str = ""
    meaning: str = ""


@dataclass
class Report:
    """The checks in order; every one of ``TITLES`` has its row in the end."""

    rows: list[Check] = field(default_factory=list)

    def add(self, slug: str, state: State, found: str) -> None:
        """Enter the outcome of a check."""
        self.rows.append(Check(slug, state, found, TITLES[slug], MEANING[slug]))

    def passed(self, slug: str, found: str) -> None:
        """Enter that it holds."""
        self.add(slug, State.PASSED, found)

    def limited(self, slug: str, found: str) -> None:
        """Enter that it holds only in part, which limits what the case is worth."""
        self.add(slug, State.LIMITS, found)

    def failed(self, slug: str, found: str) -> None:
        """Enter that it does not hold: the case is refused."""
        self.add(slug, State.FAILED, found)

    def finish(self) -> "Report":
        """Add a row for every check that could not be made."""
        made = {row.slug for row in self.rows}
        for slug in TITLES:
            if slug not in made:
                self.add(slug, State.SKIPPED, "Not looked at, because an earlier check failed.")
        self.rows.sort(key=lambda row: list(TITLES).index(row.slug))
        return self

    @property
    def refused(self) -> bool:
        """Whether any check failed."""
        return any(row.state == State.FAILED for row in self.rows)

    @property
    def limits(self) -> list[Check]:
        """Those that hold only in part."""
        return [row for row in self.rows if row.state == State.LIMITS]

    @property
    def failures(self) -> list[Check]:
        """Those that do not hold."""
        return [row for row in self.rows if row.state == State.FAILED]

    def as_rows(self) -> list[dict[str, Any]]:
        """For storage and for the API."""
        return [{**asdict(row), "state": row.state.value} for row in self.rows]


def listed(words: Sequence[str], most: int = 5) -> str:
    """The first few of ``words``, and how many more there are."""
    more = len(words) - most
    return "; ".join(words[:most]) + (f"; and {more} more" if more > 0 else "")
