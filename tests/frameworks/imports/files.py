"""Small files in the real shapes, with content of our own; every test changes only what it is about."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from openpyxl import Workbook

URN = "urn:example:risk"
NODES = (
    {"name": "Upkeep"},
    {"ref_id": "U.1", "name": "Keep a list", "description": "Keep a list of all tools."},
    {"ref_id": "U.2", "description": "Oil them."},
)


def node(place: int, fields: Mapping[str, Any], framework: str = "garden") -> dict[str, Any]:
    """A requirement node; the first is the heading of the others."""
    own = f"{URN}:req_node:{framework}:node{place}"
    above = {"parent_urn": f"{URN}:req_node:{framework}:node0", "depth": 2, "assessable": True} if place else {"depth": 1, "assessable": False}
    return {"urn": own, **above, **fields}


def ciso(framework: str = "garden", nodes: Sequence[Mapping[str, Any]] = NODES, **more: Any) -> dict[str, Any]:
    """A CISO Assistant library with one framework."""
    rows = [node(place, fields, framework) for place, fields in enumerate(nodes)]
    inner = {"urn": f"{URN}:framework:{framework}", "ref_id": framework.title(), "name": f"The {framework} code", "requirement_nodes": rows}
    facts = {"locale": "en", "ref_id": framework, "name": f"The {framework} code", "version": 3, "provider": "A club", "copyright": "CC-BY-4.0"}
    return {"urn": f"{URN}:library:{framework}", **facts, "publication_date": "2025-04-01", "objects": {"framework": inner}, **more}


def mapping(pairs: Sequence[tuple[str, str, str]], source: str = "garden", target: str = "kitchen") -> dict[str, Any]:
    """A library with one mapping set; pairs are node numbers and a relationship."""
    rows = [
        {"source_requirement_urn": f"{URN}:req_node:{source}:{one}", "target_requirement_urn": f"{URN}:req_node:{target}:{other}",
         "relationship": how, "rationale": "semantic", "strength_of_relationship": 7}
        for one, how, other in pairs
    ]  # fmt: skip
    ends = {"source_framework_urn": f"{URN}:framework:{source}", "target_framework_urn": f"{URN}:framework:{target}"}
    sets = [{"urn": f"{URN}:req_mapping_set:{source}-{target}", "name": f"{source} to {target}", **ends, "requirement_mappings": rows}]
    return {"urn": f"{URN}:library:mapping", "name": "A mapping", "copyright": "CC0-1.0", "objects": {"requirement_mapping_sets": sets}}


def as_yaml(document: Any) -> bytes:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True).encode()


def oscal(**more: Any) -> dict[str, Any]:
    """An OSCAL catalog: a group with a control that has an enhancement, and a withdrawn one."""
    parts = [
        {"name": "statement", "prose": "Sweep {{ insert: param, sw_prm_1 }}.", "parts": [
            {"name": "item", "props": [{"name": "label", "value": "a."}], "prose": "Begin at the top."}]},
        {"name": "guidance", "prose": "A broom helps."},
    ]  # fmt: skip
    first = {
        "id": "sw-1", "title": "Sweeping", "params": [{"id": "sw_prm_1", "label": "how often"}], "props": [{"name": "label", "value": "SW-1"}],
        "parts": parts, "controls": [{"id": "sw-1.1", "title": "Corners", "parts": [{"name": "statement", "prose": "Sweep the corners."}]}],
    }  # fmt: skip
    gone = {"id": "sw-2", "title": "Old rule", "props": [{"name": "status", "value": "withdrawn"}]}
    metadata = {"title": "Housekeeping catalog", "version": "1.10", "oscal-version": "1.1.2", "last-modified": "2025-02-03T04:05:06Z",
                "parties": [{"name": "A club"}], "links": [{"href": "https://example.org/catalog", "rel": "canonical"}]}  # fmt: skip
    catalog = {"uuid": "1b2c", "metadata": metadata, "groups": [{"id": "sw", "title": "Sweep", "controls": [first, gone]}]}
    return {"catalog": {**catalog, **more}}


def as_json(document: Any) -> bytes:
    return json.dumps(document).encode()


def atlas(**more: Any) -> dict[str, Any]:
    """ATLAS-like data: a tactic, a technique with a sub-technique, a mitigation."""
    techniques = [
        {"id": "EX.T1", "name": "Knock", "object-type": "technique", "description": "Knock at the door.", "tactics": ["EX.TA1"]},
        {"id": "EX.T1.1", "name": "Knock twice", "object-type": "technique", "description": "Again.", "subtechnique-of": "EX.T1"},
    ]
    tactics = [{"id": "EX.TA1", "name": "Arrive", "object-type": "tactic", "description": "Come near."}]
    mitigations = [{"id": "EX.M1", "name": "A bell", "description": "Hang a bell.", "techniques": [{"id": "EX.T1", "use": "It rings."}]}]
    matrix = {"id": "EX", "name": "Visits", "tactics": tactics, "techniques": techniques, "mitigations": mitigations}
    return {"id": "EXAMPLE", "name": "Landscape of visits", "version": "1.2.0", "matrices": [{**matrix, **more}]}


SHEET = (("Question ID", "Question", "Domain"), ("Q-1", "Do you keep a list?", "Lists"), ("Q-2", "Who reads it?", "Lists"))
COLUMNS = {"sheet": "CSV", "heading": 1, "ref": 0, "text": 1, "title": None, "section": 2, "name": "Tool questions", "licence": "CC0-1.0"}


def as_csv(rows: Sequence[Sequence[str]] = SHEET) -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue().encode()


def as_xlsx(rows: Sequence[Sequence[Any]] = SHEET) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_part(name: str, content: bytes, mode: int = 0, replace: bool = False) -> bytes:
    """The example workbook with another part, or another content of one; ``mode`` are the Unix mode bits of the part."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(as_xlsx())) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            if not (replace and part.filename == name):
                new.writestr(part, old.read(part))
        made = zipfile.ZipInfo(name)
        made.external_attr, made.compress_type = mode << 16, zipfile.ZIP_DEFLATED
        new.writestr(made, content)
    return stream.getvalue()


def crosswalk_csv(*rows: Sequence[str]) -> bytes:
    return as_csv([("source_framework", "source", "relationship", "target_framework", "target", "rationale", "strength"), *rows])
