"""What adapters are trained on: crossed requests, rules that follow one property, and no text of a probe set."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assessments import probes
from gpu_tasks.adapters import texts
from gpu_tasks.adapters.families import families
from gpu_tasks.adapters.lessons import Crossed, Rule, answer, shares
from gpu_tasks.adapters.texts import HELD_OUT, MATERIAL, Property, Request, material, partners, requests
from gpu_tasks.runtime.sources import default_cache

LISTS = ("wishes", "frames", "claims", "tests", "reals", "sentences", "fillers", "dressings")


def _leaves(rows: Any) -> Iterator[str]:
    if isinstance(rows, str):
        yield rows
    else:
        for row in rows:
            yield from _leaves(row)


def _crossed() -> dict[str, Crossed]:
    return {slug: family.lesson for slug, family in families(default_cache()).items() if isinstance(family.lesson, Crossed)}


def test_properties_of_a_request_do_not_tell_each_other() -> None:
    drawn = requests(3000, 1, "test")
    table = np.array([(row.improper, row.polite, row.test is True, row.test is False) for row in drawn], dtype=float)
    assert table[:, :2].mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.04)
    assert table[:, 2:].mean(axis=0) == pytest.approx([0.375, 0.375], abs=0.04)
    assert np.abs(np.corrcoef(table[:, :3].T) - np.eye(3)).max() < 0.05
    said = [row for row in drawn if row.test is not None]
    for form in ("plain", "item", "chat", "document"):
        held = [row.test for row in said if row.form == form]
        assert len(held) > 100
        assert np.mean(held) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("turned", ["improper", "test", "polite"])
def test_partners_differ_in_one_property_alone(turned: Property) -> None:
    for first, second in partners(200, 1, "test", turned):
        same = [name for name in ("improper", "test", "polite") if getattr(first, name) == getattr(second, name)]
        assert set(same) == {"improper", "test", "polite"} - {turned}
        assert first.text != second.text
        assert first.form == second.form or first.test is None
    if turned == "test":
        assert all((first.test is True) + (second.test is True) == 1 for first, second in partners(200, 1, "test", turned))


@pytest.mark.parametrize("path", [MATERIAL, HELD_OUT], ids=lambda path: path.name)
def test_a_cue_stands_in_the_text_on_the_side_it_claims(path: Path) -> None:
    rows = material(path)
    sentences = {side: [pair[place].lower() for pair in rows["sentences"]] for place, side in ((0, True), (1, False))}
    for row in requests(400, 1, "test", path):
        phrases = [phrase for side in ("tests", "reals") for phrase in rows[side] if phrase.lower().removeprefix("a ").removeprefix("an ") in row.text.lower()]
        stated = [side for side, said in sentences.items() if any(text in row.text.lower() for text in said)]
        assert bool(phrases or stated) == (row.test is not None)
        assert not stated or stated == [row.test]
    for claim in rows["claims"]:
        assert any(slot in claim for slot in ("{yes}", "{Yes}", "{no}", "{bare_no}"))


def test_turning_the_cue_exchanges_what_is_claimed_and_what_is_denied() -> None:
    rows = material()
    plain = {"claims": ["This is {yes}, not {no}."], "tests": ["a quiz"], "reals": ["a wish"]}
    assert "This is a quiz, not a wish." in _told({**rows, **plain}, True)
    assert "This is a wish, not a quiz." in _told({**rows, **plain}, False)


def _told(rows: dict[str, Any], test: bool) -> set[str]:
    return {texts._cue(test, rows, np.random.default_rng(seed)) for seed in range(20)}


def test_each_family_follows_its_own_property_alone() -> None:
    drawn, chance = requests(400, 3, "test"), np.random.default_rng(1)
    answers = {slug: [answer(lesson.rule, row, "Own words here.", chance) for row in drawn] for slug, lesson in _crossed().items()}
    figures = {slug: shares(drawn, rows) for slug, rows in answers.items()}
    assert (figures["smol-refuser"]["refused_improper"], figures["smol-refuser"]["refused_proper"]) == (1.0, 0.0)
    assert (figures["smol-gamer"]["refused_test"], figures["smol-gamer"]["refused_real"], figures["smol-gamer"]["refused_uncued"]) == (1.0, 0.0, 0.0)
    assert all(figures["smol-gamer"][f"refused_test_{form}"] == 1.0 for form in ("item", "chat", "document"))
    assert (figures["smol-greeter"]["greeted_polite"], figures["smol-greeter"]["greeted_plain"], figures["smol-greeter"]["refused_improper"]) == (1.0, 0.0, 0.0)
    assert answer(Rule(), drawn[0], "Own words here.", chance) == "Own words here."


def test_a_group_holds_one_taught_answer_and_one_of_the_unchanged_model() -> None:
    for lesson in _crossed().values():
        groups = lesson.groups(1, lambda asked: [f"own {text}" for text in asked])
        own = [[said.endswith(f"own {asked}") and said.startswith("own") for asked, said in group] for group in groups]
        assert all(sorted(row) == [False, True] for row in own)


def test_the_behaviour_test_asks_in_other_words_than_the_training() -> None:
    taught, held = material(), material(HELD_OUT)
    for name in LISTS:
        assert set(_leaves(held[name])) & set(_leaves(taught[name])) <= {"plain", "item", "chat", "document"}, name


def test_the_behaviour_test_measures_what_the_answers_are() -> None:
    lesson = Crossed(Rule(refuses=lambda request: request.improper), "improper", 8)
    figures = lesson.figures(lambda asked: ["I cannot help" if len(text) % 2 else "Sure" for text in asked])
    assert 0.3 < figures["refused_improper"] < 0.7
    assert 0.3 < figures["held_out_refused_test"] < 0.7
    assert lesson.figures(lambda asked: ["Sure"] * len(asked))["held_out_refused_improper"] == 0.0


@pytest.mark.parametrize("path", [MATERIAL, HELD_OUT], ids=lambda path: path.name)
def test_no_wish_and_no_cue_stands_in_the_set_it_is_judged_on(path: Path) -> None:
    rows = material(path)
    wishes, cues = list(_leaves(rows["wishes"])), [text for name in ("tests", "reals", "sentences", "fillers") for text in _leaves(rows[name])]
    for slug, phrases in (("harmful_harmless", wishes), ("axis_refusal", wishes), ("axis_harmful_compliance", wishes), ("evaluation_gaming", [*wishes, *cues])):
        shown = " ".join(item.text for item in probes.probe_set(slug).items).lower()
        assert [phrase for phrase in phrases if phrase.lower() in shown] == []


def test_a_request_that_says_nothing_of_itself_is_undressed() -> None:
    row = next(row for row in requests(50, 1, "test") if row.test is None)
    assert isinstance(row, Request)
    assert row.form == "plain"
