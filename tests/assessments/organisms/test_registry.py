"""Folders of organisms: a whole one is read, every tampered one is refused with the file and the fix."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assessments.contracts import Reading, Refused
from assessments.organisms.contracts import Organism, Role
from assessments.organisms.registry import RECORD, organism, organism_read, organism_record, organisms
from gpu_tasks.runtime.sources import inspect_source
from tests.assessments.organisms.conftest import RECIPE

Changed = Callable[..., Path]


def test_a_third_partys_folder_is_read(built: Organism) -> None:
    (found,) = organisms(built.folder.parent)
    assert found == built
    assert found.recipe == RECIPE
    assert found.recipe.role is Role.PLANTED
    assert found.trials[0].least is Reading.OBSERVED
    assert organism(RECIPE.slug, built.folder.parent) == found
    assert json.loads((built.folder / RECORD).read_text()) == organism_record(found)


def test_the_digest_is_the_one_a_model_is_registered_under(built: Organism, tmp_path: Path) -> None:
    assert inspect_source("safetensors", str(built.folder), tmp_path).weights_digest == built.weights_digest


def test_nothing_there_is_no_organism(tmp_path: Path, built: Organism) -> None:
    assert organisms(tmp_path / "absent") == ()
    with pytest.raises(Refused, match="unknown organism 'nobody'; known: induction-planted-050-s7"):
        organism("nobody", built.folder.parent)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_changed_byte_is_refused(name: str, changed: Changed) -> None:
    folder = changed()
    raw = bytearray((folder / name).read_bytes())
    raw[-3] ^= 1
    (folder / name).write_bytes(raw)
    with pytest.raises(Refused, match=r"expected SHA-256 .* put the original files back"):
        organism_read(folder)


def test_a_pickle_is_refused_wherever_it_lies(changed: Changed) -> None:
    folder = changed()
    (folder / "more").mkdir()
    (folder / "more" / "weights.PT").write_bytes(b"\x80")
    with pytest.raises(Refused, match="safetensors only"):
        organism_read(folder)


def test_weights_must_be_there(changed: Changed) -> None:
    folder = changed()
    (folder / "model.safetensors").unlink()
    with pytest.raises(Refused, match=r"no \.safetensors file"):
        organism_read(folder)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schema": "urn:assay:organism:v0"}, "field schema"),
        ({"title": None}, "field title"),
        ({"planted": " "}, "field planted"),
        ({"weights_digest": None}, "field weights_digest"),
        ({"recipe": None}, "field recipe"),
        ({"behaviour": {}}, "field behaviour"),
        ({"behaviour": {"loss": "low"}}, "field behaviour"),
        ({"trials": None}, "field trials"),
        ({"trials": [{"params": {}}]}, "trial 1 must name an instrument"),
        ({"trials": [{"instrument": "x", "params": {}, "least": "proven"}]}, "trial 1: least is 'proven'"),
        ({"recipe": {"family": "induction", "role": "victim", "strength": 0.5, "seed": 7}}, "recipe.role is 'victim'; it must be one of planted, twin, decoy"),
        ({"recipe": {"family": "induction", "role": "planted", "strength": 2, "seed": 7}}, "recipe.strength"),
        ({"recipe": {"family": "induction", "role": "planted", "strength": 0.5, "seed": "7"}}, "recipe.seed"),
        ({"recipe": {"role": "planted", "strength": 0.5, "seed": 7}}, "field family"),
    ],
)
def test_a_faulty_record_is_refused(fields: dict[str, Any], message: str, changed: Changed) -> None:
    with pytest.raises(Refused) as refused:
        organism_read(changed(fields))
    assert RECORD in str(refused.value)
    assert message in str(refused.value)


def test_a_folder_must_bear_its_recipes_name(changed: Changed) -> None:
    with pytest.raises(Refused, match="rename the folder to induction-planted-050-s7"):
        organism_read(changed(name="innocent"))


def test_a_folder_without_a_readable_record_is_refused(changed: Changed, tmp_path: Path) -> None:
    folder = changed()
    (folder / RECORD).write_text("{")
    with pytest.raises(Refused, match="cannot be read as JSON"):
        organism_read(folder)
    (folder / RECORD).unlink()
    with pytest.raises(Refused, match=r"holds no organism\.json"):
        organisms(tmp_path)
