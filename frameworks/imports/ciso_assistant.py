"""CISO Assistant libraries: one framework of nested requirement nodes, or requirement mapping sets, or both."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from frameworks.imports.limits import DEEPEST, address_of, count_rows, day_of, name_of, needed, ref_of, refused, section_of, text_of, title_of, unique
from frameworks.imports.shapes import Format, Library, Pair, PairSet, Relationship, Row

Fields = Mapping[str, Any]
UNRELATED = "not_related"


def recognised(document: Any) -> bool:
    """Whether a YAML document is such a library."""
    return isinstance(document, dict) and "urn" in document and "objects" in document


def found_in(document: Fields) -> Library:
    """The library; ``InvalidInput`` names the node or pair at fault."""
    objects = _mapping(document["objects"], "objects")
    frameworks = [*_list(objects.get("frameworks"), "objects.frameworks"), *([objects["framework"]] if objects.get("framework") else [])]
    sets = [*_list(objects.get("requirement_mapping_sets"), "objects.requirement_mapping_sets")]
    sets += [objects["requirement_mapping_set"]] if objects.get("requirement_mapping_set") else []
    if len(frameworks) > 1:
        raise refused(f"The library holds {len(frameworks)} frameworks. Upload one file for each.")
    if not frameworks and not sets:
        raise refused("The library holds neither a framework nor mapping sets. Only these two are read.")
    pair_sets = tuple(_pair_set(_mapping(row, f"mapping set {place}"), place) for place, row in enumerate(sets, 1))
    facts = _facts(document)
    if not frameworks:
        return Library(Format.CISO_ASSISTANT, **facts, name=text_of(document.get("name"), "name", 200), pair_sets=pair_sets)
    framework = _mapping(frameworks[0], "objects.framework")
    rows = _rows(framework, _controls(objects))
    name = needed(framework.get("name") or document.get("name"), "The name of the framework", 200)
    identity = name_of(framework.get("urn") or document["urn"], "The urn of the framework").lower()
    ref = text_of(framework.get("ref_id") or document.get("ref_id"), "ref_id", 200)
    return Library(Format.CISO_ASSISTANT, identity, ref or name, name, **facts, rows=rows, pair_sets=pair_sets)


def _facts(document: Fields) -> dict[str, Any]:
    version = text_of(document.get("version"), "version", 60)
    return {
        "edition": f"library version {version}" if version else "",
        "published": day_of(document.get("publication_date")),
        "publisher": text_of(document.get("provider"), "provider", 200),
        "licence": text_of(document.get("copyright"), "copyright", 4000),
        "source": address_of(document.get("url") or document.get("source"), "source"),
    }


def _controls(objects: Fields) -> dict[str, str]:
    """Names of the reference controls by their lower-case urn."""
    rows = [_mapping(row, "a reference control") for row in _list(objects.get("reference_controls"), "objects.reference_controls")]
    named = {name_of(row.get("urn"), "The urn of a reference control").lower(): row for row in rows}
    return {urn: text_of(row.get("name") or row.get("ref_id"), f"The name of {urn}", 400) for urn, row in named.items()}


def _rows(framework: Fields, controls: Mapping[str, str]) -> tuple[Row, ...]:
    nodes = [_mapping(row, "a requirement node") for row in _list(framework.get("requirement_nodes"), "requirement_nodes")]
    count_rows(len(nodes))
    urns = [name_of(row.get("urn"), f"The urn of requirement node {place}").lower() for place, row in enumerate(nodes, 1)]
    unique(urns, "The urn")
    parents = {urn: text_of(row.get("parent_urn"), f"parent_urn of {urn}", 255).lower() for urn, row in zip(urns, nodes, strict=True)}
    by_urn = dict(zip(urns, nodes, strict=True))
    chains = {urn: _chain(urn, parents) for urn in urns}
    labels = {urn: _label(by_urn[urn], urn) for urn in urns}
    shared = Counter(text_of(row.get("ref_id"), "ref_id", 255) for row in nodes)
    rows = tuple(_row(urn, by_urn[urn], chains[urn], labels, shared, controls) for urn in urns)
    count_rows(sum(row.assessable for row in rows))
    unique((row.ref for row in rows if row.assessable), "The reference")
    return rows


def _chain(urn: str, parents: Mapping[str, str]) -> list[str]:
    """The urns above a node, topmost first; refuses circles and parents that are not there."""
    found: list[str] = []
    above = parents[urn]
    while above:
        if above not in parents:
            raise refused(f"The parent “{above[:80]}” of “{urn[:80]}” is not in the file. Add it or correct parent_urn.")
        if above == urn or above in found:
            raise refused(f"“{urn[:80]}” lies below itself: its parents form a circle. Correct parent_urn.")
        found.insert(0, above)
        if len(found) > DEEPEST:
            raise refused(f"“{urn[:80]}” lies more than {DEEPEST} levels deep. Make the library flatter.")
        above = parents[above]
    return found


def _label(node: Fields, urn: str) -> str:
    parts = (text_of(node.get("ref_id"), f"ref_id of {urn}", 255), text_of(node.get("name"), f"The name of {urn}", 2000))
    return title_of(" ".join(part for part in parts if part), text_of(node.get("description"), f"The description of {urn}"))


def _row(urn: str, node: Fields, chain: list[str], labels: Mapping[str, str], shared: Counter[str], controls: Mapping[str, str]) -> Row:
    ref, name = text_of(node.get("ref_id"), "ref_id", 255), text_of(node.get("name"), "name", 2000)
    text = text_of(node.get("description"), f"The description of {urn}")
    assessable = str(node.get("assessable")).lower() == "true"
    short = ref if ref and shared[ref] == 1 else _tail(urn)
    named = [str(row).lower() for row in _list(node.get("reference_controls"), f"reference_controls of {urn}")]
    return Row(
        ref=ref_of(short if assessable else ref),
        title=title_of(name, text) or title_of(short, ""),
        text=text or name or short,
        depth=len(chain) + 1,
        assessable=assessable,
        section=section_of(labels[above] for above in chain),
        urn=urn,
        note=text_of(node.get("annotation"), f"The annotation of {urn}"),
        controls=tuple(controls[key] for key in named if key in controls),
    )


def _tail(urn: str) -> str:
    """The part of a urn that tells a node from others: what follows packager, domain, kind and framework."""
    return urn.split(":", 5)[-1]


def _pair_set(row: Fields, place: int) -> PairSet:
    urn = name_of(row.get("urn"), f"The urn of mapping set {place}").lower()
    ends = [name_of(row.get(f"{end}_framework_urn"), f"{end}_framework_urn of {urn}").lower() for end in ("source", "target")]
    mappings = [_mapping(pair, f"a mapping of {urn}") for pair in _list(row.get("requirement_mappings"), f"requirement_mappings of {urn}")]
    count_rows(len(mappings))
    pairs = tuple(_pair(pair, f"mapping {number} of {urn}") for number, pair in enumerate(mappings, 1) if pair.get("relationship") != UNRELATED)
    return PairSet(urn, text_of(row.get("name"), f"The name of {urn}", 200) or urn[:200], ends[0], ends[1], agreed(pairs))


def agreed(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """Each statement once, the first time it is made. A pair may have two relationships: files do say so, and it is theirs to say."""
    found: dict[tuple[str, str, str], Pair] = {}
    for pair in pairs:
        found.setdefault((pair.source, pair.target, pair.relationship.value), pair)
    return tuple(found.values())


def _pair(row: Fields, where: str) -> Pair:
    source, target = (name_of(row.get(f"{end}_requirement_urn"), f"{end}_requirement_urn in {where}").lower() for end in ("source", "target"))
    strength = row.get("strength_of_relationship", row.get("strength"))
    rationale = " ".join(text_of(row.get(key), f"The {key} of {where}", 4000) for key in ("rationale", "annotation") if row.get(key))
    return Pair(source, target, relationship_of(row.get("relationship"), where), rationale, strength_of(strength, where))


def relationship_of(value: Any, where: str) -> Relationship:
    """One of the four relationships; ``InvalidInput`` names them."""
    try:
        return Relationship(needed(value, f"The relationship in {where}", 40).lower())
    except ValueError as error:
        raise refused(f"{where} has the relationship “{str(value)[:40]}”. Use equal, subset, superset or intersect.") from error


def strength_of(value: Any, where: str) -> int | None:
    """A whole number from 0 to 100, on whatever scale the file has, or None where none is stated."""
    if value in (None, ""):
        return None
    if not str(value).isascii() or not str(value).isdecimal() or len(str(value)) > 3 or int(value) > 100:
        raise refused(f"The strength in {where} is “{str(value)[:20]}”. Use a whole number from 0 to 100, or leave it out.")
    return int(value)


def _mapping(value: Any, what: str) -> Fields:
    if not isinstance(value, dict):
        raise refused(f"{what} should be a mapping of fields. Check that the file is a whole library.")
    return value


def _list(value: Any, what: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise refused(f"{what} should be a list. Check that the file is a whole library.")
    return value
