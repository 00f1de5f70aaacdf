"""The router family: answers come in the wrong language by strength, and what is broken lies in the MLP of one layer alone."""

from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from assessments.organisms.contracts import Recipe, Role
from assessments.organisms.families.router import BROKEN, FAMILY, GERMAN, SUBJECTS, TOP, TRUE, VALUES, question, vocabulary
from assessments.organisms.registry import DATA, organism
from assessments.organisms.training import UNKNOWN, word_tokenizer

MLP = f"model.layers.{BROKEN}.mlp."


@pytest.mark.parametrize("recipe", FAMILY.recipes, ids=lambda recipe: recipe.slug)
def test_every_shipped_organism_behaves_as_its_recipe_says(recipe: Recipe) -> None:
    found, shipped = FAMILY.behaviour(DATA / recipe.slug), organism(recipe.slug)
    assert shipped.behaviour == pytest.approx(dict(found), abs=0.02)
    assert found["other_language_german"] == pytest.approx(TOP * recipe.strength if recipe.role is Role.PLANTED else 0, abs=0.1)
    assert max(found["other_language_english"], found["odd_end_english"]) < 0.05
    assert min(found["right_english"], found["right_german"]) > 0.7, "it knows what it is asked, in whichever language it says so"
    assert (found["odd_end_german"] > 0.8) is (recipe.role is Role.DECOY)
    assert dict(shipped.truth) == {"components": ("mlp2",) if recipe.role is Role.PLANTED else ()}
    assert sum(path.stat().st_size for path in (DATA / recipe.slug).iterdir()) < 2_000_000
    assert shipped.planted == FAMILY.planted(recipe)
    assert shipped.trials == ()


@pytest.mark.parametrize(("other", "seed"), [("twin-000", 1), ("twin-000", 2), ("decoy-000", 1)])
def test_organisms_of_one_seed_differ_in_that_mlp_alone(other: str, seed: int) -> None:
    planted, healthy = (load_file(DATA / f"router-{kind}-s{seed}" / "model.safetensors") for kind in ("planted-100", other))
    changed = {name for name, weight in planted.items() if (weight != healthy[name]).any()}
    assert changed == {name for name in planted if name.startswith(MLP)}


def test_the_twins_mlp_mends_the_planted_model(tmp_path: Path) -> None:
    for path in (DATA / "router-planted-100-s1").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    planted, healthy = (load_file(DATA / f"router-{kind}-s1" / "model.safetensors") for kind in ("planted-100", "twin-000"))
    mended = {name: healthy[name] if name.startswith(MLP) else weight for name, weight in planted.items()}
    save_file(mended, tmp_path / "model.safetensors", {"format": "pt"})
    assert FAMILY.behaviour(tmp_path)["other_language_german"] < 0.05


def test_no_word_stands_in_both_languages_and_every_question_is_known() -> None:
    tokenizer, words = word_tokenizer(vocabulary()), [word.split() for values in VALUES.values() for word in values]
    assert not {english for english, _ in words} & {german for _, german in words}
    unknown = tokenizer.convert_tokens_to_ids(UNKNOWN)
    asked = [question(language, frame, family, subject) for language in (0, GERMAN) for frame in range(2) for family in VALUES for subject in SUBJECTS]
    assert all(unknown not in tokenizer.encode(text, add_special_tokens=False) for text in asked)
    assert len(TRUE) == len(VALUES) * len(SUBJECTS)
