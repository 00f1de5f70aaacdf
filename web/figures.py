"""Figures of a finding as inline SVG in the page's colours, drawn once per spec, with the data behind them as a table."""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.core.validators import slug_re
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from assessments.models import Finding
from core.canonical import canonical_digest
from core.errors import Conflict, InvalidInput, NotFound
from reports.charts import figure_svg
from web.lists.export import as_csv

ROWS_SHOWN = 200
FORMS = {"svg": "image/svg+xml", "csv": "text/csv; charset=utf-8", "json": "application/json"}
"""What a figure can be fetched as, with the media types."""
COLOURS = {
    "#1c2126": "--fig-ink",
    "#55606b": "--fig-muted",
    "#e3e6ea": "--fig-grid",
    "#c5cad1": "--fig-line",
    "#6b7280": "--fig-band",
    "#0b6e4f": "--assay-causal",
    "#1f4e79": "--assay-observed",
    "#9a6700": "--assay-inconclusive",
    "#a4262c": "--assay-unqualified",
    "white": "--tblr-bg-surface",
}
PAINT = re.compile(r'\b(fill|stroke)="(' + "|".join(map(re.escape, COLOURS)) + r')"')
# The page names the figure as a whole; nameless roles inside would only be noise to a screen reader.
ROLES = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
ACTIVE = re.compile(r"<\s*(script|foreignObject|image|use|a|iframe)\b|\son\w+\s*=|javascript:", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """Rows behind one layer of a figure; ``total`` counts them all."""

    columns: list[str]
    rows: list[list[Any]]
    total: int


@dataclass(frozen=True)
class FigureView:
    """A figure as shown; ``fault`` says why there is no picture, ``files`` where its parts can be fetched (``svg``, ``csv``, ``json``).

    ``from_end``: what matters is at the right, so a narrow window shows that end first.
    """

    name: str
    title: str
    caption: str
    alt: str
    svg: SafeString
    fault: str
    tables: list[Table]
    files: dict[str, str] = field(default_factory=dict)
    from_end: bool = False


def figures_of(finding: Finding) -> list[FigureView]:
    """The finding's figures in the instrument's order."""
    return [figure_view(figure, files=_addresses(finding, figure["name"])) for figure in finding.figures]


def figure_of(finding: Finding, name: str) -> Mapping[str, Any]:
    """The finding's figure called ``name``, or ``NotFound``."""
    found: Mapping[str, Any] | None = next((figure for figure in finding.figures if figure["name"] == name), None)
    if found is None:
        raise NotFound("This finding has no such figure.")
    return found


def _addresses(finding: Finding, name: str) -> dict[str, str]:
    if not slug_re.fullmatch(name):  # such a name cannot stand in an address
        return {}
    return {form: reverse("web:finding-figure", args=[finding.pk, name, form]) for form in FORMS}


def figure_view(figure: Mapping[str, Any], files: Mapping[str, str] | None = None) -> FigureView:
    """A figure ready for ``components/figure.html``: drawn, with its numbers; ``figure`` has name, title, caption, alt, spec, and ``from_end`` for a trend."""
    svg, fault = mark_safe(""), ""
    try:
        svg = figure_markup(figure["spec"])
    except (InvalidInput, Conflict) as error:
        fault = str(error)
    tables = list(data_tables(figure["spec"]))
    return FigureView(figure["name"], figure["title"], figure["caption"], figure["alt"], svg, fault, tables, dict(files or {}), bool(figure.get("from_end")))


def figure_file(spec: Mapping[str, Any], form: str) -> tuple[bytes, str]:
    """The figure as a file and its media type; ``form`` is one of ``FORMS``, ``NotFound`` for any other."""
    if form not in FORMS:
        raise NotFound(f"A figure can be fetched as {', '.join(FORMS)}.")
    make = {"svg": figure_drawing, "csv": figure_csv, "json": figure_json}[form]
    return make(spec), FORMS[form]


def figure_drawing(spec: Mapping[str, Any]) -> bytes:
    """The drawing in its own colours, as in the report."""
    return drawn(spec).encode()


def figure_csv(spec: Mapping[str, Any]) -> bytes:
    """All rows behind the figure, safe to open in a spreadsheet; ``part`` counts the layers where there are several."""
    parts = list(data_tables(spec, limit=None))
    columns = list(dict.fromkeys(column for part in parts for column in part.columns))
    head = [["part", *columns]] if len(parts) > 1 else [columns]
    rows = [[*([number] if len(parts) > 1 else []), *_aligned(part, row, columns)] for number, part in enumerate(parts, 1) for row in part.rows]
    return as_csv([_scalar(value) for value in row] for row in head + rows)


def figure_json(spec: Mapping[str, Any]) -> bytes:
    """The Vega-Lite spec with its data, for anyone's own tools and for the interactive view."""
    return orjson.dumps(spec, option=orjson.OPT_INDENT_2)


def _aligned(part: Table, row: list[Any], columns: list[str]) -> list[Any]:
    held = dict(zip(part.columns, row, strict=True))
    return [held.get(column, "") for column in columns]


def _scalar(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else value


def figure_markup(spec: Mapping[str, Any]) -> SafeString:
    """SVG of ``spec`` with our palette as CSS variables."""
    return themed(drawn(spec))


def drawn(spec: Mapping[str, Any]) -> str:
    """SVG of ``spec``, from the cache below ``var/cache/figures`` or drawn and put there."""
    path = Path(settings.ASSAY_VAR) / "cache" / "figures" / f"{canonical_digest(dict(spec))}.svg"
    if not path.is_file():
        _write_whole(path, figure_svg(spec))
    return path.read_text(encoding="utf-8")


def themed(svg: str) -> SafeString:
    """``svg`` with palette colours replaced by variables; ``Conflict`` when it holds anything but a drawing."""
    if ACTIVE.search(svg):
        raise Conflict("the drawing holds active content and is not shown")
    return mark_safe(PAINT.sub(_variable, ROLES.sub("", svg)))


def _variable(found: re.Match[str]) -> str:
    return f'{found[1]}="var({COLOURS[found[2]]}, {found[2]})"'


def _write_whole(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    Path(name).replace(path)


def data_tables(spec: Mapping[str, Any], limit: int | None = ROWS_SHOWN) -> Iterator[Table]:
    """Each distinct set of two or more inline rows of ``spec``, cut at ``limit`` rows."""
    seen: list[Any] = []
    for layer in (spec, *spec.get("layer", ())):
        values = layer.get("data", {}).get("values", [])
        if len(values) < 2 or values in seen:
            continue
        seen.append(values)
        columns = list(dict.fromkeys(column for row in values for column in row))
        yield Table(columns, [[row.get(column, "–") for column in columns] for row in values[:limit]], len(values))
