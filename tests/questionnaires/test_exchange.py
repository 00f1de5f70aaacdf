"""Questionnaires out and in: the same document comes back, formulas go nowhere, hostile files are refused, differences are told in words."""

import io
import zipfile
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from core.errors import InvalidInput
from questionnaires.differences import differences
from questionnaires.document import FORMAT, Document, document_read
from questionnaires.exchange.cells import alive, inert, lines_read, lines_write
from questionnaires.exchange.files import COLUMNS, FORMATS, LARGEST, as_csv, as_xlsx, as_yaml, document_from
from questionnaires.exchange.flat import FIELDS
from questionnaires.shipped import shipped
from tests.factories import questionnaire_document

KEYS = st.from_regex(r"\A[a-z0-9][a-z0-9_-]{0,8}\Z")
SIGNS = st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"))
TRICKY = ["=cmd()", "+1", "-x", "@a", "'=b", "''-", "a | b", "a\\", "\\n", "null", "yes", "# x"]
LINES = st.text(SIGNS, min_size=1, max_size=20).map(str.strip).filter(bool) | st.sampled_from(TRICKY)
TEXTS = st.lists(LINES, max_size=3).map("\n".join)
POINTS = st.integers(0, 5).map(float) | st.sampled_from([0.25, 1.5])


@st.composite
def questions(draw: Any, key: str, earlier: list[str]) -> dict[str, Any]:
    kind = draw(st.sampled_from(["yes_no", "single", "multi", "number", "text", "table", "date", "file"]))
    row: dict[str, Any] = {"id": key, "text": draw(LINES), "type": kind, "help": draw(TEXTS), "required": draw(st.booleans())}
    row["evidence"] = draw(st.sampled_from(["none", "welcome", "required"]))
    if kind in ("single", "multi"):
        row["options"] = [{"id": name, "label": draw(LINES)} for name in draw(st.lists(KEYS, min_size=1, max_size=3, unique=True))]
    if kind == "table":
        row["columns"] = [{"id": "a", "label": draw(LINES)}, {"id": "b", "label": draw(LINES), "type": "date"}]
    if kind == "number":
        row |= {"unit": draw(LINES)[:20].strip(), "least": draw(st.floats(-1e6, 1e6)), "weight": draw(st.sampled_from([0, 1, 2.5]))}
    if kind == "text" and draw(st.booleans()):
        best = draw(POINTS.filter(bool))
        row |= {"most": best, "levels": [{"points": best, "label": draw(LINES)}, {"points": 0, "label": draw(LINES)}]}
    if kind == "yes_no" and draw(st.booleans()):
        row |= {"most": 3, "awards": [{"when": f"{key} = yes and {key} has file", "points": 3}, {"points": draw(POINTS.filter(lambda found: found <= 3))}]}
    if earlier and draw(st.booleans()):
        row["show_if"] = {"question": draw(st.sampled_from(earlier)), "answered": draw(st.booleans())}
    return row


@st.composite
def documents(draw: Any) -> Document:
    names = draw(st.lists(KEYS, min_size=2, max_size=5, unique=True))
    rows = [draw(questions(name, names[:place])) for place, name in enumerate(names)]
    cut = draw(st.integers(1, len(rows) - 1))
    sections = [{"id": "one", "title": draw(LINES), "category": "c", "questions": rows[:cut]}, {"id": "two", "title": draw(LINES), "questions": rows[cut:]}]
    flags = [{"id": "f", "when": {"question": names[0], "attached": True}, "title": draw(LINES), "because": draw(LINES)}]
    caps = [{"id": "k", "section": "two", "when": f'"{names[-1]}" not answered', "at_most": draw(st.integers(0, 100)), "because": draw(LINES)}]
    clauses = [{"id": "t", "when": f'"{names[0]}" answered', "title": draw(LINES), "text": draw(LINES)}]
    head = {
        "format": FORMAT,
        "title": draw(LINES),
        "about": draw(TEXTS),
        "headline": names[:1],
        "categories": [{"id": "c", "title": draw(LINES), "on": draw(st.booleans())}],
    }
    return document_read({**head, "sections": sections, "flags": flags, "caps": caps, "clauses": clauses})


