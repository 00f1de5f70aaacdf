"""Blind exercises: the sealed truth, its commitment, how a reading is scored, and the tally. Free of Django."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from assessments.contracts import Reading
from assessments.qualification import CLAIMS, RANK
from assessments.statistics import Interval, wilson
from core.canonical import canonical_digest
from core.errors import InvalidInput

SCHEMA = "urn:assay:blind-truth:v1"
SEAL = "urn:assay:predicate:blind-seal:v1"
ANSWER = "urn:assay:predicate:blind-answer:v1"
REVEAL = "urn:assay:predicate:blind-reveal:v1"
FIELDS = ("schema", "exercise", "weights_digest", "instrument", "planted", "description", "salt")
SALT_BYTES = 32
"""As long as the digest itself: nobody can try out the few possible truths."""


class Planted(StrEnum):
    """What is in the model for the instrument to find: nothing, something it should observe, something it should show to act."""

    NOTHING = "nothing"
    OBSERVED = "observed"
    CAUSAL = "causal"


class Outcome(StrEnum):
    """What the answer was worth. ``no_answer``: the instrument did not apply or could not say."""

    HIT = "hit"
    MISS = "miss"
    FALSE_ALARM = "false_alarm"
    CORRECT_REJECTION = "correct_rejection"
    NO_ANSWER = "no_answer"


def truth_document(*, exercise: str, weights_digest: str, instrument: str, planted: Planted, description: str) -> dict[str, Any]:
    """The truth as it is hashed, with a fresh salt; the SHA-256 of its canonical JSON is the commitment."""
    values = (SCHEMA, exercise, weights_digest, instrument, planted.value, description, secrets.token_hex(SALT_BYTES))
    return dict(zip(FIELDS, values, strict=True))


def truth_read(text: str, commitment: str) -> dict[str, Any]:
    """The truth that ``text`` holds as JSON, spaces and order of no account; ``InvalidInput`` unless it is the one that was sealed."""
    try:
        found = json.loads(text)
        digest = canonical_digest(found)
    except (ValueError, RecursionError) as error:  # what is not JSON at all, and JSON that has no canonical form
        raise InvalidInput("truth", "this is not the sealed text: paste it whole, from the first brace to the last") from error
    if digest != commitment:
        raise InvalidInput("truth", f"this is not the truth that was sealed: it has SHA-256 {digest[:12]}…, sealed was {commitment[:12]}…")
    return dict(found)


def outcome_of(planted: Planted, reading: Reading) -> Outcome:
    """The score of a finding's reading before any cap: what is planted must be read at least as strongly as it is, nothing must not be claimed."""
    if reading not in (Reading.NULL, *CLAIMS):
        return Outcome.NO_ANSWER
    if planted is Planted.NOTHING:
        return Outcome.FALSE_ALARM if reading in CLAIMS else Outcome.CORRECT_REJECTION
    return Outcome.HIT if RANK[reading] >= RANK[Reading(planted.value)] else Outcome.MISS


@dataclass(frozen=True)
class Scored:
    """One exercise as the tally needs it; ``outcome`` is None while it is not revealed, ``weights`` tells models apart."""

    state: str
    planted: Planted | None
    outcome: Outcome | None
    answered: bool
    weights: str


@dataclass(frozen=True)
class Tally:
    """The record of blind exercises. ``abandoned``: withdrawn after an answer was in, so that unwelcome scores cannot vanish.

    ``found`` and ``claimed`` are shares of the exercises with something and with nothing planted; no answer counts as not found, and stays in both.
    Their 95 % Wilson intervals count different weights, not exercises.
    """

    counts: dict[Outcome, int]
    planted: int
    empty: int
    found: Interval | None
    claimed: Interval | None
    open: int
    withdrawn: int
    abandoned: int

    @property
    def revealed(self) -> int:
        """Exercises with a score."""
        return self.planted + self.empty

    @property
    def any(self) -> bool:
        """Whether there ever was an exercise."""
        return bool(self.revealed + self.open + self.withdrawn + self.abandoned)


def tally(rows: Iterable[Scored]) -> Tally:
    """The figures of all exercises of an instrument, whatever became of them."""
    rows = list(rows)
    scored = [row for row in rows if row.outcome is not None]
    planted = [row for row in scored if row.planted is not Planted.NOTHING]
    empty = [row for row in scored if row.planted is Planted.NOTHING]
    gone = [row for row in rows if row.state == "withdrawn"]
    return Tally(
        counts={outcome: sum(row.outcome == outcome for row in scored) for outcome in Outcome},
        planted=len(planted),
        empty=len(empty),
        found=_share(planted, Outcome.HIT),
        claimed=_share(empty, Outcome.FALSE_ALARM),
        open=len(rows) - len(scored) - len(gone),
        withdrawn=sum(not row.answered for row in gone),
        abandoned=sum(row.answered for row in gone),
    )


def _share(rows: list[Scored], hit: Outcome) -> Interval | None:
    if not rows:
        return None
    models = len({row.weights for row in rows})
    return wilson(sum(row.outcome == hit for row in rows) / len(rows) * models, models)
