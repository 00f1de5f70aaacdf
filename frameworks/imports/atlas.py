"""MITRE ATLAS data: tactics are sections, techniques with their sub-techniques and mitigations are rows."""

from collections.abc import Mapping
from typing import Any

from frameworks.imports.limits import count_rows, name_of, needed, ref_of, refused, text_of, title_of, unique
from frameworks.imports.shapes import Format, Library, Row

Fields = Mapping[str, Any]
ADDRESS = "https://atlas.mitre.org/"
MITIGATIONS = "Mitigations"


def recognised(document: Any) -> bool:
    """Whether a YAML document is such data."""
    return isinstance(document, dict) and isinstance(document.get("matrices"), list) and "id" in document


def found_in(document: Fields) -> Library:
    """All matrices of the file; ``InvalidInput`` names the entry at fault. The data state no licence, so none is shown."""
    name = needed(document.get("name"), "name", 200)
    identity = name_of(document.get("id"), "id").lower()
    version = text_of(document.get("version"), "version", 60)
    matrices = [_fields(row, "a matrix") for row in document["matrices"]]
    rows = tuple(row for matrix in matrices for row in _matrix(matrix))
    count_rows(sum(row.assessable for row in rows))
    unique((row.ref for row in rows if row.ref), "The id")
    source = ADDRESS if identity == "atlas" else ""
    return Library(Format.ATLAS, f"atlas:{identity}", f"mitre-{identity}", name, f"version {version}" if version else "", source=source, rows=rows)


def _matrix(matrix: Fields) -> list[Row]:
    tactics = {name_of(row.get("id"), "The id of a tactic"): row for row in _rows(matrix, "tactics")}
    techniques = {name_of(row.get("id"), "The id of a technique"): row for row in _rows(matrix, "techniques")}
    if len(techniques) != len(_rows(matrix, "techniques")):
        unique((str(row.get("id")) for row in _rows(matrix, "techniques")), "The id")
    placed = {key: _tactic(key, techniques, tactics) for key in techniques}
    rows: list[Row] = []
    for tactic, fields in tactics.items():
        title = needed(fields.get("name"), f"The name of {tactic}", 200)
        rows.append(Row(ref_of(tactic), title, text_of(fields.get("description"), f"The description of {tactic}"), 1, False))
        rows += [_row(key, techniques[key], title, 3 if techniques[key].get("subtechnique-of") else 2) for key, place in placed.items() if place == tactic]
    mitigations = _rows(matrix, "mitigations")
    if mitigations:
        rows.append(Row("", MITIGATIONS, "", 1, False))
        rows += [_row(name_of(row.get("id"), "The id of a mitigation"), row, MITIGATIONS, 2) for row in mitigations]
    return rows


def _tactic(key: str, techniques: Mapping[str, Fields], tactics: Mapping[str, Fields]) -> str:
    """The first tactic of a technique; a sub-technique lies with the one it belongs to."""
    seen = {key}
    row = techniques[key]
    while row.get("subtechnique-of"):
        above = name_of(row["subtechnique-of"], f"subtechnique-of in {key}")
        if above in seen:
            raise refused(f"“{key}” lies below itself: its techniques form a circle. Correct subtechnique-of.")
        if above not in techniques:
            raise refused(f"The technique “{above}” above “{key}” is not in the file. Add it or correct subtechnique-of.")
        seen.add(above)
        row = techniques[above]
    named = row.get("tactics")
    first = str(named[0]) if isinstance(named, list) and named else ""
    if first not in tactics:
        raise refused(f"The technique “{key}” names no tactic of its matrix. Correct its field tactics.")
    return first


def _row(key: str, fields: Fields, section: str, depth: int) -> Row:
    name = needed(fields.get("name"), f"The name of {key}", 2000)
    text = text_of(fields.get("description"), f"The description of {key}")
    return Row(ref_of(key), title_of(name, ""), text or name, depth, True, section, key)


def _rows(holder: Fields, key: str) -> list[Fields]:
    value = holder.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise refused(f"“{key}” should be a list. Check that the file is whole.")
    return [_fields(row, f"an entry of {key}") for row in value]


def _fields(value: Any, what: str) -> Fields:
    if not isinstance(value, dict):
        raise refused(f"{what} should be a mapping of fields. Check that the file is whole.")
    return value
