"""The duties to report, read from ``regimes.yaml`` and checked whole: a row that names an unknown fact, role or kind stops the program."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from decisions.periods import Period
from decisions.vocabulary import FACTS, KINDS, ROLES, STAGES

SHIPPED = Path(__file__).parent / "regimes.yaml"
AT_ONCE = "at once"
AUTHORITY = "authority"


@dataclass(frozen=True)
class Cap:
    """An outer limit: ``within`` from the fact ``start``."""

    start: str
    within: Period


@dataclass(frozen=True)
class Stage:
    """One report of a regime; ``within`` is None where the law says “at once”. The fields are explained in ``regimes.yaml``."""

    name: str
    within: Period | None
    starts: tuple[str, ...] = ()
    after: str = ""
    cap: Cap | None = None
    at_once_on: tuple[str, ...] = ()
    shorter: tuple[tuple[str, Period], ...] = ()
    repeats: bool = False
    stops_on: tuple[str, ...] = ()
    noon_rule: bool = False
    not_for: frozenset[str] = frozenset()
    year_end: bool = False
    note: str = ""

    @property
    def label(self) -> str:
        """As people say it."""
        return STAGES[self.name]


@dataclass(frozen=True)
class Regime:
    """One duty to report; the fields are explained in ``regimes.yaml``."""

    key: str
    law: str
    reference: str
    event: str
    who: str
    roles: frozenset[str]
    kinds: frozenset[str]
    recipient: str
    zone: str
    source: str
    stages: tuple[Stage, ...]
    unless: tuple[tuple[str, str], ...] = ()
    since: date | None = None
    note: str = ""

    def zone_for(self, authority: str) -> ZoneInfo:
        """The recipient's time zone; ``authority`` is the one of the authority that the incident names."""
        return ZoneInfo(authority if self.zone == AUTHORITY else self.zone)


@functools.cache
def shipped() -> tuple[Regime, ...]:
    """Every regime that comes with the program, in the order of the file."""
    return read(SHIPPED.read_text(encoding="utf-8"))


def read(text: str) -> tuple[Regime, ...]:
    """Regimes from yaml; ``ValueError`` names the row and what is wrong with it."""
    rows: list[Regime] = []
    for row in yaml.safe_load(text):
        try:
            rows.append(_regime(row))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"regime {row.get('key', '?')}: {error}") from error
    keys = {row.key for row in rows}
    missing = sorted({other for row in rows for _, other in row.unless} - keys)
    if missing or len(keys) != len(rows):
        raise ValueError(f"every key once, and no reference to a missing one: {missing or 'a key stands twice'}")
    return tuple(rows)


def _regime(row: Mapping[str, Any]) -> Regime:
    stages = tuple(_stage(stage) for stage in row["stages"])
    sets = {"roles": frozenset(_known(row["roles"], ROLES)), "kinds": frozenset(_known(row["kinds"], KINDS))}
    unless = row.get("unless", {})
    _known(unless, KINDS)
    names = [stage.name for stage in stages]
    if any(stage.after and stage.after not in names for stage in stages):
        raise ValueError("a stage follows one that the regime does not have")
    if row["zone"] != AUTHORITY:
        ZoneInfo(row["zone"])
    return Regime(**{**row, **sets, "stages": stages, "unless": tuple(unless.items())})


def _stage(row: Mapping[str, Any]) -> Stage:
    cap = row.get("cap")
    if bool(row.get("from")) == bool(row.get("after")):
        raise ValueError("a stage starts from facts or after another stage: give one of “from” and “after”")
    return Stage(
        name=_known([row["stage"]], STAGES)[0],
        within=None if row["within"] == AT_ONCE else Period.parse(row["within"]),
        starts=_known(row.get("from", ()), FACTS),
        after=row.get("after", ""),
        cap=Cap(_known([cap["from"]], FACTS)[0], Period.parse(cap["within"])) if cap else None,
        at_once_on=_known(row.get("at_once_on", ()), FACTS),
        shorter=tuple((_known([kind], KINDS)[0], Period.parse(text)) for kind, text in row.get("shorter", {}).items()),
        repeats=row.get("repeats", False),
        stops_on=_known(row.get("stops_on", ()), FACTS),
        noon_rule=row.get("weekend") == "noon",
        not_for=frozenset(_known(row.get("not_for", ()), ROLES)),
        year_end=row.get("counted_from") == "year_end",
        note=row.get("note", ""),
    )


def _known(names: Iterable[str], words: Mapping[str, str]) -> tuple[str, ...]:
    found = tuple(names)
    unknown = [name for name in found if name not in words]
    if unknown:
        raise ValueError(f"unknown name “{unknown[0]}”; known are {', '.join(words)}")
    return found
