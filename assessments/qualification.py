"""What a calibration says of an instrument: how often it finds what was planted, how often it claims what is not there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, median
from typing import Any

import numpy as np

from assessments.contracts import Reading
from assessments.statistics import Interval, auroc, wilson

RANK = {reading: place for place, reading in enumerate(Reading)}
CLAIMS = (Reading.OBSERVED, Reading.CAUSAL)
PLANTED, RANDOM = "planted", "random"
"""Roles of trials: those of organisms (``planted``, ``twin``, ``decoy``) and ``random``, an organism's architecture with weights drawn at random."""
SENSITIVITY, FALSE_POSITIVES, POWER = 0.9, 0.05, 0.8
"""What a qualified instrument reaches, may not exceed, and the hit rate that makes a planted strength detectable."""
NOT_COVERED = (
    "The record comes from very small models made for the purpose, not from this model, and from the parameters and texts of the trials: "
    "on another model, with other parameters or for another behaviour the instrument may find less or claim more."
)


@dataclass(frozen=True)
class TrialResult:
    """One use of an instrument on an organism, or on its random-weight twin (``role`` ``random``).

    ``score``: the primary value, turned so that higher means more of the thing; ``metric`` its name. ``reading`` is None exactly when ``error`` says why.
    ``tuning``: somebody looked at this organism while choosing a setting of an instrument, so it is shown and not counted.
    ``own``: the organism was registered here and did not come with the program.
    """

    organism: str
    family: str
    role: str
    strength: float
    seed: int
    trial: int
    reading: Reading | None
    score: float | None
    least: Reading | None
    most: Reading | None
    right: bool | None
    seconds: float
    error: str = ""
    metric: str = ""
    tuning: bool = False
    own: bool = False

    @property
    def positive(self) -> bool:
        """Whether there is something that the instrument should find."""
        return self.role == PLANTED and self.least in CLAIMS

    @property
    def found(self) -> bool:
        """Whether the reading reaches what a sound instrument reaches; an error finds nothing."""
        return self.reading is not None and self.least is not None and RANK[self.reading] >= RANK[self.least]

    @property
    def ceiling(self) -> Reading:
        """The highest reading that is still right; where nothing is said, no claim at all (planted: any)."""
        return self.most or (Reading.CAUSAL if self.positive else Reading.NULL)

    @property
    def overclaims(self) -> bool:
        """Whether the reading says more than there is. An error counts against the instrument: nobody knows what it would have claimed."""
        return self.reading is None or RANK[self.reading] > RANK[self.ceiling]


def judged(reading: Reading, least: Reading | None, most: Reading | None) -> bool:
    """Whether ``reading`` lies between ``least`` and ``most``; without a ``least``, no ``most`` means that nothing may be claimed."""
    ceiling = most or (Reading.NULL if least is None else Reading.CAUSAL)
    return (least is None or RANK[reading] >= RANK[least]) and RANK[reading] <= RANK[ceiling]


@dataclass(frozen=True)
class Share:
    """``hits`` of ``n`` trials on ``organisms`` different weights, ``errored`` of them without a reading.

    The 95 % Wilson interval counts organisms, not trials: repeated trials on the same weights mostly agree and tell little new.
    """

    hits: int
    n: int
    organisms: int
    errored: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Strength:
    """How often the thing was found where it was planted at ``strength`` (0..1)."""

    strength: float
    share: Share


@dataclass(frozen=True)
class Roc:
    """The scores of ``metric`` on planted (full strength) against the others: curve and area with its 95 % interval (Newcombe 2006, method 5)."""

    metric: str
    points: tuple[tuple[float, float], ...]
    auroc: float
    low: float
    high: float
    positives: int
    negatives: int


@dataclass(frozen=True)
class Group:
    """The trials of one family, role and strength, and how many of them were right."""

    family: str
    role: str
    strength: float
    right: Share
    readings: Mapping[str, int]
    tuning: bool
    own: bool = False


@dataclass(frozen=True)
class Record:
    """The figures of a calibration. ``limit``: the weakest strength from which on the thing is found in at least 80 %; None when there is none."""

    sensitivity: Share | None
    false_positives: Share | None
    causal_false_positives: Share | None
    strengths: tuple[Strength, ...]
    limit: Strength | None
    rocs: tuple[Roc, ...]
    groups: tuple[Group, ...]
    families: tuple[str, ...]
    organisms: int
    trials: int
    errored: int
    tuning: int
    seconds: float | None
    own: int = 0
    """Counted organisms that were registered here; records from before there were any have none."""


