"""Turns a snapshot into what the templates show: numbered parts, joined rows, drawn figures. Adds no fact."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import segno

from core.canonical import canonical_digest, canonical_json, parse_canonical
from frameworks.evidence_kinds import kind_words
from reports.charts import figure_svg
from reports.fonts import printable_tree
from reports.formats import day, decimals_for, grouped, number, p_text, plain, span
from reports.qualification import record_line, record_rows
from reports.vocabulary import lede, tier_word, vocabulary

LONGEST_MANIFEST = 40


def present(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """Context of ``report.html``; characters that the typeface lacks are already spelled out in it."""
    # Key order and spelling of numbers come from the canonical form, so that a parsed snapshot gives the same pages.
    snapshot = parse_canonical(canonical_json(snapshot))
    shown = printable_tree(snapshot)
    pairs = zip(shown["steps"], snapshot["steps"], strict=True)
    shown["steps"] = [{**step_view(step, raw), "towards": towards(step["key"], shown)} for step, raw in pairs]
    return {
        **shown,
        "snapshot_digest": canonical_digest(snapshot),
        "plan": plan_view(shown["plan"]),
        "requirements": requirements_view(shown["requirements"], shown["steps"]),
        "lede": lede(shown),
        "tiers": [{"tier": tier, **vocabulary()["tiers"][tier]} for tier in vocabulary()["order"]],
        "glossary": vocabulary()["glossary"],
        "environment": environment_rows(shown["steps"]),
        "manifest_left_out": max(0, len(shown["subject"]["weights_manifest"]) - LONGEST_MANIFEST),
        "manifest": shown["subject"]["weights_manifest"][:LONGEST_MANIFEST],
        "qr": data_uri(qr_svg(snapshot["log"]["note"])),
    }


def step_view(step: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    """One step with its rows ready to print. ``raw`` is the step as it stands in the snapshot, for its figures."""
    return {
        **step,
        "reading_word": tier_word(step["reading"]),
        "verdict_word": tier_word(step["verdict"]),
        "rows": measurement_rows(step["measurements"], step["thresholds"]),
        "primary_row": primary_row(step),
        "record_rows": record_rows(step["qualification"]) if step["qualification"] else [],
        "record_line": record_line(step["qualification"]) if step["qualification"] else "",
        "unmeasured": unmeasured(step),
        "figures": [{**figure, "uri": data_uri(figure_svg(drawn["spec"]))} for figure, drawn in zip(step["figures"], raw["figures"], strict=True)],
        "paragraphs": [part for part in step["summary"].split("\n") if part.strip()],
        "controls": [{**row, "label": words(row["name"]), **control_result(row["passed"])} for row in step["controls"]],
        "counted": ", ".join(f"{words(name).lower()} {grouped(count)}" for name, count in sorted(step["counts"].items(), key=count_order)) or "none recorded",
    }


def count_order(row: tuple[str, int]) -> tuple[int, str]:
    """Sort key of a count: items, scored, unscored and errored first; databases differ in the order in which they give keys back."""
    first = ("items", "scored", "unscored", "errored")
    return (first.index(row[0]) if row[0] in first else len(first), row[0])


def words(identifier: str) -> str:
    """``noop_hook`` as ``Noop hook``."""
    return identifier.replace("_", " ").capitalize()


def control_result(passed: bool | None) -> dict[str, str]:
    """State and word of a control; one that only gives a null cannot pass or fail."""
    return {"state": {True: "true", False: "false", None: "null"}[passed], "word": {True: "passed", False: "failed", None: "gives a null"}[passed]}


def plan_view(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The plan with its split in words and the probe sets of each item as rows."""
    share = f"{plan['exploration']:.0%}".replace("%", " %")
    split = f"{share} of each probe set for exploration, the rest for confirmation, split by {plan['split_by']}"
    # A name other than "items", which a template would take for the dictionary's own method.
    return {**plan, "split": split, "steps": [{**item, "probe_rows": sorted(item["probe_sets"].items())} for item in plan["items"]]}


