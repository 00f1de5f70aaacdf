"""In what two plan documents differ, in words: which limit, which text, which parameter, and both values."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

FIELDS = {
    "title": "the title",
    "claim": "the claim",
    "seed": "the seed",
    "version": "the model version",
    "schema": "the kind of plan",
    "runs_at": "who runs it",
    "pilot": "the terms of its pilot",
    "subject": "the subject",
    "split": "the split of the texts",
    "items": "the steps",
}
PARTS = {
    "instrument": "the instrument",
    "version": "the version of the instrument",
    "source_digest": "the code of the instrument",
    "params": "the parameter",
    "probe_sets": "the texts of probe set",
    "thresholds": "the limits",
    "question": "the question",
    "estimand": "the estimand",
    "falsifier": "the falsifier",
    "key": "the name",
}


def differences(sealed: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """One sentence part per difference, such as “step “one”, limit on effect: 1.0 was sealed, the case has 0.5”; empty when they are the same."""
    out = []
    for name in sorted(set(sealed) | set(found)):
        if sealed.get(name) == found.get(name):
            continue
        if name == "items" and isinstance(found.get(name), list):
            out += list(_items(sealed["items"], found["items"]))
        elif isinstance(sealed.get(name), Mapping) and isinstance(found.get(name), Mapping):
            out += [_pair(f"{FIELDS.get(name, name)}, {part}", a, b) for part, a, b in _uneven(sealed[name], found[name])]
        else:
            out.append(_pair(FIELDS.get(name, name), sealed.get(name), found.get(name)))
    return out


def _items(sealed: Sequence[Any], found: Sequence[Any]) -> Iterator[str]:
    if len(sealed) != len(found):
        yield f"{len(sealed)} steps were sealed, the case has {len(found)}"
        return
    for one, other in zip(sealed, found, strict=True):
        if one != other:
            yield from _item(one, other) if isinstance(other, Mapping) else [f"step “{one['key']}” is of another form"]


def _item(sealed: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    place = f"step “{sealed['key']}”, "
    for name, one, other in _uneven(sealed, found):
        if name == "thresholds" and isinstance(other, list):
            yield from _thresholds(place, one, other)
        elif isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from (_pair(f"{place}{PARTS.get(name, name)} {part}", a, b) for part, a, b in _uneven(one, other))
        else:
            yield _pair(f"{place}{PARTS.get(name, name)}", one, other)


def _thresholds(place: str, sealed: Sequence[Mapping[str, Any]], found: Sequence[Any]) -> Iterator[str]:
    if len(sealed) != len(found):
        yield f"{place}{len(sealed)} limits were sealed, the case has {len(found)}"
        return
    for one, other in zip(sealed, found, strict=True):
        if one != other:
            yield _pair(f"{place}the limit on {one.get('metric')}", _limit(one), _limit(other))


def _limit(row: Any) -> str:
    if not isinstance(row, Mapping):
        return str(row)[:80]
    value = row.get("value")
    return " ".join(str(part) for part in (row.get("metric"), row.get("op"), "" if value is None else value) if part != "")


def _uneven(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted(set(one) | set(other)):
        if one.get(name) != other.get(name):
            yield name, one.get(name), other.get(name)


def _pair(what: str, sealed: Any, found: Any) -> str:
    return f"{what}: {_short(sealed)} was sealed, the case has {_short(found)}"


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return f"“{text[:80]}{'…' if len(text) > 80 else ''}”"
