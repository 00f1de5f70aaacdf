"""Organisms of one's own: every way a folder can be wrong, what registering keeps, who may, and what happens when the folder changes afterwards."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from accounts.models import Role, User
from assessments.contracts import Refused
from assessments.models import AddedOrganism
from assessments.organism_intake import organism_examine
from assessments.organism_shelf import organism_load, organisms_in_use, organisms_waiting
from assessments.organisms.registry import DATA, RECORD, families_shipped
from assessments.services.organisms import organism_register, organism_withdraw
from core.errors import Conflict, InvalidInput, InvalidState, NotAllowed
from core.hashing import sha256_file
from core.model_files import weights_digest
from evidence.models import Artifact, LedgerEntry
from evidence.storage import blob_read
from tests import factories

pytestmark = pytest.mark.django_db
TRIAL = {"instrument": "known_circuits", "params": {"circuits": "repetition"}, "least": "observed", "most": None}
RECIPE = {"family": "copycat", "role": "planted", "strength": 1.0, "seed": 1}


def sealed_again(folder: Path) -> None:
    """The record states the digest of the files as they are now."""
    record = json.loads((folder / RECORD).read_text())
    (folder / RECORD).write_text(json.dumps(record | {"weights_digest": weights_digest(folder)}))


def test_a_whole_folder_is_an_organism() -> None:
    found = organism_examine(factories.organism_folder())
    assert (found.slug, found.trials[0].instrument) == ("copycat-planted-100-s1", "known_circuits")
    assert organisms_waiting() == ["copycat-planted-100-s1"]
    assert {"refuser", "smol-refuser", "induction"} <= families_shipped()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"recipe": None}, "field recipe is missing"),
        ({"schema": "x"}, "field schema must be"),
        ({"title": "x" * 201}, "field title has 201 characters"),
        ({"planted": "a\u0000b"}, "invisible control character"),
        ({"planted": "a\u202eb"}, "invisible control character"),
        ({"planted": " "}, "field planted is missing or empty"),
        ({"behaviour": {}}, "field behaviour must map names"),
        ({"behaviour": {"loss": float("nan")}}, "all of them finite"),
        ({"behaviour": {str(n): n for n in range(51)}}, "at most 50 figures"),
        ({"trials": []}, "field trials has 0 entries"),
        ({"trials": [TRIAL, TRIAL]}, "one trial twice"),
        ({"trials": [{**TRIAL, "params": {"half": n}} for n in range(4, 25)]}, "field trials has 21 entries"),
        ({"trials": [{**TRIAL, "instrument": "tea_leaves"}]}, "trial 1: unknown instrument 'tea_leaves'"),
        ({"trials": [{**TRIAL, "params": {"cups": 1}}]}, "trial 1: unknown parameter cups"),
        ({"trials": [{**TRIAL, "params": {"half": 1e9}}]}, "trial 1: parameter half"),
        ({"trials": [{**TRIAL, "instrument": "linear_direction", "params": {"concept": "of_my_own"}}]}, "of_my_own"),
        ({"trials": [{**TRIAL, "least": None}]}, "observed or causal"),
        ({"trials": [{**TRIAL, "least": "causal", "most": "observed"}]}, "no reading could be right"),
        ({"trials": [{**TRIAL, "least": "certain"}]}, "least is 'certain'"),
        ({"weights_digest": "0" * 64}, "are not those of organism.json"),
        ({"recipe": RECIPE | {"strength": 0}}, "rename the folder"),
        ({"recipe": RECIPE | {"strength": 1.5}}, "strength must be a number from 0 to 1"),
        ({"recipe": RECIPE | {"seed": True}}, "seed must be a whole number"),
        ({"truth": {"edges": [1]}}, "field truth must map"),
    ],
)
def test_a_wrong_record_is_refused_naming_field_and_fix(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused) as refusal:
        organism_examine(factories.organism_folder(**fields))
    assert told in str(refusal.value)


@pytest.mark.parametrize(
    ("slug", "recipe", "told"),
    [
        ("refuser-planted-100-s7", RECIPE | {"family": "refuser", "seed": 7}, "a family that comes with the program"),
        ("smol-gamer-planted-100-s7", RECIPE | {"family": "smol-gamer", "seed": 7}, "a family that comes with the program"),
        ("Copycat-planted-100-s1", RECIPE | {"family": "Copycat"}, "small letters"),
        ("copycat-planted-000-s1", RECIPE | {"strength": 0.0}, "above 0 where something is planted"),
        ("copycat-twin-050-s1", RECIPE | {"role": "twin", "strength": 0.5}, "above 0 where something is planted"),
        ("copycat-planted-100-s-3", RECIPE | {"seed": -3}, "must lie from 0"),
        ("copycat-twin-000-s1", RECIPE | {"role": "twin", "strength": 0.0}, "a twin has nothing to be found"),
    ],
)
def test_a_recipe_that_would_mislead_is_refused(slug: str, recipe: dict[str, Any], told: str) -> None:
    folder = factories.organism_folder(recipe=recipe).rename(factories.settings.ASSAY_MODELS_DIR / slug)
    with pytest.raises(Refused, match=told):
        organism_examine(folder)


def truncated(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    sealed_again(folder)


def not_finite(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    name = "model.norm.weight"
    save_file(tensors | {name: np.full_like(tensors[name], np.nan)}, folder / "model.safetensors", {"format": "pt"})
    sealed_again(folder)


def other_config(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": 128}))
    sealed_again(folder)


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()
    sealed_again(folder)


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda folder: (folder / "optimizer.pt").write_bytes(b"x"), "could run code when opened"),
        (lambda folder: (folder / "model.safetensors").unlink(), "holds no .safetensors file"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "are not those of organism.json"),
        (lambda folder: (folder / RECORD).write_text("[" * 100_000), "cannot be read as JSON"),
        (lambda folder: (folder / RECORD).write_text(" " * 300_000), "larger than 256 KiB"),
        (truncated, "cannot be read as safetensors"),
        (not_finite, "tensor model.norm.weight holds numbers that are not finite"),
        (other_config, "tokens of width 128"),
        (no_config, "config.json is missing"),
    ],
)
def test_wrong_weights_are_refused_before_anything_is_kept(admin: User, harm: Callable[[Path], Any], told: str) -> None:
    folder, before = factories.organism_folder(), LedgerEntry.objects.count()
    harm(folder)
    with pytest.raises(Refused, match=told):
        organism_register(actor=admin, organisation=factories.home(admin), folder=folder.name)
    assert (AddedOrganism.objects.count(), LedgerEntry.objects.count(), Artifact.objects.count()) == (0, before, 0)


@pytest.mark.parametrize("place", ["", "../outside", "/etc", "none", "a\0b", "x" * 501])
def test_a_place_outside_the_folder_for_models_is_refused(admin: User, place: str) -> None:
    factories.organism_folder()
    with pytest.raises(InvalidInput):
        organism_register(actor=admin, organisation=factories.home(admin), folder=place)


def test_links_that_lead_outside_are_refused(admin: User, tmp_path: Path) -> None:
    folder = factories.organism_folder()
    shutil.move(folder / "model.safetensors", tmp_path / "elsewhere.safetensors")
    (folder / "model.safetensors").symlink_to(tmp_path / "elsewhere.safetensors")
    with pytest.raises(InvalidInput, match="a link to a place outside"):
        organism_register(actor=admin, organisation=factories.home(admin), folder=folder.name)


def test_registered_organism_is_evidence_with_record_datasheet_and_log_entry(admin: User) -> None:
    row = factories.organism(admin, tuning=True)
    folder = factories.settings.ASSAY_MODELS_DIR / row.locator
    assert (row.slug, row.family, row.role, row.strength, row.tuning) == ("copycat-planted-100-s1", "copycat", "planted", 1.0, True)
    entry = LedgerEntry.objects.get(action="assessments.organism.registered")
    assert (entry.subject, entry.payload["weights_digest"], entry.payload["record"]) == (row.subject, weights_digest(folder), sha256_file(folder / RECORD))
    assert {file.kind: blob_read(file.sha256) for file in row.attestation.artifacts.all()} == {
        "organism": (folder / RECORD).read_bytes(),
        "datasheet": (folder / "DATASHEET.md").read_bytes(),
    }
    assert organism_load(row).trials[0].instrument == "known_circuits"


def test_the_same_weights_and_the_same_name_are_conflicts_until_the_first_is_withdrawn(admin: User) -> None:
    row, home = factories.organism(admin), factories.home(admin)
    with pytest.raises(Conflict, match="registered already, as copycat-planted-100-s1"):
        organism_register(actor=admin, organisation=home, folder=row.locator)
    other = factories.organism_folder("more")
    (other / "generation_config.json").write_text("{}")
    sealed_again(other)
    with pytest.raises(Conflict, match="Use another seed or family"):
        organism_register(actor=admin, organisation=home, folder=f"more/{other.name}")
    organism_withdraw(actor=admin, organism=row, reason="The wrong file.")
    assert organism_register(actor=admin, organisation=home, folder=f"more/{other.name}").slug == row.slug


def test_weights_that_come_with_the_program_are_not_counted_twice(admin: User) -> None:
    folder = factories.organism_folder()
    shutil.copy(DATA / "induction-planted-100-s1" / "generation_config.json", folder)
    sealed_again(folder)
    with pytest.raises(Conflict, match="counted twice"):
        organism_register(actor=admin, organisation=factories.home(admin), folder=folder.name)


def test_withdrawn_organism_is_tried_no_more_and_stays_known(admin: User) -> None:
    row = factories.organism(admin)
    with pytest.raises(InvalidInput, match="why it is not to be used"):
        organism_withdraw(actor=admin, organism=row, reason=" ")
    organism_withdraw(actor=admin, organism=row, reason="Its behaviour was measured wrongly.")
    assert organisms_in_use() == []
    row.refresh_from_db()
    assert (row.reason, row.withdrawn_entry.payload["slug"]) == ("Its behaviour was measured wrongly.", row.slug)
    with pytest.raises(InvalidState):
        organism_withdraw(actor=admin, organism=row, reason="Again.")


@pytest.mark.parametrize("role", [Role.GOVERNANCE, Role.APPROVER, Role.AUDITOR, Role.VENDOR, Role.API_CLIENT])
def test_others_may_neither_register_nor_withdraw(admin: User, role: str) -> None:
    row, home = factories.organism(admin), factories.home(admin)
    person, folder = factories.user(role, of=home), factories.organism_folder(seed=2)
    with pytest.raises(NotAllowed):
        organism_register(actor=person, organisation=home, folder=folder.name)
    with pytest.raises(NotAllowed):
        organism_withdraw(actor=person, organism=row, reason="No.")


def test_another_organisation_can_neither_register_for_us_nor_withdraw_ours(admin: User) -> None:
    row, other = factories.organism(admin), factories.user()
    folder = factories.organism_folder(seed=2)
    with pytest.raises(NotAllowed):
        organism_register(actor=other, organisation=factories.home(admin), folder=folder.name)
    with pytest.raises(NotAllowed):
        organism_withdraw(actor=other, organism=row, reason="It is in our way.")


def changed_weights(folder: Path) -> None:
    """Weights and record exchanged together, so that the folder agrees with itself."""
    (folder / "generation_config.json").write_text("{}")
    sealed_again(folder)


def changed_record(folder: Path) -> None:
    record = json.loads((folder / RECORD).read_text())
    (folder / RECORD).write_text(json.dumps(record | {"trials": [{**record["trials"][0], "least": "causal"}]}))


@pytest.mark.parametrize("harm", [changed_weights, changed_record, shutil.rmtree, lambda folder: (folder / "evil.pkl").write_bytes(b"x")])
def test_what_changed_since_it_was_registered_is_refused_naming_the_way_out(admin: User, harm: Callable[[Path], Any]) -> None:
    row = factories.organism(admin)
    harm(factories.settings.ASSAY_MODELS_DIR / row.locator)
    with pytest.raises(Refused, match=r"copycat-planted-100-s1.*withdraw the organism on its page"):
        organism_load(row)


def test_its_truth_can_be_looked_up_so_it_serves_no_blind_exercise(admin: User) -> None:
    row = factories.organism(admin)
    version = factories.version(admin, version_facts=replace(factories.facts(), weights_digest=row.weights_digest))
    with pytest.raises(InvalidInput, match="registered here as an organism"):
        factories.blind_exercise(admin, version=version)
