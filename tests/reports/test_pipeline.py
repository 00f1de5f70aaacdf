"""The pipeline in the report: read from the rows, completed from the direction files, printed only where the plan has one."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import save

from accounts.models import User
from assessments.models import Finding, Run
from core import clock
from core.canonical import canonical_json
from core.errors import IntegrityFailed
from evidence.models import Artifact
from evidence.storage import blob_put_bytes
from reports.pipeline import content_with_pipeline, design_facts, pipeline_read, steps_of, with_designs
from reports.pipeline_figure import effect_figure
from reports.pipeline_view import pipeline_view
from reports.render import render_html
from reports.services import content_digest
from reports.steering_config import read_metadata
from tests import factories, pipelines
from tests.reports.snapshots import snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(admin: User) -> Run:
    return pipelines.finished(admin)


def read(run: Run) -> dict[str, Any]:
    return with_designs(pipeline_read(run.plan.document["items"], steps_of(run)))


def stage(found: dict[str, Any], axis: str, name: str) -> dict[str, Any]:
    row = next(row for row in found["axes"] if row["name"] == axis)
    return next(stage for stage in row["stages"] if stage["stage"] == name)


def outcomes(found: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["gate"]["outcome"] for row in found["axes"]}


def test_every_stage_has_its_own_number_and_file(run: Run) -> None:
    found = read(run)
    made = {row.sha256: row.name for row in Artifact.objects.filter(attestation__in=[step.attestation for step in run.steps.all()])}
    names = {"measure": "auroc", "design": "working_coefficient", "apply": "steering_slope", "remeasure": "steering_effect"}
    files = {"measure": "direction.safetensors", "design": "direction.safetensors", "apply": "items.parquet", "remeasure": "costs.parquet"}
    for name, metric in names.items():
        row = stage(found, "Refusal", name)
        assert row["numbers"][0]["name"] == metric
        assert made[row["file"]["sha256"]] == f"{row['step']}/{files[name]}"
    assert stage(found, "Refusal", "measure")["step"] == "linear_direction.harm"
    assert stage(found, "Refusal", "measure")["file"] != stage(found, "Refusal", "design")["file"]
    assert [row["name"] for row in stage(found, "Refusal", "remeasure")["numbers"]] == ["steering_effect", "cost_ce"]


def test_the_designed_intervention_is_read_from_its_file(run: Run) -> None:
    facts = dict(stage(read(run), "Refusal", "design")["facts"])
    assert facts["Layer"] == "1"
    assert facts["Hook"] == "blocks.1.hook_resid_post"
    coefficient = Finding.objects.get(step__key="steering_validation.refusal").measurements.get(name="working_coefficient").value
    assert float(facts["Length of what is added"]) == pytest.approx(coefficient * float(facts["Residual norm there"]), rel=0.01)


def test_sentiment_is_measured_by_its_steering_step_and_says_so(run: Run) -> None:
    row = stage(read(run), "Sentiment", "measure")
    assert (row["inside"], row["step"], row["numbers"][0]["name"]) == (True, "steering_validation.sentiment", "decodability")
    marks = [stage(pipeline_view(read(run)), "Sentiment", name)["mark"]["kind"] for name in ("measure", "remeasure")]
    assert marks == ["state", "verdict"], "the step's verdict is about steering, not about what it measured on the way"


def test_an_axis_that_is_only_measured_has_empty_stages_and_no_gate(run: Run) -> None:
    found = read(run)
    assert [stage(found, "Goal misgeneralisation", name)["state"] for name in ("measure", "design", "apply", "remeasure")] == ["done", *["absent"] * 3]
    assert outcomes(found)["Goal misgeneralisation"] == "not_evaluated"


def test_without_a_calibration_record_no_gate_is_met(run: Run) -> None:
    found = read(run)
    assert outcomes(found) == {"Refusal": "not_evaluated", "Sentiment": "not_met", "Goal misgeneralisation": "not_evaluated"}
    gate = next(row["gate"] for row in found["axes"] if row["name"] == "Refusal")
    assert [row["met"] for row in gate["checks"]] == [True] * 8
    assert all("not qualified" in reason for reason in gate["reasons"])


def test_with_calibrated_instruments_the_same_numbers_open_the_gate(admin: User) -> None:
    for slug in ("linear_direction", "steering_validation"):
        factories.qualification(admin, slug)
    found = read(pipelines.finished(admin))
    assert outcomes(found) == {"Refusal": "met", "Sentiment": "not_met", "Goal misgeneralisation": "not_evaluated"}


def test_reading_is_json_and_repeats_itself_in_few_queries(run: Run, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(4):
        first = pipeline_read(run.plan.document["items"], steps_of(run))
    assert canonical_json(first) == canonical_json(pipeline_read(run.plan.document["items"], steps_of(run)))


def test_figure_has_a_row_per_axis_that_was_acted_on(run: Run) -> None:
    figure = effect_figure(read(run)["axes"])
    assert figure is not None
    rows = figure["spec"]["layer"][0]["data"]["values"]
    assert [row["axis"] for row in rows] == ["Refusal", "Sentiment"]
    assert rows[0]["value"] > rows[0]["null_high"]
    assert "random directions between" in figure["alt"]
    assert effect_figure(read(run)["axes"][2:]) is None


def test_report_prints_the_pipeline_after_the_findings(run: Run) -> None:
    content = {"pipeline": read(run)}
    page = render_html({**snapshot(), **json.loads(canonical_json(content))})
    section = page[page.index('<h2 id="pipeline">') : page.index('<h2 id="requirements">')]
    assert page.index('id="finding-1"') < page.index('<h2 id="pipeline">')
    assert all(text in section for text in ("Refusal", "Goal misgeneralisation", "Not met", "Not evaluated", "blocks.1.hook_resid_post", "does not show"))
    assert "<img" in section
    assert '<a href="#pipeline">' in page


def test_report_of_a_plan_without_one_says_nothing_of_it(admin: User) -> None:
    factories.catalogue(admin)
    run = factories.finished_run(admin)
    assert "pipeline" not in content_with_pipeline(run, clock.now().date())
    assert "Release pipeline" not in render_html(snapshot())


def test_content_of_a_report_holds_the_pipeline_and_opens_no_file(run: Run, installation: Path) -> None:
    day = clock.now().date()
    before = content_digest(run, "The board", day)
    shutil.rmtree(installation / "artifacts")
    assert content_with_pipeline(run, day)["pipeline"]["axes"]
    assert content_digest(run, "The board", day) == before
    assert stage(read(run), "Refusal", "design")["facts"][0][1].startswith("could not be read")


def test_view_writes_outcomes_and_numbers_as_words(run: Run) -> None:
    shown = pipeline_view(read(run))
    assert {row["word"]: row["count"] for row in shown["tally"]} == {"Met": 0, "Not met": 1, "Not evaluated": 2}
    effect = shown["axes"][0]["stages"][3]["rows"][0]
    assert (effect["label"], effect["unit"]) == ("Effect", "nats")
    assert " to " in effect["interval"]
    assert shown["axes"][0]["stages"][1]["mark"] == {"kind": "state", "css": "done", "word": "Done", "reading": ""}


def test_metadata_is_read_from_what_the_library_writes() -> None:
    import numpy as np

    data = save({"direction": np.zeros(3, dtype=np.float32)}, metadata={"layer": "12"})
    assert read_metadata(io.BytesIO(data)) == {"layer": "12"}


@pytest.mark.parametrize("data", [b"", b"\x01", (5).to_bytes(8, "little") + b"{nope", (1 << 40).to_bytes(8, "little") + b"{}", b"\xff" * 8])
def test_a_file_that_is_no_direction_is_refused(data: bytes) -> None:
    with pytest.raises(IntegrityFailed, match="header of"):
        read_metadata(io.BytesIO(data))


def test_a_direction_file_that_cannot_be_read_is_said_and_stops_nothing() -> None:
    blob = blob_put_bytes(b"not a direction file")
    assert design_facts(blob.sha256)[0][1].startswith("could not be read: the")
    assert design_facts("ab" * 32)[0][1].startswith("could not be read:")