def record_of(results: Sequence[TrialResult]) -> Record:
    """The figures of all trials; errors stay in every denominator and count against the instrument, tuning organisms are only listed."""
    counted = [row for row in results if not row.tuning]
    full = [row for row in counted if row.positive and row.strength == _strongest(counted, row.family)]
    negatives = [row for row in counted if not row.positive]
    below_causal = [row for row in counted if row.ceiling != Reading.CAUSAL]
    strengths = _strengths([row for row in counted if row.positive])
    return Record(
        sensitivity=_share(full, lambda row: row.found),
        false_positives=_share(negatives, lambda row: row.overclaims),
        causal_false_positives=_share(below_causal, lambda row: row.reading == Reading.CAUSAL),
        strengths=strengths,
        limit=detection_limit(strengths),
        rocs=_rocs(full, negatives),
        groups=_groups(results),
        families=tuple(sorted({row.family for row in counted})),
        organisms=len({row.organism for row in counted}),
        trials=len(counted),
        errored=sum(row.reading is None for row in counted),
        tuning=len(results) - len(counted),
        seconds=median([row.seconds for row in counted if row.reading is not None] or [0.0]) or None,
        own=len({row.organism for row in counted if row.own}),
    )


def record_from(figures: Mapping[str, Any]) -> Record:
    """A record from its plain form, as ``dataclasses.asdict`` gives it and an attested document holds it."""

    def strength(row: Mapping[str, Any]) -> Strength:
        return Strength(row["strength"], Share(**row["share"]))

    shares = {name: Share(**figures[name]) if figures[name] else None for name in ("sensitivity", "false_positives", "causal_false_positives")}
    rows = {
        "strengths": tuple(strength(row) for row in figures["strengths"]),
        "limit": strength(figures["limit"]) if figures["limit"] else None,
        "rocs": tuple(Roc(**{**row, "points": tuple((float(x), float(y)) for x, y in row["points"])}) for row in figures["rocs"]),
        "groups": tuple(Group(**{**row, "right": Share(**row["right"])}) for row in figures["groups"]),
        "families": tuple(figures["families"]),
    }
    return Record(**{**figures, **shares, **rows})


def shortfalls(record: Record) -> list[str]:
    """Why ``record`` does not qualify the instrument, in plain sentences; empty when it does. Point estimates decide; the intervals are shown beside."""
    out = []
    if record.sensitivity is None:
        out.append("No organism with something planted was tried, so nobody knows whether the instrument finds anything.")
    elif record.sensitivity.value < SENSITIVITY:
        out.append(f"It found {_percent(record.sensitivity)} of what was planted at full strength; {percent(SENSITIVITY)} are needed.")
    if record.false_positives is None:
        out.append("No model without the planted thing was tried, so nobody knows how often the instrument claims what is not there.")
    elif record.false_positives.value > FALSE_POSITIVES:
        share = _percent(record.false_positives)
        out.append(f"It claimed too much, or broke, in {share} of the trials where nothing was there; at most {percent(FALSE_POSITIVES)} are allowed.")
    return out


def shortfalls_of(results: Sequence[TrialResult]) -> list[str]:
    """As ``shortfalls`` of all trials, and where organisms registered here were tried beside those of the program, of the latter alone too.

    So organisms of one's own can cost an instrument its qualification and never buy it. Where the program brings none they decide alone.
    """
    found = shortfalls(record_of(results))
    shipped = [row for row in results if not row.own]
    if not shipped or len(shipped) == len(results):
        return found
    alone = [text for text in shortfalls(record_of(shipped)) if text not in found]
    return [*found, *(f"On the models that come with the program alone: {text}" for text in alone)]


def qualified(record: Record) -> bool:
    """Whether sensitivity and false-positive rate, as point estimates, are good enough for a reading to be cited as it stands."""
    return not shortfalls(record)


def detection_limit(strengths: Sequence[Strength]) -> Strength | None:
    """The weakest strength that is found in at least 80 % of the trials, as is every stronger one."""
    limit = None
    for row in sorted(strengths, key=lambda row: -row.strength):
        if row.share.value < POWER:
            break
        limit = row
    return limit