@given(documents())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_goes_out_comes_back(document: Document) -> None:
    for _, write in FORMATS.values():
        assert document_from(write(document)).stored() == document.stored()
    assert document_read(document.stored()).digest() == document.digest()
    assert differences(document, document) == []


@given(documents(), documents())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_documents_differ_exactly_where_a_difference_is_told(one: Document, other: Document) -> None:
    assert bool(differences(one, other)) == (one.digest() != other.digest())


@pytest.mark.parametrize("name", list(shipped()))
@pytest.mark.parametrize("ending", list(FORMATS))
def test_shipped_ones_come_back(name: str, ending: str) -> None:
    document = shipped()[name]
    assert document_from(FORMATS[ending][1](document)).digest() == document.digest()


@given(st.lists(st.lists(LINES, min_size=1, max_size=3), max_size=4))
@settings(max_examples=50, deadline=None)
def test_lists_in_a_cell(rows: list[list[str]]) -> None:
    assert lines_read(lines_write(rows)) == rows


@given(st.text(max_size=10))
@settings(deadline=None)
def test_text_made_safe_is_the_same_afterwards(text: str) -> None:
    assert alive(inert(text)) == text
    assert not inert(text).lstrip().startswith(("=", "+", "-", "@"))


HOSTILE = ("=HYPERLINK(1)", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "=1+1")


def test_no_formula_leaves_in_a_sheet() -> None:
    for text in HOSTILE:
        document = questionnaire_document(title=text, about=f" {text}", source=f"'{text}")
        book = load_workbook(io.BytesIO(as_xlsx(document)))
        cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value]
        assert {cell.data_type for cell in cells} == {"s"}
        assert not [cell.value for cell in cells if str(cell.value).lstrip().startswith(("=", "+", "-", "@"))]
        assert f"'{text}" in as_csv(document).decode("utf-8-sig")


