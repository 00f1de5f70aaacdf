"""Activation dumps: what is read equals what is read on the model itself, and every fault is refused by name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from django.conf import settings
from safetensors import safe_open

from accounts.models import User
from assessments import probes
from assessments.contracts import Reading, Refused, StepSpec, SubjectSpec
from assessments.dumps import dump_read, located
from assessments.methods.linear_direction import CONCEPTS, LinearDirection
from assessments.models import Finding, Run, RunState
from assessments.organisms.registry import DATA
from assessments.registry import instrument
from assessments.services.plans import PlanItem, plan_create, plan_seal
from assessments.services.runs import run_create
from core.hashing import sha256_file
from core.model_files import weights_digest
from gpu_tasks.dumped.execute import execute_dumped
from gpu_tasks.inspection import version_inspect
from gpu_tasks.replays import recorded_in_log, run_again
from gpu_tasks.runtime.execute import execute
from gpu_tasks.runtime.subjects import SHELF
from gpu_tasks.tasks import execute_step
from inventory.models import ModelVersion
from inventory.services import version_declare
from tests import factories
from tests.assessments.methods.conftest import Listener

pytestmark = pytest.mark.django_db
ORGANISM, LAYER = "refuser-planted-100-s1", 1
PARAMS = {"concept": "harm", "layers": [LAYER], "permutations": 200, "bootstrap": 200, "random_directions": 20}
SET = probes.probe_set("harmful_harmless")
ITEMS = SET.labelled("harmful", "harmless")


def planted(strength: float = 3.0, width: int = 16) -> np.ndarray:
    """Vectors with the label along one axis and noise elsewhere."""
    vectors = np.random.default_rng(5).standard_normal((len(ITEMS), width)).astype(np.float32)
    vectors[:, 0] += strength * np.array([1 if item.label == "harmful" else -1 for item in ITEMS])
    return vectors


def written(
    folder: Path, vectors: Any = None, *, items: Any = None, table: pyarrow.Table | None = None, sidecar: dict[str, Any] | None = None, drop: str = ""
) -> tuple[Path, str]:
    """A dump and its sidecar; ``sidecar`` replaces fields, ``drop`` leaves one out. Path and digest."""
    vectors = planted() if vectors is None else vectors
    names = [item.id for item in ITEMS] if items is None else items
    if table is None:
        table = pyarrow.table({"item": names, "activation_vector": pyarrow.array([list(map(float, row)) for row in vectors], pyarrow.list_(pyarrow.float32()))})
    path = folder / "vendor.parquet"
    pyarrow.parquet.write_table(table, path)
    said = {
        "schema": "urn:assay:activation-dump:v1", "model": "closed-1", "hook": f"blocks.{LAYER}.hook_resid_post", "layer": LAYER, "d_model": len(vectors[0]),
        "dtype": "float32", "tokenizer_digest": "ab" * 32, "probe_set": SET.slug, "probe_set_digest": SET.digest,
        "position": "last prompt token, chat turn", "parquet_sha256": sha256_file(path), **(sidecar or {}),
    }  # fmt: skip
    said.pop(drop, None)
    path.with_name("vendor.parquet.json").write_text(json.dumps(said))
    return path, sha256_file(path)


def spec_on(subject: SubjectSpec, **params: Any) -> StepSpec:
    card = LinearDirection.card
    return StepSpec(card.slug, card.slug, card.version, {**PARAMS, **params}, {SET.slug: SET.digest}, card.thresholds, 7, subject)


def dump_spec(path: Path, digest: str, **params: Any) -> StepSpec:
    return spec_on(SubjectSpec("dump", f"{path.name}#{digest}", "", "", "", "Closed · 1"), **params)


def direction(folder: Path) -> np.ndarray:
    with safe_open(folder / "direction.safetensors", framework="numpy") as file:
        return np.asarray(file.get_tensor("direction"))


def test_the_direction_of_a_dump_is_that_of_the_model_itself(tmp_path: Path) -> None:
    source = DATA / ORGANISM
    facts = version_inspect(source="safetensors", locator=str(source))
    spec = spec_on(SubjectSpec("safetensors", str(source), weights_digest(source), facts.tokenizer_digest, facts.template_digest, ORGANISM))
    here, there = tmp_path / "model", tmp_path / "dump"
    here.mkdir()
    there.mkdir()
    on_model = execute(spec, here, Listener(), tmp_path / "cache")
    subject = SHELF.subject(spec.subject, tmp_path / "cache", threads=1, max_batch=spec.max_batch)
    concept = CONCEPTS["harm"]
    vectors = subject.residuals([concept.encode(subject, item.text) for item in ITEMS], [LAYER], lambda tokens: None)[:, 0]
    on_dump = execute_dumped(dump_spec(*written(tmp_path, vectors)), there, Listener(), tmp_path)
    np.testing.assert_allclose(direction(there), direction(here), rtol=1e-4, atol=1e-5)
    for name in ("auroc", "auroc_logistic", "gain_over_baseline", "auroc_words", "auroc_length", "auroc_format"):
        one, two = on_model.measurement(name), on_dump.measurement(name)
        assert (one.value, one.low, one.high) == pytest.approx((two.value, two.low, two.high), abs=0.01), name


def test_a_planted_direction_is_observed_and_the_missing_controls_are_named(tmp_path: Path) -> None:
    output = execute_dumped(dump_spec(*written(tmp_path)), tmp_path, Listener(), tmp_path)
    assert output.reading == Reading.OBSERVED
    held = {control.name: control for control in output.controls}
    for name in ("noop_hook", "random_weight_twin"):
        assert (held[name].n, held[name].passed) == (0, None)
        assert held[name].note.startswith("Not possible on a dump")
    assert "no more than “observed”" in output.summary
    assert "the vendor's word" in output.does_not_show
    assert len(output.environment["dump_source"]) == 64


def test_noise_is_a_null_and_what_words_alone_give_stays_open(tmp_path: Path) -> None:
    assert execute_dumped(dump_spec(*written(tmp_path, planted(0.0))), tmp_path, Listener(), tmp_path).reading == Reading.NULL
    weak = execute_dumped(dump_spec(*written(tmp_path, planted(0.2))), tmp_path, Listener(), tmp_path)
    assert weak.reading in (Reading.NULL, Reading.INCONCLUSIVE)


def lists(vectors: Any, kind: Any = None) -> pyarrow.Array:
    return pyarrow.array(vectors, kind or pyarrow.list_(pyarrow.float32()))


def with_value(value: float) -> np.ndarray:
    vectors = planted()
    vectors[3, 2] = value
    return vectors


NAMES = [item.id for item in ITEMS]
ROWS = [list(map(float, row)) for row in planted()]
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no vectors": ({"table": pyarrow.table({"item": NAMES})}, "needs one column “activation_vector”"),
    "no items": ({"table": pyarrow.table({"activation_vector": lists(ROWS)})}, "needs one column “item”"),
    "doubles": ({"table": pyarrow.table({"item": NAMES, "activation_vector": lists(ROWS, pyarrow.list_(pyarrow.float64()))})}, "must be list<"),
    "numbers as items": ({"table": pyarrow.table({"item": list(range(len(NAMES))), "activation_vector": lists(ROWS)})}, "must be string"),
    "no row": ({"table": pyarrow.table({"item": lists([], pyarrow.string()), "activation_vector": lists([])})}, "holds no rows"),
    "empty vector": ({"table": pyarrow.table({"item": NAMES, "activation_vector": lists([None, *ROWS[1:]])})}, "without an item or without a vector"),
    "hole": ({"table": pyarrow.table({"item": NAMES, "activation_vector": lists([[None, *ROWS[0][1:]], *ROWS[1:]])})}, "empty places"),
    "short vector": ({"table": pyarrow.table({"item": NAMES, "activation_vector": lists([ROWS[0][:5], *ROWS[1:]])})}, "has 5 numbers; the sidecar says 16"),
    "NaN": ({"vectors": with_value(float("nan"))}, "NaN or infinity"),
    "infinity": ({"vectors": with_value(float("inf"))}, "NaN or infinity"),
    "all the same": ({"vectors": np.ones((len(ITEMS), 4), dtype=np.float32)}, "are the same"),
    "twice": ({"items": [NAMES[1], *NAMES[1:]]}, "more than once"),
    "another width": ({"sidecar": {"d_model": 17}}, "has 16 numbers; the sidecar says 17"),
    "another file": ({"sidecar": {"parquet_sha256": "cd" * 32}}, "is about a file with the SHA-256"),
    "another set": ({"sidecar": {"probe_set_digest": "cd" * 32}}, "the plan sealed harmful_harmless"),
    "another position": ({"sidecar": {"position": "mean over tokens"}}, "this instrument reads at"),
    "another hook": ({"sidecar": {"hook": "blocks.1.attn.hook_z"}}, "nothing else is read"),
    "another layer": ({"sidecar": {"layer": 2, "hook": "blocks.2.hook_resid_post"}}, "the plan asks for layers 1"),
    "another form": ({"sidecar": {"schema": "v0"}}, "this program reads"),
    "a strange format": ({"sidecar": {"dtype": "int4"}}, "dtype in the sidecar"),
    "a flag for a number": ({"sidecar": {"layer": True}}, "must be a whole number"),
    "no digest": ({"sidecar": {"tokenizer_digest": "none"}}, "must be a SHA-256"),
    "a field more": ({"sidecar": {"note": "x"}}, "which this program does not know"),
    **{f"without {name}": ({"drop": name}, f"lacks {name}") for name in ("model", "hook", "layer", "d_model", "tokenizer_digest", "position")},
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_by_name(fault: str, tmp_path: Path) -> None:
    change, says = FAULTS[fault]
    with pytest.raises(Refused, match=says):
        execute_dumped(dump_spec(*written(tmp_path, **change)), tmp_path, Listener(), tmp_path)


@pytest.mark.parametrize(
    ("names", "says"),
    [([*NAMES[:-1], "other"], "lacks 1 of 224 texts"), ([*NAMES, "other"], "that the probe set does not have")],
    ids=["one missing", "one more"],
)
def test_the_items_are_those_of_the_set(names: list[str], says: str, tmp_path: Path) -> None:
    vectors = np.random.default_rng(1).standard_normal((len(names), 8)).astype(np.float32)
    with pytest.raises(Refused, match=says):
        execute_dumped(dump_spec(*written(tmp_path, vectors, items=names)), tmp_path, Listener(), tmp_path)


def test_items_in_another_order_give_the_same(tmp_path: Path) -> None:
    vectors, order = planted(), np.random.default_rng(2).permutation(len(NAMES))
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, rows in ((one, np.arange(len(NAMES))), (two, order)):
        folder.mkdir()
        execute_dumped(dump_spec(*written(tmp_path, vectors[rows], items=[NAMES[row] for row in rows])), folder, Listener(), tmp_path)
    np.testing.assert_array_equal(direction(one), direction(two))


@pytest.mark.parametrize("change", [lambda path: path.write_bytes(path.read_bytes() + b"\0"), lambda path: path.write_bytes(b"")], ids=["a byte more", "empty"])
def test_a_file_that_is_not_the_sealed_one_is_refused(change: Callable[[Path], Any], tmp_path: Path) -> None:
    path, digest = written(tmp_path)
    change(path)
    with pytest.raises(Refused, match="the plan sealed"):
        dump_read(path, digest)


def test_what_is_no_parquet_or_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, digest = written(tmp_path)
    monkeypatch.setattr("assessments.dumps.LARGEST", 1000)
    with pytest.raises(Refused, match="is larger than"):
        dump_read(path, digest)
    squeezed = pyarrow.table({"item": NAMES, "activation_vector": lists([[0.0] * 15 + [float(row)] for row in range(len(NAMES))])})
    small = written(tmp_path, table=squeezed)
    monkeypatch.setattr("assessments.dumps.LARGEST", small[0].stat().st_size)
    with pytest.raises(Refused, match="unpacks to more than"):
        dump_read(*small)
    monkeypatch.undo()
    path.write_bytes(b"PAR1 and nothing else")
    said = json.loads(path.with_name("vendor.parquet.json").read_text())
    path.with_name("vendor.parquet.json").write_text(json.dumps({**said, "parquet_sha256": sha256_file(path)}))
    with pytest.raises(Refused, match="cannot be read as parquet"):
        dump_read(path, sha256_file(path))


@pytest.mark.parametrize("text", [b"[]", b"no json", b"[" * 60_000, b"x" * 70_000])
def test_a_sidecar_that_is_none_is_refused(text: bytes, tmp_path: Path) -> None:
    path, digest = written(tmp_path)
    path.with_name("vendor.parquet.json").write_bytes(text)
    with pytest.raises(Refused, match="the sidecar"):
        dump_read(path, digest)
    path.with_name("vendor.parquet.json").unlink()
    with pytest.raises(Refused, match="is not there"):
        dump_read(path, digest)


@pytest.mark.parametrize(
    "locator", ["", "not disclosed", "vendor.parquet", "vendor.parquet#abc", "../vendor.parquet#" + "a" * 64, "/etc/x.parquet#" + "a" * 64]
)
def test_a_place_that_is_none_or_outside_is_refused(locator: str, tmp_path: Path) -> None:
    inside = tmp_path / "models"
    inside.mkdir()
    written(tmp_path)
    with pytest.raises(Refused, match=r"names no dump|lies outside|is not in the folder"):
        located(locator, inside)


def ran(admin: User, locator: str, version: ModelVersion | None = None) -> Run:
    factories.worker(factories.home(admin))
    version = version or version_declare(actor=admin, model=factories.model(admin), label="1", source="dump", access="activations", locator=locator)
    plan = plan_create(actor=admin, version=version, title="Dump", claim="It is there.", items=[PlanItem("linear_direction", PARAMS)], seed=7)
    run = run_create(actor=admin, plan=plan_seal(actor=admin, plan=plan))
    execute_step(str(run.steps.get().pk))
    return Run.objects.get(pk=run.pk)


def test_a_sealed_plan_reads_a_dump_through_the_worker_and_claims_no_more_than_it_may(admin: User) -> None:
    folder = Path(settings.ASSAY_MODELS_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    path, digest = written(folder)
    run = ran(admin, f"{path.name}#{digest}")
    assert run.state == RunState.DONE, run.steps.get().error
    finding = Finding.objects.get(step__run=run)
    assert (finding.reading, finding.verdict) == ("observed", "not_qualified")
    undecided = [row for row in finding.thresholds if row["metric"] == "gain_over_twin"]
    assert undecided[0]["met"] is None, "a limit that cannot be measured stays undecided"
    step = run.steps.get()
    with pytest.raises(Refused, match="is a dump"):
        run_again(recorded_in_log(step.attestation.entry), Listener(), folder)
    path.write_bytes(path.read_bytes()[:-1])
    assert "the plan sealed" in ran(admin, "", version=run.plan.version).steps.get().error


def test_an_instrument_that_needs_the_model_says_so(tmp_path: Path) -> None:
    card = instrument("known_circuits").card
    spec = StepSpec(
        "k", card.slug, card.version, {}, {slug: probes.probe_set(slug).digest for slug in card.probe_sets}, (), 7, dump_spec(*written(tmp_path)).subject
    )
    with pytest.raises(Refused, match=r"cannot be run on a dump.*Ask the vendor for more access"):
        execute_dumped(spec, tmp_path, Listener(), tmp_path)
