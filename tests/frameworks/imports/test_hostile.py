"""Hostile files: each is refused with its problem and the fix in the message, and nothing at all is changed."""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from cli.frameworks_steps import bring
from core.errors import InvalidInput
from evidence import ledger
from evidence.models import Artifact, LedgerEntry
from frameworks.import_services import draft_columns, draft_create
from frameworks.imports.limits import LARGEST, LARGEST_YAML
from frameworks.models import Crosswalk, Framework, ImportDraft, Requirement
from tests import factories
from tests.frameworks.imports import files

pytestmark = pytest.mark.django_db


def laughs() -> bytes:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
    return "\n".join(lines).encode()


def with_text(text: str) -> bytes:
    """The example library in which the second node says ``text``, as JSON-like YAML so that any character can stand in it."""
    return files.as_yaml(files.ciso(nodes=[{}, {"ref_id": "U.1", "name": "a", "description": "MARK"}])).replace(b"MARK", json.dumps(text).encode())


def circle() -> bytes:
    document = files.ciso()
    nodes = document["objects"]["framework"]["requirement_nodes"]
    nodes[0]["parent_urn"] = nodes[1]["urn"]
    return files.as_yaml(document)


def changed(place: int, **fields: Any) -> bytes:
    document = files.ciso()
    document["objects"]["framework"]["requirement_nodes"][place].update(fields)
    return files.as_yaml(document)


