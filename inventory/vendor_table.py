"""A table of vendors out of CSV, XLSX or JSON: what each row would do to the register, with the row, the field and the fix of whatever is wrong."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import ValidationError

from accounts.models import Organisation
from core.canonical import canonical_digest
from core.errors import InvalidInput
from frameworks.imports.archive import archive_check
from frameworks.imports.limits import HIDDEN
from frameworks.imports.reader import TAKEN, decoded
from frameworks.imports.sheets import Grid, csv_grid, xlsx_grids
from inventory.models import Access, Vendor

FIELDS: Final = ("name", "country", "access", "website", "contact", "notes")
MOST_ROWS: Final = 2000
LARGEST: Final = 2 * 1024 * 1024
LONGEST_NOTES: Final = 20_000
SHOWN_ONLY: Final = ("models", "versions", "last assessed")
"""Columns of our own export that are worked out; they are read past, so that an export can be imported again."""
ACTIVE: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
HEADINGS: Final = {"access granted": "access", "vendor": "name", "vendor name": "name", "comment": "notes"}
Values = dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """What one row comes to: ``result`` is created, changed, unchanged or error; ``changes`` are the fields that differ, ``values`` what it says."""

    row: int
    name: str
    result: str
    values: Values = field(default_factory=dict)
    changes: Sequence[str] = ()
    errors: Sequence[tuple[str, str]] = ()
    vendor: Vendor | None = None


@dataclass(frozen=True)
class VendorPlan:
    """All rows, each with what it comes to against the register as it is now."""

    outcomes: Sequence[Outcome]

    @property
    def counts(self) -> dict[str, int]:
        """Rows by result."""
        found = Counter(row.result for row in self.outcomes)
        return {name: found[name] for name in ("created", "changed", "unchanged", "error")}

    @property
    def errors(self) -> list[tuple[int, str, str]]:
        """Row, field and message of everything that is wrong."""
        return [(row.row, name, message) for row in self.outcomes for name, message in row.errors]

    @property
    def seen(self) -> str:
        """Digest of what a person agrees to: another one means that the register or the rows changed meanwhile."""
        rows = [[row.row, row.name, row.result, row.values, list(row.changes), str(row.vendor.pk if row.vendor else "")] for row in self.outcomes]
        return canonical_digest(rows)


def rows_read(raw: bytes) -> list[Values]:
    """The rows of a CSV or XLSX file by its content; formulas are text and are never worked out. ``InvalidInput`` names the problem and the fix."""
    if len(raw) > LARGEST:
        raise InvalidInput("file", f"the file is larger than {LARGEST >> 20} MiB; split it")
    if not raw.strip():
        raise InvalidInput("file", "the file is empty; choose the one you meant")
    if raw.startswith(b"PK\x03\x04"):
        archive_check(raw)
        grids = xlsx_grids(raw)
        grid = next((found for found in grids.values() if found), [])
    else:
        grid = csv_grid(_text(raw))["CSV"]
    return _named(grid)


def _text(raw: bytes) -> str:
    try:
        return decoded(raw)
    except InvalidInput as error:
        raise InvalidInput("file", error.message.replace(TAKEN, "Upload CSV or XLSX.")) from error


def _named(grid: Grid) -> list[Values]:
    if not grid:
        raise InvalidInput("file", "there is no row in the first sheet; the first row names the columns")
    names = [HEADINGS.get(cell.strip().lower(), cell.strip().lower()) for cell in grid[0]]
    names = ["" if name in SHOWN_ONLY else name for name in names]
    unknown = [name for name in names if name and name not in FIELDS]
    if unknown:
        raise InvalidInput("file", f"there is no column “{unknown[0][:60]}” to import; known: {', '.join(FIELDS)}. Rename or remove it")
    if "name" not in names or len(set(names) - {""}) != len([name for name in names if name]):
        raise InvalidInput("file", "the first row must name each column once, and one of them “name”")
    # Row 1 holds the headings, so that numbers are those of the spreadsheet; an empty row keeps its number.
    return [{name: unquoted(cell) for name, cell in zip(names, cells, strict=False) if name} for cells in grid[1:]]


def unquoted(cell: str) -> str:
    """A cell without the apostrophe that an export puts before what a spreadsheet would run."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and text[1:].lstrip().startswith(ACTIVE) else text


def plan_of(organisation: Organisation, rows: Sequence[Mapping[str, Any]], first: int = 1) -> VendorPlan:
    """What ``rows`` would do; they are matched by name. Empty fields leave what is there. ``first``: the number people know the first row by."""
    if len(rows) > MOST_ROWS:
        raise InvalidInput("rows", f"there are {len(rows)} rows; at most {MOST_ROWS} are taken at once. Split the file")
    filled = [(number, {name: value for name, value in row.items() if value not in ("", None)}) for number, row in enumerate(rows, first)]
    filled = [(number, row) for number, row in filled if row]
    if not filled:
        raise InvalidInput("rows", "there is no vendor in it")
    names = Counter(str(row.get("name", "")) for _, row in filled)
    known = {
        row.name: row
        for row in Vendor.objects.filter(organisation=organisation, name__in=[name for name in names if len(name) <= 200 and not HIDDEN.search(name)])
    }
    return VendorPlan([_outcome(number, row, known.get(str(row.get("name", ""))), names, organisation) for number, row in filled])


def _outcome(number: int, given: Values, vendor: Vendor | None, names: Mapping[str, int], organisation: Organisation) -> Outcome:
    values = _normal(given)
    name = values.get("name", "")
    errors = [] if names[name] < 2 or not name else [("name", "this name stands in several rows; keep one of them")]
    errors += _faults(values, vendor, organisation)
    if errors:
        return Outcome(number, name, "error", values, (), errors, vendor)
    if vendor is None:
        return Outcome(number, name, "created", values, sorted(values))
    changes = [key for key, value in values.items() if getattr(vendor, key) != value]
    return Outcome(number, name, "changed" if changes else "unchanged", values, sorted(changes), (), vendor)


def _normal(given: Values) -> Values:
    """Values in the form in which they are stored."""
    found = dict(given)
    if "country" in found:
        found["country"] = found["country"].upper()
    if "access" in found:
        words = {label.lower(): value for value, label in Access.choices}
        found["access"] = words.get(found["access"].lower(), found["access"].lower())
    return found


def _faults(values: Values, vendor: Vendor | None, organisation: Organisation) -> list[tuple[str, str]]:
    found = [(key, "remove the invisible characters, so that everybody reads what is stored") for key, value in values.items() if HIDDEN.search(value)]
    if vendor is None and "access" not in values:
        found.append(("access", f"say what its contract grants: {', '.join(Access.values)}"))
    if values.get("access", Access.TEXT) not in Access.values:
        found.append(("access", f"choose one of {', '.join(Access.values)}"))
    if len(values.get("notes", "")) > LONGEST_NOTES:
        found.append(("notes", f"write at most {LONGEST_NOTES} characters"))
    known = {key for key, _ in found}
    trial = Vendor(**{"organisation": organisation, "access": Access.TEXT, **values})
    try:
        trial.clean_fields(exclude={"organisation", *known})
    except ValidationError as error:
        found += [(key, " ".join(messages)) for key, messages in error.message_dict.items() if key not in known]
    return found
