"""The release pipeline ready to show, on a page and on paper: numbers as text, outcomes as words."""

from collections.abc import Mapping
from typing import Any

from reports.charts import figure_svg
from reports.pipeline_figure import effect_figure
from reports.presentation import data_uri, measurement_row
from reports.vocabulary import tier_word, vocabulary

OUTCOMES = {"met": "Met", "not_met": "Not met", "not_evaluated": "Not evaluated"}
STATES = {"absent": "Not in this plan", "queued": "Queued", "running": "Running", "done": "Done", "failed": "Failed", "cancelled": "Cancelled"}

SHORT = {
    "auroc": "AUROC",
    "decodability": "AUROC",
    "working_coefficient": "Strength",
    "steering_slope": "Slope per 0.1 norm",
    "wrong_way_share": "Moved the wrong way",
    "steering_effect": "Effect",
    "cost_ce": "Cost on neutral text",
}
JUDGED = ("measure", "remeasure")
"""Stages that carry the verdict of their step; the two between them only say that they were made."""


def with_pipeline(context: Mapping[str, Any]) -> dict[str, Any]:
    """The context of ``report.html`` with the pipeline ready to print, and None where the snapshot has none."""
    if "pipeline" not in context:
        return {**context, "pipeline": None}
    found = context["pipeline"]
    figure = effect_figure(found["axes"])
    drawn = {**figure, "uri": data_uri(figure_svg(figure["spec"]))} if figure else None
    return {**context, "pipeline": {**pipeline_view(found), "figure": drawn}}


def pipeline_view(found: Mapping[str, Any]) -> dict[str, Any]:
    """``pipeline_read`` with texts beside the numbers, and how many gates came out which way."""
    axes = [axis_view(axis) for axis in found["axes"]]
    tally = {name: sum(axis["gate"]["outcome"] == name for axis in axes) for name in OUTCOMES}
    others = [{**row, "mark": mark(row)} for row in found["others"]]
    return {**found, "axes": axes, "others": others, "tally": [{"outcome": name, "word": OUTCOMES[name], "count": count} for name, count in tally.items()]}


def axis_view(axis: Mapping[str, Any]) -> dict[str, Any]:
    """One axis with its stages and its gate in words."""
    gate = axis["gate"]
    checks = [{**row, **met_view(row["met"]), "name": row["metric"].replace("_", " ")} for row in gate["checks"]]
    stages = [{**stage, "mark": mark(stage), "rows": [number_view(row) for row in stage["numbers"]]} for stage in axis["stages"]]
    met = sum(row["met"] is True for row in gate["checks"])
    return {**axis, "stages": stages, "gate": {**gate, "word": OUTCOMES[gate["outcome"]], "checks": checks, "met": met, "count": len(checks)}}


def number_view(row: Mapping[str, Any]) -> dict[str, Any]:
    """One number as text with its unit; interval and null only where there is one."""
    text = measurement_row(row)
    kept = {name: "" if text[name] == "–" else text[name] for name in ("interval", "null")}
    return {"name": row["name"], "label": SHORT.get(row["name"], text["label"]), "value": text["value"], "unit": row["unit"], **kept, "n": text["n"]}


def mark(row: Mapping[str, Any]) -> dict[str, str]:
    """Word and class of a stage's mark: its verdict once it is done, its state before."""
    # A verdict is about its step's own claim; where the steering step also measures, that claim is not about the measuring.
    if row["verdict"] and row.get("stage", "measure") in JUDGED and not row.get("inside"):
        return {"kind": "verdict", "css": row["verdict"], "word": tier_word(row["verdict"]), "reading": tier_word(row["reading"])}
    return {"kind": "state", "css": row["state"], "word": STATES[row["state"]], "reading": ""}


def met_view(met: bool | None) -> dict[str, str]:
    """State and word of a threshold."""
    state = {True: "true", False: "false", None: "null"}[met]
    return {"state": state, "word": str(vocabulary()["met"][state])}