def requirements_view(requirements: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Requirement rows with dates in words and the title of the step each link comes from."""
    titles = {step["key"]: step["title"] for step in steps}
    rows = [{**row, "begins": begins(row), "links": [link_view(link, titles) for link in row["links"]]} for row in requirements["rows"]]
    return {**requirements, "rows": rows}


def link_view(link: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, Any]:
    """A link with the title of its step and its kind of evidence in words."""
    return {**link, "title": titles[link["step"]], "kind": kind_words(link["evidence_kind"])}


def begins(row: Mapping[str, Any]) -> str:
    """From when a requirement applies, in words."""
    return "voluntary" if row["voluntary"] else day(row["applies_from"])


def towards(key: str, shown: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The requirements to which a link from step ``key`` was proposed, with its status."""
    pairs = [(row, link) for row in shown["requirements"]["rows"] for link in row["links"] if link["step"] == key]
    return [{"ref": row["ref"], "title": row["title"], "begins": begins(row), "status": link["status"]} for row, link in pairs]


def measurement_rows(measurements: Sequence[Mapping[str, Any]], thresholds: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each measurement with the sealed thresholds on it, numbers written with one precision per row."""
    return [{**measurement_row(row), "thresholds": [_threshold(found) for found in thresholds if found["metric"] == row["name"]]} for row in measurements]


def measurement_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """One measurement as text."""
    places = decimals_for(row["value"], row["low"], row["high"])
    note = [vocabulary()["roles"].get(row["role"], row["role"]), row["unit"]] if row["role"] != "secondary" else [row["unit"]]
    return {
        "label": row["label"],
        "note": " · ".join(filter(None, [*note, row["formula"]])),
        "value": number(row["value"], None if row["low"] is None else places),
        "interval": span(row["low"], row["high"], places),
        "null": span(row["null_low"], row["null_high"], _null_places(row, places)),
        "p": p_text(row["p_value"]),
        "n": grouped(row["n"]),
        "primary": row["role"] == "primary",
    }


def _null_places(row: Mapping[str, Any], places: int) -> int:
    """The value's own decimals, or finer ones where the whole null would round to nothing."""
    ends = [abs(end) for end in (row["null_low"], row["null_high"]) if end is not None]
    return max(places, decimals_for(*ends)) if ends and round(max(ends), places) == 0 else places


def primary_row(step: Mapping[str, Any]) -> dict[str, Any] | None:
    """The row of the step's primary measurement; none where the instrument could not make it."""
    return next((measurement_row(row) for row in step["measurements"] if row["name"] == step["primary"]), None)


def unmeasured(step: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Sealed thresholds on measurements that were never made: they stay visible."""
    names = {row["name"] for row in step["measurements"]}
    return [_threshold(row) for row in step["thresholds"] if row["metric"] not in names]


def _threshold(row: Mapping[str, Any]) -> dict[str, Any]:
    state = {True: "true", False: "false", None: "null"}[row["met"]]
    return {**row, "state": state, "word": vocabulary()["met"][state]}


def environment_rows(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the steps ran on: one row per key where all agree, else one row per differing value with the steps it holds for."""
    names = sorted({name for step in steps for name in step["environment"]})
    rows = []
    for name in names:
        values: dict[str, list[str]] = {}
        for step in steps:
            values.setdefault(plain(step["environment"].get(name)), []).append(step["title"])
        rows += [{"name": name.replace("_", " "), "value": value, "steps": [] if len(values) == 1 else titles} for value, titles in values.items()]
    return rows


def data_uri(svg: str) -> str:
    """An SVG as a data address, the only kind of address the renderer follows."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode('ascii')}"


def qr_svg(text: str) -> str:
    """QR code of ``text`` as SVG."""
    return str(segno.make(text, error="m", micro=False).svg_inline(border=2, dark="#1c2126", light="white", omitsize=True))
