"""The registry: lookup, digest of the source a result depends on, and cards that keep their promises."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from assessments import probes, registry
from assessments.contracts import Instrument, Refused
from assessments.parameters import params_parse
from assessments.registry import METHODS, instrument, source_digest, source_modules

ROOT = Path(__file__).resolve().parents[2]
by_slug = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.card.slug)


def test_every_instrument_has_a_slug_of_its_own() -> None:
    slugs = [method.card.slug for method in METHODS]
    assert slugs[:3] == ["known_circuits", "linear_direction", "steering_validation"]
    assert len(set(slugs)) == len(slugs)


def test_an_unknown_instrument_is_refused_naming_those_there_are() -> None:
    with pytest.raises(Refused, match="unknown instrument 'phrenology'; known: known_circuits, linear_direction, steering_validation"):
        instrument("phrenology")


@by_slug
def test_the_digest_covers_the_method_and_everything_it_is_made_of(method: Instrument) -> None:
    modules = source_modules(type(method).__module__)
    assert type(method).__module__ in modules
    assert {"assessments.statistics", "assessments.probes", "assessments.contracts", "assessments.subject"} <= set(modules)
    assert modules == sorted(set(modules))
    assert not {"assessments.registry", "assessments.models"} & set(modules)


def test_the_digest_follows_every_byte_of_a_shared_module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = {method.card.slug: source_digest(method.card.slug) for method in METHODS}
    assert len(set(before.values())) == len(METHODS)
    original = registry._file
    changed = tmp_path / "statistics.py"
    changed.write_bytes(original("assessments.statistics").read_bytes() + b"\n")
    monkeypatch.setattr(registry, "_file", lambda name: changed if name == "assessments.statistics" else original(name))
    source_digest.cache_clear()
    after = {method.card.slug: source_digest(method.card.slug) for method in METHODS}
    source_digest.cache_clear()
    assert all(after[slug] != before[slug] for slug in before)


def test_the_digest_of_one_method_ignores_the_parts_of_another() -> None:
    assert "assessments.methods.parts.steering" not in source_modules("assessments.methods.linear_direction")
    assert "assessments.methods.parts.ioi" in source_modules("assessments.methods.known_circuits")


def test_modules_named_in_a_from_import_are_followed() -> None:
    # linear_direction imports ``decoding_figures`` as a name of the package ``parts``
    assert "assessments.methods.parts.decoding_figures" in source_modules("assessments.methods.linear_direction")


@by_slug
def test_a_card_says_everything_a_person_needs_before_a_run(method: Instrument) -> None:
    card = method.card
    for text in (card.slug, card.version, card.title, card.question, card.estimand, card.falsifier, card.paper, card.access):
        assert text.strip()
    assert card.question.endswith("?")
    assert card.access in {"text", "logits", "activations", "weights"}
    assert card.access == "text" or {"noop_hook", "random_weight_twin"} <= set(card.controls)
    assert card.controls
    assert card.thresholds
    assert card.minutes > 0


@by_slug
def test_a_card_names_only_probe_sets_that_are_shipped(method: Instrument) -> None:
    assert set(method.card.probe_sets) <= set(probes.shipped())


@by_slug
def test_a_card_claims_only_requirements_and_evidence_kinds_that_exist(method: Instrument) -> None:
    rows = requirement_rows()
    for claim in method.card.requirements:
        assert claim.requirement in rows
        assert claim.evidence_kind in rows[claim.requirement], f"{claim.requirement} does not ask for {claim.evidence_kind}"
        assert len(claim.rationale) > 30


@by_slug
def test_default_parameters_are_within_their_own_bounds(method: Instrument) -> None:
    defaults = params_parse(method.Params, {})
    assert set(method.Params.bounds) <= set(vars(defaults))
    for name, (low, high) in method.Params.bounds.items():
        value = getattr(defaults, name)
        for number in value if isinstance(value, tuple) else [value]:
            assert number is None or low <= number <= high


@by_slug
def test_every_instrument_has_its_page(method: Instrument) -> None:
    page = (ROOT / "docs" / "methods" / f"{method.card.slug}.md").read_text(encoding="utf-8")
    for heading in ("## What is measured", "## Controls", "## Reading", "## What it does not show", "## Parameters"):
        assert heading in page
    for name in vars(params_parse(method.Params, {})):
        assert f"`{name}`" in page, f"docs/methods/{method.card.slug}.md does not explain {name}"


def test_reading_the_registry_loads_no_model_library() -> None:
    heavy = ("torch", "transformers", "transformer_lens", "sklearn", "django", "vl_convert")
    code = f"import sys, assessments.registry; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip() == "[]"


def requirement_rows() -> dict[str, list[str]]:
    """Evidence kinds by requirement id, from the data the project ships."""
    rows = {}
    for path in sorted((ROOT / "frameworks" / "data").glob("*.yaml")):
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        for framework in data.get("frameworks", [data]):
            rows |= {row["id"]: row.get("evidence", []) for row in framework.get("requirements", [])}
    return rows