def sheet_of(rows: list[list[Any]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("xl/workbook.xml", b" " * 60_000_000)
    return stream.getvalue()


def linked() -> bytes:
    stream = io.BytesIO(as_xlsx(questionnaire_document()))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("xl/externalLinks/externalLink1.xml", "<x/>")
    return stream.getvalue()


HEAD = f"format: {FORMAT}\ntitle: T\n"
ONE = "sections: [{id: s, title: S, questions: [{id: q, text: Q, type: text}]}]\n"
REFUSED: tuple[tuple[str, bytes, str], ...] = (
    ("empty", b" \n", "empty"),
    ("huge", b"a: " + b"x" * LARGEST, "larger than"),
    ("aliases", f"{HEAD}about: &a x\nsource: *a\n".encode(), "anchor or alias"),
    ("laughs", b"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", "anchor or alias"),
    ("tag", b"a: !!python/object/apply:os.system [ls]\n", "tag"),
    ("deep yaml", b"a: " + b"[" * 500 + b"]" * 500, "nested"),
    ("deep json", b"{" + b'"a":[' * 500 + b"]" * 500 + b"}", "nested"),
    ("repeated key", b"title: a\ntitle: b\n", "repeats"),
    ("unknown field", f"{HEAD}weird: 1\n{ONE}".encode(), "weird"),
    ("no section", f"{HEAD}sections: []\n".encode(), "sections"),
    ("not a number", f"{HEAD}sections: [{{id: s, title: S, weight: .nan, questions: [{{id: q, text: Q, type: text}}]}}]\n".encode(), "weight"),
    ("xml", b"<?xml version='1.0'?><!DOCTYPE x>", "kind, id and text"),
    ("utf-16", "kind,id".encode("utf-16"), "UTF-16"),
    ("zip bomb", bomb(), "unpacks to"),
    ("external links", linked(), "links to other workbooks"),
    ("formula in csv", b"kind,id,text\nquestionnaire,,=1+1\n", "Row 2, text"),
    ("formula in xlsx", sheet_of([["kind", "id", "text"], ["questionnaire", None, "=1+1"]]), "Row 2, text"),
    ("no such column", b"kind,id,text,wage\nquestionnaire,,T,3\n", "“wage” is not known"),
    ("column twice", b"kind,id,text,text\nquestionnaire,,T,3\n", "stands twice"),
    ("kind", b"kind,id,text\nriddle,,T\n", "Row 2 is of the kind “riddle”"),
    ("section missing", b"kind,id,in,text\nquestionnaire,,,T\nquestion,q,s,Q\n", "Row 3 asks in the section “s”"),
    ("wrong column", b"kind,id,text,when\nquestionnaire,,T,\nsection,s,S,x\n", "Row 3 is a section, which has no “when”"),
    ("bad rule", b"kind,id,in,text,type,show_if\nquestionnaire,,,T,,\nsection,s,,S,,\nquestion,q,s,Q,text,zz\n", "Row 4, show_if"),
    ("bad type", b"kind,id,in,text,type\nquestionnaire,,,T,\nsection,s,,S,\nquestion,q,s,Q,riddle\n", "Row 4, type"),
    ("too many pieces", b"kind,id,in,text,type,options\nquestionnaire,,,T,,\nsection,s,,S,,\nquestion,q,s,Q,single,a | A | 1 | x\n", "Row 4, options"),
    ("invisible", "kind,id,text\nquestionnaire,,T\u202e\n".encode(), "invisible"),
)


@pytest.mark.parametrize(("raw", "told"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_hostile_or_wrong_file_is_refused_with_its_place(raw: bytes, told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        document_from(raw)
    assert caught.value.field == "file"
    assert told in caught.value.message


@given(st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        document_from(raw)
    except InvalidInput as error:
        assert error.message  # noqa: PT017 - it may also be read


def test_rules_may_be_written_as_text_in_yaml() -> None:
    assert "one_of:" in as_yaml(questionnaire_document()).decode()
    rows = "  - {id: a, text: A, type: yes_no}\n  - {id: b, text: B, type: text, show_if: a = yes}\n"
    found = document_from(f"{HEAD}sections:\n- id: s\n  title: S\n  questions:\n{rows}".encode())
    assert found.by_id["b"].show_if is not None
    assert found.by_id["b"].show_if.one_of == ("yes",)


def test_columns_are_those_of_the_parts() -> None:
    assert set(COLUMNS) == {"kind"} | {column for fields in FIELDS.values() for column in fields}


def test_differences_are_told_in_words() -> None:
    before, raw = questionnaire_document(), questionnaire_document().stored()
    one, two = raw["sections"]
    one["questions"][0] |= {"weight": 2, "text": "May access be raised?"}
    two["questions"][1]["options"] = [{"id": "probes", "label": "Probes", "points": 1}, {"id": "sae", "label": "Autoencoders", "points": 0}]
    one["questions"].append(two["questions"].pop(0))
    raw["caps"] = []
    raw["flags"][0]["when"] = "raised points <= 0"
    assert [str(row) for row in differences(before, document_read(raw))] == [
        "question raised: text Can access be raised? → May access be raised?",
        "question raised: weight 1 → 2",
        "question methods: option added: sae | Autoencoders | 0",
        "question methods: option removed: none | None | 0",
        "question judged: moved from section more to general",
        "cap c: removed, “Nothing can be checked.”",
        "flag f: rule raised = no → raised points <= 0",
    ]


def test_order_is_a_difference() -> None:
    raw = questionnaire_document().stored()
    raw["sections"][1]["questions"].reverse()
    assert [str(row) for row in differences(questionnaire_document(), document_read(raw))] == [
        "section more: its questions now come in the order methods, judged"
    ]