def bomb() -> bytes:
    """A workbook with a part that unpacks to 300 MB of spaces."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("[Content_Types].xml", "xl/workbook.xml"):
            archive.writestr(name, b"<x/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(300):
                part.write(b" " * (1 << 20))
    return stream.getvalue()


def many_parts() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(600):
            archive.writestr(f"xl/part{number}.xml", b"<x/>")
    return stream.getvalue()


def macro_types() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(files.as_xlsx())) as old, zipfile.ZipFile(stream, "w") as new:
        for part in old.infolist():
            new.writestr(part, old.read(part).replace(b"spreadsheetml.sheet.main", b"ms-excel.sheet.macroEnabled.main"))
    return stream.getvalue()


ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
DEEP_JSON = b'{"catalog": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"

HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty file": (lambda: b"", "empty"),
    "blank file": (lambda: b" \n\t ", "empty"),
    "larger than the limit": (lambda: b"a,b\n" * (LARGEST // 4 + 1), "larger than 12 MiB"),
    "yaml larger than its limit": (lambda: b"urn: x\n#" + b"x" * LARGEST_YAML, "4 MiB at most"),
    "yaml billion laughs": (laughs, "anchor or alias"),
    "yaml alias to what is not there": (lambda: b"urn: *nothing\n", "anchor or alias"),
    "yaml python object": (lambda: b"urn: x\nobjects: !!python/object/apply:os.system ['true']\n", "uses the tag"),
    "yaml own tag": (lambda: b"urn: !secret x\nobjects: {}\n", "uses the tag"),
    "yaml deep": (lambda: b"urn: x\nobjects: " + b"[" * 5000 + b"]" * 5000, "nested more than 40 deep"),
    "yaml repeated key": (lambda: b"urn: x\nurn: y\nobjects: {}\n", "Line 2 repeats the key"),
    "yaml list as a key": (lambda: b"urn: x\n? [a, b]\n: c\n", "as a key"),
    "yaml of two documents": (lambda: b"urn: x\n---\nurn: y\n", "several YAML documents"),
    "yaml broken": (lambda: b"urn: [x\n", "cannot be read as YAML"),
    "yaml that is no library": (lambda: b"hello: world\n", "neither a CISO Assistant library"),
    "library without a framework": (lambda: files.as_yaml({**files.ciso(), "objects": {"risk_matrix": []}}), "neither a framework nor mapping sets"),
    "library whose objects are a text": (lambda: files.as_yaml({**files.ciso(), "objects": "x"}), "should be a mapping"),
    "nodes that are no list": (lambda: changed(1, name=["a"]), "should be text"),
    "urn twice": (lambda: changed(2, urn="urn:example:risk:req_node:garden:node1"), "stands twice"),
    "parents in a circle": (circle, "form a circle"),
    "parent that is not there": (lambda: changed(1, parent_urn="urn:other:x"), "is not in the file"),
    "urn that climbs out": (lambda: changed(1, urn="urn:example:../../../etc/passwd"), "holds a path"),
    "urn with backslashes": (lambda: changed(1, urn="urn:example:..\\..\\x"), "holds a path"),
    "text turned right to left": (lambda: with_text("safe \u202e gnihton"), re.escape("U+202E")),
    "text with a half character": (lambda: files.as_json(files.oscal()).replace(b"Corners", b"\\ud800"), re.escape("U+D800")),
    "text with a NUL as an escape": (lambda: files.as_json(files.oscal()).replace(b"Corners", b"Cor\\u0000ners"), re.escape("U+0000")),
    "text without end": (lambda: with_text("x" * 50_000), "at most 40000"),
    "json NaN": (lambda: b'{"catalog": {"metadata": {"version": NaN}}}', "NaN, which is no number"),
    "json infinity": (lambda: b'{"catalog": {"metadata": {"version": -Infinity}}}', "Infinity"),
    "json huge number": (lambda: b'{"catalog": {"metadata": {"version": ' + b"9" * 5000 + b"}}}", "5000 digits"),
    "json repeated key": (lambda: b'{"catalog": {}, "catalog": {}}', "repeats the key"),
    "json deep": (lambda: DEEP_JSON, "nested more than 40 deep"),
    "json broken": (lambda: b'{"catalog": {', "cannot be read as JSON"),
    "json that is no catalog": (lambda: b'{"profile": {}}', "only catalogs are read"),
    "oscal controls that are no list": (lambda: files.as_json(files.oscal(controls="x")), "should be a list"),
    "oscal control twice": (lambda: files.as_json(files.oscal()).replace(b'"sw-1.1"', b'"SW-1"'), "stands twice"),
    "oscal without controls": (lambda: files.as_json(files.oscal(groups=[])), "no requirement"),
    "atlas techniques in a circle": (
        lambda: files.as_yaml(files.atlas(techniques=[{"id": "A", "name": "a", "subtechnique-of": "B"}, {"id": "B", "name": "b", "subtechnique-of": "A"}])),
        "form a circle",
    ),
    "atlas technique of no tactic": (lambda: files.as_yaml(files.atlas(techniques=[{"id": "A", "name": "a", "tactics": ["none"]}])), "names no tactic"),
    "atlas id twice": (lambda: files.as_yaml(files.atlas(techniques=[{"id": "A", "name": "a"}, {"id": "A", "name": "b"}])), "stands twice"),
    "relationship nobody knows": (lambda: files.as_yaml(files.mapping([("node1", "cousin", "node2")])), "equal, subset, superset or intersect"),
    "strength that is no number": (lambda: files.crosswalk_csv(("a", "1", "equal", "b", "2", "", "strong")), "whole number"),
    "invalid utf-8": (lambda: b"urn: \xc3\x28\n", "Byte 6 of the file is not UTF-8"),
    "nul bytes": (lambda: b"urn: a\x00b\n", "NUL bytes"),
    "utf-16": (lambda: "urn: x\n".encode("utf-16"), "UTF-16"),
    "pdf called yaml": (lambda: b"%PDF-1.7\nurn: x\n", "is a PDF"),
    "gzip": (lambda: gzip.compress(files.as_csv()), "packed with gzip"),
    "program": (lambda: b"\x7fELF" + b"\x01" * 60, "is a program"),
    "xml with an external entity": (lambda: ENTITY, "XML or HTML"),
    "html": (lambda: b"<html><script>alert(1)</script></html>", "XML or HTML"),
    "prose": (lambda: b"Nothing to see here", "none that is read"),
    "csv with a million columns": (lambda: b"," * 1_000_000, "filled cell|more than 200 columns"),
    "csv with a million filled columns": (lambda: b"x," * 1_000_000, "more than 200 columns"),
    "csv with a million rows": (lambda: b"a,b\n" * 1_000_000, "more than 20000 rows"),
    "csv with a field without end": (lambda: b'a,"' + b"x" * 1_000_000, "cannot be read as CSV"),
    "xlsx bomb": (bomb, "unpacks to 300 MiB"),
    "xlsx with hundreds of parts": (many_parts, "600 parts"),
    "xlsx cut short": (lambda: files.as_xlsx()[:2000], "cannot be unpacked"),
    "xlsx with broken xml": (lambda: files.with_part("xl/workbook.xml", b"<workbook", replace=True), "cannot be read"),
    "zip that is no workbook": (lambda: _zip({"library.yaml": b"urn: x"}), "no XLSX workbook"),
    "xlsx with macros": (lambda: files.with_part("xl/vbaProject.bin", b"x"), "macros"),
    "xlsx that says it has macros": (macro_types, "macros"),
    "xlsx with links to workbooks": (lambda: files.with_part("xl/externalLinks/externalLink1.xml", b"<x/>"), "links to other workbooks"),
    "xlsx with connections": (lambda: files.with_part("xl/connections.xml", b"<x/>"), "data connections"),
    "xlsx with embedded files": (lambda: files.with_part("xl/embeddings/oleObject1.bin", b"x"), "embedded files"),
    "xlsx with an external entity": (lambda: files.with_part("xl/sharedStrings.xml", ENTITY, replace=True), "declares entities"),
    "xlsx with an entity in utf-16": (lambda: files.with_part("xl/x.xml", ENTITY.decode().encode("utf-16")), "declares entities"),
    "xlsx part that climbs out": (lambda: files.with_part("../../etc/passwd", b"x"), "points outside"),
    "xlsx part with a root": (lambda: files.with_part("/etc/passwd", b"x"), "points outside"),
    "xlsx part that is a link": (lambda: files.with_part("xl/link.bin", b"/etc/passwd", mode=0o120777), "is a link"),
}  # fmt: skip


def _zip(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def everything() -> tuple[int, ...]:
    """How many rows there are of whatever an import may touch, stored files included."""
    return tuple(model.objects.count() for model in (Framework, Requirement, Crosswalk, ImportDraft, Artifact, LedgerEntry))


@pytest.mark.parametrize(("make", "told"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_file_is_refused_and_changes_nothing(admin: User, installation: Path, make: Callable[[], bytes], told: str) -> None:
    before, raw = everything(), make()
    with pytest.raises(InvalidInput, match=told) as caught:
        draft_create(actor=admin, record=ledger.append, organisation=factories.home(admin), name="library.yaml", raw=raw)
    assert caught.value.message.rstrip().endswith((".", "”.")), "a sentence that says what to do"
    assert everything() == before
    assert not (installation / "artifacts").exists() or not any(path.is_file() for path in (installation / "artifacts").rglob("*"))


SHEETS: dict[str, tuple[Callable[[], bytes], str]] = {
    "csv formula": (lambda: files.as_csv([*files.SHEET, ("Q-3", "=cmd|' /C calc'!A0", "")]), "Row 4, column 2 begins like a formula"),
    "csv formula as reference": (lambda: files.as_csv([*files.SHEET, ("@SUM(1)", "x", "")]), "begins like a formula"),
    "csv formula with a sign": (lambda: files.as_csv([*files.SHEET, ("Q-3", "+HYPERLINK(1)", "")]), "begins like a formula"),
    "xlsx formula": (lambda: files.as_xlsx([*files.SHEET, ("Q-3", "=1+1", "")]), "paste its value"),
    "reference twice": (lambda: files.as_csv([*files.SHEET, ("Q-1", "again", "")]), "stands twice"),
    "reference that climbs": (lambda: files.as_csv([*files.SHEET, ("../../x", "again", "")]), "holds a path"),
    "row without text": (lambda: files.as_csv([*files.SHEET, ("Q-3", "", "")]), "text in row 4 is missing"),
    "hidden characters": (lambda: files.as_csv([*files.SHEET, ("Q-3", "a\u2066b", "")]), re.escape("U+2066")),
    "no rows": (lambda: files.as_csv(files.SHEET[:1]), "no requirement"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "told"), SHEETS.values(), ids=SHEETS)
def test_hostile_sheet_is_refused_with_its_cell(admin: User, make: Callable[[], bytes], told: str) -> None:
    draft = draft_create(actor=admin, record=ledger.append, organisation=factories.home(admin), name="sheet.csv", raw=make())
    before = everything()
    sheet = "Sheet" if bytes(draft.raw).startswith(b"PK") else "CSV"
    with pytest.raises(InvalidInput, match=told):
        draft_columns(actor=admin, record=ledger.append, draft=draft, columns={**files.COLUMNS, "sheet": sheet})
    assert everything() == before
    draft.refresh_from_db()
    assert draft.columns == {}


def test_formula_outside_the_chosen_columns_is_neither_run_nor_in_the_way(admin: User) -> None:
    raw = files.as_xlsx([(*row, "=WEBSERVICE(1)") for row in files.SHEET])
    draft = draft_create(actor=admin, record=ledger.append, organisation=factories.home(admin), name="sheet.xlsx", raw=raw)
    draft_columns(actor=admin, record=ledger.append, draft=draft, columns={**files.COLUMNS, "sheet": "Sheet"})
    assert draft.columns["name"] == "Tool questions"


def test_gigabyte_is_refused_by_its_size_without_being_read(admin: User, tmp_path: Path) -> None:
    path, before = tmp_path / "huge.yaml", everything()
    with path.open("wb") as stream:
        stream.truncate(1 << 30)
    path.chmod(0)  # for others than root, reading it would fail in another way
    for apply in (False, True):
        with pytest.raises(InvalidInput, match="larger than 12 MiB"):
            bring(path, "", {}, "", apply)
    assert everything() == before
