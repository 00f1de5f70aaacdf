"""What an uploaded file would change, row by row and pair by pair, before anything is changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.db.models import Q

from core.canonical import canonical_digest
from core.errors import InvalidInput, InvalidState
from frameworks.imports.reader import Read, read
from frameworks.imports.shapes import Library, PairSet, Row
from frameworks.imports.sheets import Columns
from frameworks.imports.words import words_changed
from frameworks.models import Crosswalk, CrosswalkRow, Framework, FrameworkVersion, ImportDraft, Requirement

KINDS: Final = ("added", "changed", "removed")


@dataclass(frozen=True)
class RowChange:
    """One row that differs from the loaded version; ``before`` and ``after`` are title, text and section (None: no such row)."""

    ref: str
    before: tuple[str, str, str] | None
    after: tuple[str, str, str] | None

    @property
    def kind(self) -> str:
        """One of ``KINDS``."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    @property
    def title(self) -> str:
        """The title as it will be, or as it was."""
        return (self.after or self.before or ("", "", ""))[0]

    @property
    def fields(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """What differs: the name of each field with its words, in order."""
        before, after = self.before or ("", "", ""), self.after or ("", "", "")
        return [(name, words_changed(old, new)) for name, old, new in zip(("title", "text", "section"), before, after, strict=True) if old != new]


@dataclass(frozen=True)
class CrosswalkPlan:
    """A crosswalk of the file: its ends as far as they are loaded, its rows, the pairs that name unknown rows, and what it replaces."""

    pair_set: PairSet
    source: Framework | None
    target: Framework | None
    rows: tuple[CrosswalkRow, ...]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    before: Crosswalk | None
    same: bool


@dataclass(frozen=True)
class Plan:
    """Everything applying would do. ``framework`` and ``version`` are what is loaded now (None: nothing)."""

    found: Library
    file_digest: str
    columns: Mapping[str, object]
    framework: Framework | None
    version: FrameworkVersion | None
    changes: tuple[RowChange, ...]
    crosswalks: tuple[CrosswalkPlan, ...]

    @property
    def changes_framework(self) -> bool:
        """Whether a version would be added."""
        return bool(self.changes)

    @property
    def missing(self) -> list[str]:
        """Frameworks that crosswalks speak of and nobody has loaded."""
        return sorted({name for row in self.crosswalks for name in row.missing})

    @property
    def nothing(self) -> bool:
        """Whether everything the file says is loaded already."""
        return not self.changes and all(row.same for row in self.crosswalks)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many rows are added, changed and removed."""
        return {kind: sum(row.kind == kind for row in self.changes) for kind in KINDS}

    @cached_property
    def seen(self) -> str:
        """Digest of what the comparison was made with: when it is another at the end, somebody came first."""
        heads = [str(row.before.pk) if row.before else "" for row in self.crosswalks]
        framework = str(self.framework.pk) if self.framework else ""
        facts = {"file": self.file_digest, "columns": dict(self.columns), "framework": framework, "heads": heads}
        return canonical_digest({**facts, "version": str(self.version.pk) if self.version else ""})

    @property
    def digest(self) -> str:
        """What the new version is known by: the file's digest, with the columns where it is a sheet."""
        return canonical_digest({"file": self.file_digest, "columns": dict(self.columns)}) if self.columns else self.file_digest


def draft_read(draft: ImportDraft) -> Read:
    """The file of a draft, with the columns chosen for it."""
    return read(bytes(draft.raw), Columns(**draft.columns) if draft.columns else None)


def plan_of(draft: ImportDraft, into: str = "") -> Plan:
    """The plan of a draft; ``into`` is the slug of an imported framework of which the file is a new edition, where its own name does not say so.

    ``InvalidState`` while the columns of a sheet are not chosen, ``InvalidInput`` on another ``into``.
    """
    library = draft_read(draft).found
    if library is None:
        raise InvalidState("Say first which columns of the sheet hold what.")
    framework = _framework(library, into)
    version = framework.versions.first() if framework else None
    changes = _changes(version, library.duties) if library.identity else ()
    crosswalks = tuple(_crosswalk(row, library, framework) for row in library.pair_sets)
    return Plan(library, draft.digest, draft.columns, framework, version, changes, crosswalks)


def importable() -> list[Framework]:
    """Frameworks that an import brought."""
    return list(Framework.objects.exclude(identity="").order_by("name"))


def _framework(library: Library, into: str) -> Framework | None:
    if not library.identity:
        return None
    if not into:
        return Framework.objects.filter(identity=library.identity).first()
    found = Framework.objects.exclude(identity="").filter(slug=into).first()
    if found is None:
        raise InvalidInput("into", "There is no such imported framework. Choose one of the list.")
    return found


def _changes(version: FrameworkVersion | None, rows: Sequence[Row]) -> tuple[RowChange, ...]:
    old = {row.ref: (row.title, row.gist, str(row.imported.get("section", ""))) for row in version.requirements.all()} if version else {}
    new = {row.ref: (row.title, row.text, row.section) for row in rows}
    found = [RowChange(ref, old.get(ref), after) for ref, after in new.items() if old.get(ref) != after]
    return (*found, *(RowChange(ref, before, None) for ref, before in old.items() if ref not in new))


def _crosswalk(pair_set: PairSet, library: Library, own: Framework | None) -> CrosswalkPlan:
    ends = [_end(name, library, own) for name in (pair_set.source, pair_set.target)]
    rows: dict[tuple[str, str, str], CrosswalkRow] = {}
    unknown: list[str] = []
    for pair in pair_set.pairs:
        source, target = (refs.get(name.lower(), "") for (_, refs), name in zip(ends, (pair.source, pair.target), strict=True))
        if source and target:
            facts = {"relationship": pair.relationship.value, "rationale": pair.rationale, "strength": pair.strength}
            rows.setdefault((source, target, pair.relationship.value), CrosswalkRow(source_ref=source, target_ref=target, **facts))
        else:
            unknown.append(pair.source if not source else pair.target)
    missing = tuple(name for (_, refs), name in zip(ends, (pair_set.source, pair_set.target), strict=True) if not refs)
    before = Crosswalk.objects.current().filter(identity=pair_set.identity).first()
    same = before is not None and {_said(row) for row in before.rows.all()} == {_said(row) for row in rows.values()}
    return CrosswalkPlan(pair_set, ends[0][0], ends[1][0], tuple(rows.values()), tuple(unknown), missing, before, same)


def _end(name: str, library: Library, own: Framework | None) -> tuple[Framework | None, dict[str, str]]:
    """A framework that is loaded, or the one of this very file (then None), with its references by reference and URN in small letters."""
    if library.identity and name.lower() == library.identity:
        return own, {key.lower(): row.ref for row in library.duties for key in (row.ref, row.urn) if key}
    found = Framework.objects.filter(Q(identity=name.lower()) | Q(slug=name) | Q(name=name)).first()
    newest = found.versions.first() if found else None
    rows = Requirement.objects.filter(version=newest) if newest else Requirement.objects.none()
    return found, {key.lower(): row.ref for row in rows for key in (row.ref, str(row.imported.get("urn", ""))) if key}


def _said(row: CrosswalkRow) -> tuple[object, ...]:
    return row.source_ref, row.target_ref, str(row.relationship), row.rationale, row.strength
