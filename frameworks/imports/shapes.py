"""What a library file says, in one form whatever its format."""

import datetime
from dataclasses import dataclass, field
from enum import StrEnum


class Format(StrEnum):
    """The formats that are read; each is recognised by its content."""

    CISO_ASSISTANT = "ciso-assistant"
    OSCAL = "oscal"
    ATLAS = "atlas"
    SHEET = "sheet"


FORMATS = {
    Format.CISO_ASSISTANT: "CISO Assistant library (YAML)",
    Format.OSCAL: "OSCAL catalog (JSON)",
    Format.ATLAS: "MITRE ATLAS data (YAML)",
    Format.SHEET: "sheet (CSV or XLSX)",
}


class Relationship(StrEnum):
    """How the first of two requirements lies to the second, as sets of what they demand."""

    EQUAL = "equal"
    SUBSET = "subset"
    SUPERSET = "superset"
    INTERSECT = "intersect"

    @property
    def reverse(self) -> "Relationship":
        """The same seen from the second requirement."""
        flipped = {Relationship.SUBSET: Relationship.SUPERSET, Relationship.SUPERSET: Relationship.SUBSET}
        return flipped.get(self, self)


@dataclass(frozen=True)
class Row:
    """One line of a framework; headings are not ``assessable`` and become the section of the rows below them."""

    ref: str
    title: str
    text: str
    depth: int = 1
    assessable: bool = True
    section: str = ""
    urn: str = ""
    note: str = ""
    controls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pair:
    """Two requirements that a crosswalk sets side by side; named by URN or by reference. ``strength`` is on the scale of the file."""

    source: str
    target: str
    relationship: Relationship
    rationale: str = ""
    strength: int | None = None


@dataclass(frozen=True)
class PairSet:
    """A crosswalk between two frameworks, which are named by URN, slug or name."""

    identity: str
    name: str
    source: str
    target: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Library:
    """The whole file. ``identity`` tells its framework from others in every edition; empty where there are only crosswalks."""

    format: Format
    identity: str = ""
    ref: str = ""
    name: str = ""
    edition: str = ""
    published: datetime.date | None = None
    publisher: str = ""
    licence: str = ""
    source: str = ""
    rows: tuple[Row, ...] = ()
    pair_sets: tuple[PairSet, ...] = field(default=())

    @property
    def duties(self) -> tuple[Row, ...]:
        """The rows that can be assessed."""
        return tuple(row for row in self.rows if row.assessable)
