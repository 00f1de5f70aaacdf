"""The work of `assay frameworks`, in this process and in the name of the first administrator."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from accounts.models import Organisation, User
from cli.setup import first_administrator
from core.errors import InvalidInput
from core.hashing import sha256_bytes
from evidence import ledger
from evidence.libraries import library_import
from frameworks.import_plans import Plan, draft_read, plan_of
from frameworks.import_services import draft_columns, draft_create, plan_check
from frameworks.imports.limits import LARGEST
from frameworks.imports.sheets import COLUMNS, Grid, guess, heading_of
from frameworks.models import ImportDraft


def bring(path: Path, register: str, columns: Mapping[str, str], into: str, apply: bool) -> dict[str, Any]:
    """What the file at ``path`` would change; with ``apply`` it is imported. Without, nothing is written at all."""
    actor, raw = first_administrator(), _bytes(path)
    look = ImportDraft(name=path.name[:100], digest=sha256_bytes(raw), raw=raw)
    grids = draft_read(look).grids
    look.columns = _columns(grids, columns, path.stem) if grids else {}
    plan = plan_of(look, into)
    if not apply:
        return _told(plan, "")
    plan_check(plan, plan.seen)
    draft = draft_create(actor=actor, record=ledger.append, organisation=_home(actor, register), name=path.name, raw=raw)
    if look.columns:
        draft_columns(actor=actor, record=ledger.append, draft=draft, columns=look.columns)
    framework = library_import(actor=actor, draft=draft, into=into, seen=plan.seen)
    return _told(plan, framework.slug if framework else "crosswalks")


def _told(plan: Plan, applied: str) -> dict[str, Any]:
    counted = ", ".join(f"{count} {kind}" for kind, count in plan.counts.items())
    crosswalks = [{"name": row.pair_set.name, "pairs": len(row.rows), "left_out": len(row.unknown)} for row in plan.crosswalks]
    name = plan.found.name or "crosswalks"
    end = f"imported as {applied}" if applied else "nothing to change" if plan.nothing else "nothing is changed yet; add --apply to import it"
    lines = [f"{name}: {len(plan.found.duties)} rows; {counted}"]
    lines += [f"crosswalk {row['name']}: {row['pairs']} pairs, {row['left_out']} left out" for row in crosswalks]
    lines += [f"needs frameworks that are not loaded: {', '.join(plan.missing)}"] if plan.missing else []
    facts = {"name": name, "format": plan.found.format.value, "rows": len(plan.found.duties), **plan.counts, "crosswalks": crosswalks}
    return {**facts, "missing": plan.missing, "licence": plan.found.licence, "applied": applied, "text": "\n".join([*lines, end])}


def _columns(grids: Mapping[str, Grid], said: Mapping[str, str], stem: str) -> dict[str, Any]:
    """Columns by their headings as given, the likeliest where nothing was given; ``InvalidInput`` names the option to add."""
    sheet = said.get("sheet", next(iter(grids)))
    if sheet not in grids:
        raise InvalidInput("--sheet", f"there is no sheet “{sheet}”; name one of: {', '.join(grids)}")
    heading = int(said["heading"]) if said.get("heading", "").isdecimal() else heading_of(grids[sheet])
    headings = grids[sheet][heading - 1] if 0 < heading <= len(grids[sheet]) else []
    guessed = guess(headings)
    places = {field: _place(headings, said[field], field) if field in said else guessed.get(field) for field in COLUMNS}
    for field in ("ref", "text"):
        if places[field] is None:
            raise InvalidInput(f"--{field}", f"give the heading of the column; row {heading} has: {', '.join(headings) or 'none'}")
    facts = {name: said.get(name, "") for name in ("edition", "publisher", "licence", "source")}
    return {"sheet": sheet, "heading": heading, **places, "name": said.get("name", stem), **facts}


def _place(headings: Any, wanted: str, field: str) -> int:
    plain = [cell.strip().lower() for cell in headings]
    if wanted.strip().lower() not in plain:
        raise InvalidInput(f"--{field}", f"there is no heading “{wanted}”; the row has: {', '.join(headings)}")
    return plain.index(wanted.strip().lower())


def _bytes(path: Path) -> bytes:
    """The file; one that is too large is refused by its size, without being read."""
    try:
        if path.stat().st_size > LARGEST:
            raise InvalidInput("FILE", f"{path.name} is larger than {LARGEST >> 20} MiB; split it, or keep only the sheets that are needed")
        with path.open("rb") as stream:
            return stream.read(LARGEST + 1)
    except OSError as error:
        raise InvalidInput("FILE", f"{path} cannot be read ({error.strerror}); give the path of a file") from error


def _home(actor: User, register: str) -> Organisation:
    rows = Organisation.objects.filter(memberships__user=actor).distinct().order_by("name")
    found = [row for row in rows if register in ("", row.name)]
    if len(found) != 1:
        raise InvalidInput("--register", f"name one of: {', '.join(row.name for row in rows) or 'none, because you keep no register'}")
    return found[0]
