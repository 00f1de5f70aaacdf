"""OSCAL catalogs as JSON: groups are sections, controls and their enhancements are rows, parameters are written out by their label."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from frameworks.imports.limits import address_of, count_rows, day_of, name_of, needed, ref_of, refused, section_of, text_of, title_of, unique
from frameworks.imports.shapes import Format, Library, Row

Fields = Mapping[str, Any]
INSERT = re.compile(r"\{\{\s*(?:insert:\s*)?param(?::|,)?\s*,?\s*([A-Za-z0-9_.\-]+)\s*\}\}")
WORDED = ("statement", "item", "overview", "instruction")
"""Parts that say what is demanded; guidance, objectives and methods of assessment are left in the file."""


def recognised(document: Any) -> bool:
    """Whether a JSON document is a catalog."""
    return isinstance(document, dict) and isinstance(document.get("catalog"), dict)


def found_in(document: Fields) -> Library:
    """The catalog; ``InvalidInput`` names the control at fault."""
    catalog = document["catalog"]
    metadata = catalog.get("metadata")
    if not isinstance(metadata, dict):
        raise refused("The catalog has no “metadata”. Check that it is a whole OSCAL catalog.")
    title = needed(metadata.get("title"), "metadata.title", 2000)
    rows = tuple(_walk(catalog, (), _params(catalog, {})))
    count_rows(sum(row.assessable for row in rows))
    unique((row.ref for row in rows if row.assessable), "The control id")
    version = text_of(metadata.get("version"), "metadata.version", 60)
    return Library(
        Format.OSCAL,
        identity=_identity(metadata, title),
        ref=title,
        name=title_of(title, ""),
        edition=f"version {version}" if version else "",
        published=day_of(metadata.get("published") or metadata.get("last-modified")),
        publisher=_publisher(metadata),
        licence=_licence(metadata),
        source=_source(metadata, catalog),
        rows=rows,
    )


def _identity(metadata: Fields, title: str) -> str:
    """A document id, which lasts from edition to edition; the uuid of a catalog changes with each, so the title stands in."""
    ids = [text_of(row.get("identifier"), "document-ids", 180) for row in _rows(metadata, "document-ids")]
    return f"oscal:{(ids[0] if ids and ids[0] else title)[:200].lower()}"


def _publisher(metadata: Fields) -> str:
    names = [text_of(row.get("name"), "metadata.parties", 200) for row in _rows(metadata, "parties")]
    return next((name for name in names if name), "")


def _licence(metadata: Fields) -> str:
    props = {str(row.get("name")): text_of(row.get("value"), "metadata.props", 4000) for row in _rows(metadata, "props")}
    return next((props[name] for name in ("license", "licence", "copyright") if props.get(name)), "") or text_of(metadata.get("copyright"), "copyright", 4000)


def _source(metadata: Fields, catalog: Fields) -> str:
    """The canonical address, which may stand in the back matter."""
    resources = {str(row.get("uuid")): row for row in _rows(_fields(catalog.get("back-matter")), "resources")}
    for wanted in ("canonical", "alternate"):
        for link in _rows(metadata, "links"):
            if link.get("rel") == wanted:
                href = text_of(link.get("href"), "metadata.links")
                behind = [row.get("href") for row in _rows(resources.get(href.removeprefix("#"), {}), "rlinks")]
                found = [address_of(place, "metadata.links") for place in (href, *behind)]
                if any(found):
                    return next(place for place in found if place)
    return ""


def _walk(holder: Fields, above: tuple[str, ...], params: Mapping[str, str]) -> Iterator[Row]:
    for group in _rows(holder, "groups"):
        title = needed(group.get("title"), "The title of a group", 2000)
        name = ref_of(name_of(group.get("id"), f"The id of the group “{title[:60]}”")) if group.get("id") else ""
        yield Row(name, title_of(title, ""), "", len(above) + 1, False, section_of(above))
        yield from _walk(group, (*above, title_of(title, "")), _params(group, params))
    for control in _rows(holder, "controls"):
        yield from _control(control, above, params)


def _control(control: Fields, above: tuple[str, ...], params: Mapping[str, str]) -> Iterator[Row]:
    name = name_of(control.get("id"), "The id of a control")
    title = needed(control.get("title"), f"The title of {name}", 2000)
    known = _params(control, params)
    props = {str(row.get("name")): row.get("value") for row in _rows(control, "props")}
    text = "\n".join(_prose(control, known, 0, name))
    shown = ref_of(text_of(props.get("label"), f"The label of {name}", 60) or name)
    yield Row(shown, title_of(title, ""), text or title, len(above) + 1, props.get("status") != "withdrawn", section_of(above), name)
    for child in _rows(control, "controls"):
        yield from _control(child, (*above, f"{shown} {title_of(title, '')}"), known)


def _prose(holder: Fields, params: Mapping[str, str], depth: int, name: str) -> Iterator[str]:
    for part in _rows(holder, "parts"):
        if part.get("name") in WORDED:
            labels = [str(row.get("value")) for row in _rows(part, "props") if row.get("name") == "label"]
            prose = INSERT.sub(lambda found: f"[{params.get(found[1], found[1])}]", text_of(part.get("prose"), f"The prose of {name}"))
            line = " ".join(filter(None, (*labels[:1], prose)))
            if line:
                yield text_of(line, f"The prose of {name}")
            yield from _prose(part, params, depth + 1, name)


def _params(holder: Fields, known: Mapping[str, str]) -> dict[str, str]:
    """Labels of parameters by id: what stands where a statement inserts one."""
    found = dict(known)
    for row in _rows(holder, "params"):
        select = _fields(row.get("select"))
        choices = " or ".join(INSERT.sub(lambda hit: f"[{found.get(hit[1], hit[1])}]", str(choice)) for choice in select.get("choice") or [])
        found[str(row.get("id"))] = text_of(row.get("label"), "The label of a parameter", 2000) or choices[:2000] or str(row.get("id"))
    return found


def _fields(value: Any) -> Fields:
    return value if isinstance(value, dict) else {}


def _rows(holder: Fields, key: str) -> list[Fields]:
    value = holder.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise refused(f"“{key}” should be a list of objects. Check that it is a whole OSCAL catalog.")
    return value
