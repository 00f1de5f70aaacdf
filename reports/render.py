"""Snapshot to unsigned PDF: PDF/A-3a and PDF/UA-1 in one file, evidence attached, the same bytes for the same snapshot."""

import functools
import io
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring, register_namespace, tostring

import pikepdf
from django.conf import settings
from weasyprint import CSS, HTML, Attachment
from weasyprint.document import Document
from weasyprint.logger import LOGGER
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher

from core.canonical import canonical_json
from core.errors import IntegrityFailed, InvalidInput
from core.hashing import sha256_bytes
from reports.engine import render
from reports.fonts import font_faces
from reports.pipeline_view import with_pipeline
from reports.presentation import present

SNAPSHOT = "snapshot.json"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
PDFUAID = "http://www.aiim.org/pdfua/ns/id/"
# PDF/A demands these very prefixes, not only these namespaces.
for prefix, place in {"pdfaExtension": "extension/", "pdfaSchema": "schema#", "pdfaProperty": "property#"}.items():
    register_namespace(prefix, f"http://www.aiim.org/pdfa/ns/{place}")


def template_folder() -> Path:
    """Where the pages and their style sheet are."""
    return Path(settings.BASE_DIR) / "templates" / "reports"


def template_digest() -> str:
    """Hex SHA-256 over the names and digests of all template files, so that a snapshot says which pages it was made for."""
    files = sorted(path for path in template_folder().rglob("*") if path.is_file())
    return sha256_bytes(canonical_json([[path.name, sha256_bytes(path.read_bytes())] for path in files]))


def render_html(snapshot: Mapping[str, Any]) -> str:
    """The report's pages as one HTML document; every text in it is escaped."""
    return render("report.html", with_pipeline(present(snapshot)))


def render_pdf(snapshot: Mapping[str, Any], files: Mapping[str, bytes], draw: Callable[[Mapping[str, Any]], str] | None = None) -> bytes:
    """The unsigned PDF. ``files``: bytes of each attachment by name; ``draw``: its pages as HTML, those of an assessment where none is given.

    ``IntegrityFailed`` where a file is not what the snapshot lists, ``InvalidInput`` where anything could not be drawn.
    """
    attached = attachments(snapshot, files)
    with _complaints() as complaints:
        try:
            pdf = _write((draw or render_html)(snapshot), attached)
        except FatalURLFetchingError as error:
            raise InvalidInput("report", f"the pages cannot be set as they are, they ask for something outside: {error}") from error
    if complaints:
        raise InvalidInput("report", f"the pages cannot be set as they are: {complaints[0]}")
    return repack(pdf)


class _Complaints(logging.Handler):
    """Collects what the renderer would only log: a figure it cannot draw, a text alternative that is missing."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message."""
        self.found.append(record.getMessage())


@contextmanager
def _complaints() -> Iterator[list[str]]:
    handler = _Complaints()
    LOGGER.addHandler(handler)
    try:
        yield handler.found
    finally:
        LOGGER.removeHandler(handler)


def _write(pages: str, attached: list[Attachment]) -> bytes:
    fonts = FontConfiguration()
    fetcher = URLFetcher(allowed_protocols=["data"], allow_redirects=False, fail_on_errors=True)
    style = (template_folder() / "report.css").read_text(encoding="utf-8")
    sheets = [CSS(string=font_faces() + style, font_config=fonts, url_fetcher=fetcher)]
    html = HTML(string=pages, url_fetcher=fetcher)
    document = html.render(font_config=fonts, stylesheets=sheets, pdf_variant="pdf/a-3a")
    document.metadata.attachments = attached
    _declare_pdfua(document)
    target = io.BytesIO()
    document.write_pdf(target, pdf_variant="pdf/a-3a")
    return target.getvalue()


def attachments(snapshot: Mapping[str, Any], files: Mapping[str, bytes]) -> list[Attachment]:
    """The snapshot and every file it lists as embedded, checked, with dates fixed to the snapshot's own."""
    listed = {row["name"]: row for row in snapshot["attachments"] if row["embedded"]}
    if set(listed) != set(files):
        raise IntegrityFailed(f"the files handed in are not those the snapshot lists: {sorted(set(listed) ^ set(files))[0]} differs")
    for name, data in files.items():
        if sha256_bytes(data) != listed[name]["sha256"]:
            raise IntegrityFailed(f"{name} is not the file whose digest the snapshot lists")
    made = datetime.fromisoformat(snapshot["report"]["made_at"]).replace(tzinfo=None)
    rows = [(SNAPSHOT, canonical_json(snapshot), "Everything this report says, as canonical JSON")]
    rows += [(name, files[name], listed[name]["title"]) for name in sorted(files)]
    return [Attachment(string=data, name=name, description=title, relationship="Data", created=made, modified=made) for name, data, title in rows]


def repack(pdf: bytes) -> bytes:
    """The same document with its object streams rewritten: validating a signed, tagged file is quadratic without this."""
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.save(target, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True, fix_metadata_version=False)
    return target.getvalue()


def _declare_pdfua(document: Document) -> None:
    """Add ``pdfuaid:part`` and its extension schema inside the one ``rdf:RDF``; a second one would fail PDF/UA 5-1."""
    document.metadata.generate_rdf_metadata = functools.partial(_with_pdfua, document.metadata.generate_rdf_metadata)


def _with_pdfua(generate: Any, *arguments: Any) -> bytes:
    rdf = fromstring(generate(*arguments))
    part = SubElement(rdf, f"{RDF}Description", {f"{RDF}about": "", f"{{{PDFUAID}}}part": "1"})
    part.tail = None
    rdf.append(_extension_schema())
    return bytes(tostring(rdf, encoding="utf-8"))


def _extension_schema() -> Element:
    """PDF/A demands that a property from outside its own schemas be described in the file."""
    text = (Path(__file__).parent / "data" / "pdfuaid-extension.xml").read_text(encoding="utf-8")
    return fromstring(text)


def embedded_files(pdf: bytes) -> Sequence[tuple[str, bytes]]:
    """(name, bytes) of every attachment of a report."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return [(name, spec.get_file().read_bytes()) for name, spec in sorted(opened.attachments.items())]