def auroc_interval(area: float, positives: int, negatives: int, level: float = 0.95) -> Interval:
    """Score-type interval of an AUROC (Newcombe 2006, Statistics in Medicine 25, method 5): not empty where all pairs are in order."""
    z, pairs, spare = NormalDist().inv_cdf(0.5 + level / 2), positives * negatives, (positives + negatives) / 2 - 1

    def beyond(theta: float) -> bool:
        variance = theta * (1 - theta) * (1 + spare * (1 - theta) / (2 - theta) + spare * theta / (1 + theta)) / pairs
        return abs(area - theta) > z * float(variance**0.5)

    return Interval(area, _edge(beyond, 0.0, area), _edge(beyond, 1.0, area))


def _edge(beyond: Callable[[float], bool], outside: float, inside: float) -> float:
    """The point between ``outside`` and ``inside`` at which ``beyond`` changes, by bisection."""
    for _ in range(60):
        middle = (outside + inside) / 2
        outside, inside = (middle, inside) if beyond(middle) else (outside, middle)
    return inside


def percent(value: float) -> str:
    """A share in whole percent for people; never 0 or 100 unless it is exactly that. The space does not break."""
    shown = round(100 * value)
    return f"{min(max(shown, 1), 99) if 0 < value < 1 else shown}\u00a0%"


def _percent(share: Share) -> str:
    errors = f", {share.errored} trials broke" if share.errored else ""
    return f"{percent(share.value)} ({share.hits} of {share.n}{errors})"


def _strongest(rows: Iterable[TrialResult], family: str) -> float:
    return max(row.strength for row in rows if row.positive and row.family == family)


def _share(rows: Sequence[TrialResult], hit: Callable[[TrialResult], bool]) -> Share | None:
    if not rows:
        return None
    hits, organisms = sum(map(hit, rows)), len({(row.organism, row.role) for row in rows})
    found = wilson(hits / len(rows) * organisms, organisms)
    return Share(hits, len(rows), organisms, sum(row.reading is None for row in rows), hits / len(rows), round(found.low, 6), round(found.high, 6))


def _strengths(planted: Sequence[TrialResult]) -> tuple[Strength, ...]:
    levels = sorted({row.strength for row in planted})
    shares = [(level, _share([row for row in planted if row.strength == level], lambda row: row.found)) for level in levels]
    return tuple(Strength(level, share) for level, share in shares if share is not None)


def _rocs(full: Sequence[TrialResult], negatives: Sequence[TrialResult]) -> tuple[Roc, ...]:
    scored = [(row, row.score) for row in (*full, *negatives) if row.score is not None and row.metric]
    found = []
    for metric in sorted({row.metric for row, _ in scored}):
        rows = [(row, score) for row, score in scored if row.metric == metric]
        if len({row.positive for row, _ in rows}) == 2:
            found.append(_roc(metric, [row for row, _ in rows], [score for _, score in rows]))
    return tuple(found)


def _roc(metric: str, rows: Sequence[TrialResult], scores: Sequence[float]) -> Roc:
    labels, values = np.array([row.positive for row in rows]), np.array(scores)
    cuts = [np.inf, *sorted(set(scores), reverse=True)]
    points = tuple((float((values[~labels] >= cut).mean()), float((values[labels] >= cut).mean())) for cut in cuts)
    weights = [len({(row.organism, row.role) for row in rows if row.positive == side}) for side in (True, False)]
    found = auroc_interval(float(auroc(values, labels)), *weights)
    return Roc(metric, points, found.value, found.low, found.high, int(labels.sum()), int((~labels).sum()))


def _groups(results: Sequence[TrialResult]) -> tuple[Group, ...]:
    order = {PLANTED: 0, "twin": 1, "decoy": 2, RANDOM: 3}
    keys = sorted({(row.family, order.get(row.role, 4), row.role, -row.strength, row.tuning) for row in results})
    out = []
    for family, _, role, negative, tuning in keys:
        rows = [row for row in results if (row.family, row.role, row.strength, row.tuning) == (family, role, -negative, tuning)]
        share = _share(rows, lambda row: row.right is True)
        readings = {reading.value: sum(row.reading == reading for row in rows) for reading in Reading}
        if share is not None:
            out.append(Group(family, role, -negative, share, {name: count for name, count in readings.items() if count}, tuning, any(row.own for row in rows)))
    return tuple(out)
