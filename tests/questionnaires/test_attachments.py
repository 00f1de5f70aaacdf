"""Files that respondents attach: what is taken, by content; what is refused; and that nothing is read past its limit."""

import json

import pytest

from core.errors import InvalidInput
from questionnaires.attachments import CHUNK, LARGEST, attachment_read, safe_name
from tests.questionnaires.files import JPEG, PDF, PNG, Endless, added, docx, packed, stream, xlsx

EXTERNAL = b'<Relationships><Relationship Id="r" Type="x/attachedTemplate" Target="http://example.org/t.dotm" TargetMode="External"/></Relationships>'
LINK = b'<Relationships><Relationship Id="r" Type="x/hyperlink" Target="http://example.org/" TargetMode="External"/></Relationships>'


@pytest.mark.parametrize(
    ("name", "data", "kept", "media_type"),
    [
        ("card.PDF", PDF, "card.pdf", "application/pdf"),
        ("shot.png", PNG, "shot.png", "image/png"),
        ("photo.jpeg", JPEG, "photo.jpg", "image/jpeg"),
        ("table.xlsx", xlsx(), "table.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("text.docx", docx(), "text.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("linked.docx", docx(word___rels__document__xml__rels=LINK), "linked.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("rows.csv", "größe;1\n".encode(), "rows.csv", "text/csv"),
        ("note.txt", b"1 < 2, and more", "note.txt", "text/plain"),
        ("facts.json", json.dumps({"a": [1]}).encode(), "facts.json", "application/json"),
    ],
)
def test_honest_file_is_taken_by_its_content(name: str, data: bytes, kept: str, media_type: str) -> None:
    found = attachment_read(name, stream(data))
    assert (found.name, found.media_type, found.data) == (kept, media_type, data)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("empty.pdf", b"", "empty"),
        ("card.pdf", PNG, "content is PNG"),
        ("picture.png", PDF, "content is PDF"),
        ("picture.svg", b"<svg onload='alert(1)'/>", "none of them"),
        ("page.html", b"<!doctype html><script>", "none of them"),
        ("run.js", b"alert(1)", "none of them"),
        ("run.exe", b"MZ\x90\x00", "none of them"),
        ("note.txt", b"  <svg xmlns='x' onload='alert(1)'/>", "code in it"),
        ("rows.csv", b"a,b\n<script>alert(1)</script>", "code in it"),
        ("run.txt", b"#!/bin/sh\nrm -rf /", "code in it"),
        ("page.txt", b"\xff\xfe<\x00s\x00v\x00g\x00", "no UTF-8"),
        ("nulls.txt", b"a\x00b", "null characters"),
        ("facts.json", b"{not json", "cannot be read as JSON"),
        ("deep.json", b"[" * 100_000, "cannot be read as JSON"),
        ("files.zip", packed({"a.txt": b"a"}), "Archives are not taken"),
        ("table.xlsx", packed({"a.txt": b"a"}), "no XLSX workbook"),
        ("text.docx", xlsx(), "no DOCX document"),
        ("macro.xlsx", added(xlsx(), xl__vbaProject_bin=b"x"), "macros"),
        ("macro.docx", docx(word__vbaProject_bin=b"x"), "macros"),
        ("macro.docm", docx(), "Archives are not taken"),
        ("template.docx", docx(**{"word___rels__settings.xml.rels": EXTERNAL}), "fetches a part from another place"),
        ("embedded.docx", docx(**{"word__embeddings__a.bin": b"x"}), "embedded files"),
        ("bomb.docx", docx(**{"word__big.xml": b"0" * (60 << 20)}), "far more than its size"),
        ("entity.docx", docx(**{"word__styles.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><x/>'}), "declares entities"),
        ("climb.docx", docx(**{"..__..__evil.xml": b"x"}), "points outside"),
    ],
)
def test_dishonest_file_is_refused_with_its_reason(name: str, data: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as refused:
        attachment_read(name, stream(data))
    assert refused.value.field == "file"


def test_endless_file_is_read_no_further_than_its_limit() -> None:
    endless = Endless()
    with pytest.raises(InvalidInput, match="larger than 20 MiB"):
        attachment_read("card.pdf", endless)  # type: ignore[arg-type]  # a raw stream, as uploads are
    assert endless.given <= LARGEST + CHUNK


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\docs\\card.pdf", "card.pdf"),
        ("a\u202efdp.exe.pdf", "afdp.exe.pdf"),
        ("one\r\nSet-Cookie: x.pdf", "one Set-Cookie x.pdf"),
        ('<img src="x">.pdf', "img src= x.pdf"),
        ("....pdf", "pdf.pdf"),
        (".pdf", "pdf.pdf"),
        ("...", "file.pdf"),
        ("x" * 500 + ".pdf", "x" * 120 + ".pdf"),
    ],
)
def test_names_become_harmless(name: str, kept: str) -> None:
    assert safe_name(name, ".pdf") == kept
