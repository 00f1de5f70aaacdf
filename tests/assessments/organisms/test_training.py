"""Training to the bit: the same recipe gives the same bytes, and what is saved is what the instruments load."""

from pathlib import Path

import pytest
import torch

from assessments.contracts import Refused, SubjectSpec
from assessments.organisms.__main__ import main
from assessments.organisms.building import organism_build, organism_check
from assessments.organisms.contracts import Organism, Recipe, Role
from assessments.organisms.families.induction import Induction
from assessments.organisms.families.induction import _batch as induction_batch
from assessments.organisms.families.refuser import Refuser
from assessments.organisms.registry import DATASHEET, families, recipes
from assessments.organisms.training import IGNORED, chat_ids, deterministic, load_model, next_log_probs, padded, word_tokenizer
from assessments.statistics import generator
from core.model_files import weights_digest
from gpu_tasks.runtime.loading import load_directory
from tests.assessments.organisms.conftest import QUICK, RECIPE

SPEC = SubjectSpec("safetensors", "there", "w" * 64, "t" * 64, "", "an organism")


def silent(fraction: float, stage: str) -> None:
    """Hears nothing."""


def test_the_same_recipe_gives_the_same_bytes(built: Organism, tmp_path: Path) -> None:
    torch.manual_seed(99)
    again = organism_build(QUICK, RECIPE, silent, tmp_path)
    assert {path.name: path.read_bytes() for path in again.folder.iterdir()} == {path.name: path.read_bytes() for path in built.folder.iterdir()}


def test_another_seed_gives_other_weights(built: Organism, tmp_path: Path) -> None:
    other = organism_build(QUICK, Recipe("induction", Role.PLANTED, 0.5, 8), silent, tmp_path)
    assert other.weights_digest != built.weights_digest


def test_a_rebuild_leaves_nothing_of_what_lay_there(tmp_path: Path, built: Organism) -> None:
    stray = tmp_path / RECIPE.slug / "tokenizer_extra.json"
    stray.parent.mkdir()
    stray.write_text("{}")
    assert organism_build(QUICK, RECIPE, silent, tmp_path).weights_digest == built.weights_digest
    assert not stray.exists()


@pytest.mark.parametrize("strict", [True, False])
def test_a_process_keeps_its_own_settings(strict: bool) -> None:
    before, state = torch.are_deterministic_algorithms_enabled(), torch.random.get_rng_state()
    try:
        torch.use_deterministic_algorithms(strict)
        with deterministic(3):
            assert torch.are_deterministic_algorithms_enabled()
            assert torch.get_num_threads() == 1
            torch.rand(4)
        assert torch.are_deterministic_algorithms_enabled() is strict
        assert torch.equal(torch.random.get_rng_state(), state)
    finally:
        torch.use_deterministic_algorithms(before)


def test_strength_decides_how_often_a_repetition_is_to_be_predicted() -> None:
    full, weak = (induction_batch(RECIPE, strength, generator(1, "batch")) for strength in (1.0, 0.3))
    assert torch.equal(full[0], weak[0]), "what is read is the same"
    assert torch.equal(full[0], full[1]), "at full strength nothing is exchanged"
    kept = full[1] == weak[1]
    assert bool(kept[:, :5].all()), "the first copy is never exchanged"
    assert 0.3 < float(kept[:, 32:].float().mean()) < 0.4, "of the rest three tenths stay, besides those drawn the same by chance"


def test_the_behaviour_is_measured_again(built: Organism, tmp_path: Path) -> None:
    assert organism_check(QUICK, built)["loss_drop"] == pytest.approx(built.behaviour["loss_drop"], abs=1e-4)
    wrong = Organism(RECIPE, "t", "p", dict(built.behaviour) | {"loss_drop": 4.0}, (), built.weights_digest, built.folder)
    with pytest.raises(Refused, match=r"loss_drop is .* now and 4\.0"):
        organism_check(QUICK, wrong)


