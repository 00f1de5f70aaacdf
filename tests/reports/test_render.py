"""The unsigned PDF: the same bytes for the same snapshot, archivable, accessible, with the evidence inside."""

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from core.canonical import canonical_json
from core.errors import IntegrityFailed, InvalidInput
from reports import render
from reports.render import embedded_files, render_pdf
from tests.reports.snapshots import files, snapshot

ROOT = Path(__file__).resolve().parents[2]
RENDER = """
import django; django.setup()
import hashlib
from reports.render import render_pdf
from tests.reports.snapshots import files, snapshot
print(hashlib.sha256(render_pdf(snapshot(), files())).hexdigest())
"""


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return render_pdf(snapshot(), files())


@pytest.fixture
def opened(pdf: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(pdf))


def digest_elsewhere(**environment: str) -> str:
    """The digest of the same report made by another process in another place of the world."""
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment}
    done = subprocess.run([sys.executable, "-c", RENDER], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_render_pdf_gives_the_same_bytes_in_another_process(pdf: bytes) -> None:
    elsewhere = digest_elsewhere(PYTHONHASHSEED="42", TZ="Asia/Tokyo", SOURCE_DATE_EPOCH="1")
    assert elsewhere == hashlib.sha256(pdf).hexdigest()


def test_render_pdf_does_not_depend_on_the_order_of_keys(pdf: bytes) -> None:
    document = json.loads(json.dumps(snapshot(), sort_keys=True))
    assert list(document) != list(snapshot())
    assert render_pdf(document, files()) == pdf


def test_render_pdf_differs_when_one_number_differs(pdf: bytes) -> None:
    document = snapshot()
    document["steps"][2]["measurements"][0]["value"] = 1.73
    assert render_pdf(document, files()) != pdf


def test_render_pdf_declares_pdfa_3a_and_pdfua_1_in_one_description(opened: pikepdf.Pdf) -> None:
    with opened.open_metadata() as metadata:
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
    xmp = opened.Root.Metadata.read_bytes().decode()
    assert xmp.count("<rdf:RDF") == 1
    assert 'pdfuaid:part="1"' in xmp
    assert "pdfaExtension:schemas" in xmp
    assert "pdfaSchema:prefix" in xmp


def test_render_pdf_is_tagged_titled_and_in_english(opened: pikepdf.Pdf) -> None:
    assert bool(opened.Root.MarkInfo.Marked)
    assert str(opened.Root.Lang) == "en-GB"
    assert str(opened.docinfo["/Title"]) == "R-000031: Assessment of Example-135M (test data)"
    assert bool(opened.Root.ViewerPreferences.DisplayDocTitle)


def test_render_pdf_gives_every_picture_a_text_alternative(opened: pikepdf.Pdf) -> None:
    figures = [item for item in opened.objects if isinstance(item, pikepdf.Dictionary) and item.get("/S") == "/Figure"]
    assert len(figures) == 5
    assert all(len(str(item.Alt)) > 20 for item in figures)


def test_render_pdf_has_a_bookmark_for_every_section(opened: pikepdf.Pdf) -> None:
    with opened.open_outline() as outline:
        titles = [item.title for item in outline.root]
    assert titles[0] == "Summary"
    assert [title[:2] for title in titles[2:]] == ["1 ", "2 ", "3 ", "4.", "4.", "4.", "4.", "4.", "5 ", "6 ", "7 ", "8 ", "9 "]


def test_render_pdf_embeds_its_fonts_and_no_others(opened: pikepdf.Pdf) -> None:
    names = {str(item.FontName).partition("+")[2] for item in opened.objects if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor"}
    assert names == {"IBM-Plex-Sans", "IBM-Plex-Sans-Semi-Bold", "IBM-Plex-Mono"}


def test_render_pdf_attaches_the_snapshot_and_every_file_bit_for_bit(pdf: bytes) -> None:
    assert dict(embedded_files(pdf)) == {**files(), "snapshot.json": canonical_json(snapshot())}


def test_render_pdf_marks_attachments_as_data_with_fixed_dates(opened: pikepdf.Pdf) -> None:
    for name, specification in opened.attachments.items():
        assert specification.obj.AFRelationship == "/Data", name
        parameters = specification.obj.EF.F.Params
        assert {str(parameters.CreationDate), str(parameters.ModDate)} == {"D:20261120202000Z"}
    assert {specification.objgen for specification in opened.Root.AF} == {specification.obj.objgen for specification in opened.attachments.values()}


def test_render_pdf_refuses_a_file_that_is_not_the_one_listed() -> None:
    with pytest.raises(IntegrityFailed, match=r"plan\.json is not the file"):
        render_pdf(snapshot(), {**files(), "plan.json": b"{}"})


def test_render_pdf_refuses_a_missing_or_unlisted_file() -> None:
    with pytest.raises(IntegrityFailed, match=r"extra\.json"):
        render_pdf(snapshot(), {**files(), "extra.json": b"{}"})
    fewer = files()
    del fewer["plan.json"]
    with pytest.raises(IntegrityFailed, match=r"plan\.json"):
        render_pdf(snapshot(), fewer)


@pytest.mark.parametrize("address", ["file:///etc/hostname", "http://localhost:1/a.svg", "data:image/svg+xml;base64,bm90IGFuIHN2Zw=="])
def test_render_pdf_fails_rather_than_leave_a_picture_out(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "render_html", lambda snapshot: f'<html lang="en"><title>t</title><body><img src="{address}" alt="figure"></body></html>')
    with pytest.raises(InvalidInput, match="cannot be set"):
        render_pdf(snapshot(), files())


def test_render_pdf_fails_when_a_picture_has_no_text_alternative(monkeypatch: pytest.MonkeyPatch) -> None:
    svg = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/%3E"
    monkeypatch.setattr(render, "render_html", lambda snapshot: f'<html lang="en"><title>t</title><body><img src="{svg}"></body></html>')
    with pytest.raises(InvalidInput, match="alt"):
        render_pdf(snapshot(), files())


def test_template_digest_changes_with_any_template(tmp_path: Path, settings: Any) -> None:
    before = render.template_digest()
    copied = tmp_path / "templates" / "reports"
    copied.mkdir(parents=True)
    for path in render.template_folder().iterdir():
        (copied / path.name).write_bytes(path.read_bytes())
    settings.BASE_DIR = tmp_path
    assert render.template_digest() == before
    (copied / "report.css").write_text("")
    assert render.template_digest() != before
