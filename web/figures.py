"""Figures of a finding as inline SVG in the page's colours, drawn once per spec, with the data behind them as a table."""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from assessments.models import Finding
from core.canonical import canonical_digest
from core.errors import Conflict, InvalidInput
from reports.charts import figure_svg

ROWS_SHOWN = 200
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
    """A figure as shown; ``fault`` says why there is no picture."""

    name: str
    title: str
    caption: str
    alt: str
    svg: SafeString
    fault: str
    tables: list[Table]


def figures_of(finding: Finding) -> list[FigureView]:
    """The finding's figures in the instrument's order."""
    return [_view(figure) for figure in finding.figures]


def _view(figure: Mapping[str, Any]) -> FigureView:
    svg, fault = mark_safe(""), ""
    try:
        svg = figure_markup(figure["spec"])
    except (InvalidInput, Conflict) as error:
        fault = str(error)
    tables = list(data_tables(figure["spec"]))
    return FigureView(figure["name"], figure["title"], figure["caption"], figure["alt"], svg, fault, tables)


def figure_markup(spec: Mapping[str, Any]) -> SafeString:
    """SVG of ``spec`` with our palette as CSS variables, from the cache below ``var/cache/figures`` or drawn and put there."""
    path = Path(settings.ASSAY_VAR) / "cache" / "figures" / f"{canonical_digest(dict(spec))}.svg"
    if not path.is_file():
        _write_whole(path, figure_svg(spec))
    return themed(path.read_text(encoding="utf-8"))


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


def data_tables(spec: Mapping[str, Any]) -> Iterator[Table]:
    """Each distinct set of two or more inline rows of ``spec``, cut at ``ROWS_SHOWN`` rows."""
    seen: list[Any] = []
    for layer in (spec, *spec.get("layer", ())):
        values = layer.get("data", {}).get("values", [])
        if len(values) < 2 or values in seen:
            continue
        seen.append(values)
        columns = list(values[0])
        yield Table(columns, [[row.get(column, "–") for column in columns] for row in values[:ROWS_SHOWN]], len(values))