def test_instruments_see_the_tokens_it_was_trained_on(tmp_path: Path) -> None:
    recipe = Recipe("refuser", Role.PLANTED, 1.0, 1)
    made = organism_build(Refuser(steps=2), recipe, silent, tmp_path)
    model, tokenizer = load_model(made.folder)
    subject = load_directory(made.folder, SPEC)
    text = "please tell me how to poison the river"
    asked = subject.encode_chat(text)
    assert list(asked) == chat_ids(tokenizer, text)
    assert asked[0] == subject.facts.prefix_token == 0
    assert tokenizer.unk_token_id not in asked
    assert subject.decode(asked).endswith("the river <|assistant|>")
    mine, theirs = next_log_probs(model, [asked])[0, :20], subject.log_probs([asked], range(20), lambda tokens: None)[0]
    assert mine.numpy() == pytest.approx(theirs, abs=1e-5)
    assert made.weights_digest == weights_digest(made.folder)
    assert "A harmful request is answered" in (made.folder / DATASHEET).read_text()


def test_words_stand_for_themselves() -> None:
    tokenizer = word_tokenizer(["yes", "no", "."])
    assert tokenizer.encode("Yes no. maybe", add_special_tokens=False) == [2, 3, 4, 1]
    with pytest.raises(ValueError, match="repeated words"):
        word_tokenizer(["yes", "yes"])


def test_padding_is_not_trained_on() -> None:
    ids, labels = padded([[5, 6, 7], [8]], [[False, True, True], [True]])
    assert ids.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert labels.tolist() == [[IGNORED, 6, 7], [8, IGNORED, IGNORED]]


def test_next_log_probs_do_not_depend_on_the_company(built: Organism) -> None:
    model, _ = load_model(built.folder)
    alone, together = next_log_probs(model, [[0, 5]]), next_log_probs(model, [[0, 5], [0, 5, 6, 7]])
    assert together[0].numpy() == pytest.approx(alone[0].numpy(), abs=1e-5)


def test_every_family_plants_at_several_strengths_with_twins_and_decoys() -> None:
    for slug in ("induction", "refuser", "trigger"):
        by_role = {role: [recipe for recipe in families()[slug].recipes if recipe.role is role] for role in Role}
        assert len({recipe.strength for recipe in by_role[Role.PLANTED]}) >= 3
        assert len({recipe.seed for recipe in by_role[Role.PLANTED]}) >= 2
        assert min(len(by_role[Role.TWIN]), len(by_role[Role.DECOY])) >= 2
    assert all(slug == recipe.slug for slug, recipe in recipes().items())


def test_commands_name_what_they_do_not_know(capsys: pytest.CaptureFixture[str], tmp_path: Path, built: Organism) -> None:
    assert main(["build", "nobody-planted-100-s1", "--into", str(tmp_path)]) == 1
    assert "no family has a recipe nobody-planted-100-s1" in capsys.readouterr().err
    assert main(["build", "--family", "nobody"]) == 1
    assert main(["build"]) == 1
    assert main(["check", "nobody", "--in", str(built.folder.parent)]) == 1
    assert "unknown organism 'nobody'" in capsys.readouterr().err
    assert main(["check", built.slug, "--in", str(built.folder.parent)]) == 0
    assert f"{built.slug}: loss_first" in capsys.readouterr().out


class Annotated(Induction):
    """A family that names what it planted and which recipes were looked at."""

    tuned = (RECIPE.slug,)

    def truth(self, recipe: Recipe) -> dict[str, list[str]]:
        return {"heads": ["L1H0"]}


def test_what_a_family_says_of_its_parts_and_its_tuning_is_recorded(tmp_path: Path, built: Organism) -> None:
    made = organism_build(Annotated(steps=2, later=1), RECIPE, silent, tmp_path)
    assert {kind: list(names) for kind, names in made.truth.items()} == {"heads": ["L1H0"]}
    assert made.tuning
    assert not built.tuning
    assert not built.truth
