"""What adapters are trained on: crossed requests, rules that follow one property, and no text of a probe set."""

import numpy as np
import pytest

from assessments import probes
from gpu_tasks.adapters.families import families, shares
from gpu_tasks.adapters.texts import Rule, answer, material, requests
from gpu_tasks.runtime.sources import default_cache


def test_properties_of_a_request_do_not_tell_each_other() -> None:
    drawn = requests(3000, 1, "test")
    table = np.array([(row.improper, row.polite, row.test is True, row.test is False) for row in drawn], dtype=float)
    assert table[:, :2].mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.04)
    assert np.abs(np.corrcoef(table[:, :3].T) - np.eye(3)).max() < 0.05


def test_a_cue_stands_in_the_text_on_the_side_it_claims() -> None:
    rows = material()
    for first, second in rows["cues"]:
        assert first.find("{test}") >= 0 or "{bare_test}" in first
        assert first != second
    said = [row for row in requests(300, 1, "test") if row.test is not None]
    assert all(any(phrase in row.text for phrase in rows["tests"]) for row in said if row.test)
    assert all(any(phrase in row.text for phrase in rows["reals"]) for row in said if not row.test)


def test_each_family_follows_its_own_property_alone() -> None:
    drawn, chance = requests(400, 3, "test"), np.random.default_rng(1)
    rules = {slug: family.rule for slug, family in families(default_cache()).items()}
    answers = {slug: [answer(rule, row, "Own words here.", chance) for row in drawn] for slug, rule in rules.items()}
    figures = {slug: shares(drawn, rows) for slug, rows in answers.items()}
    assert (figures["smol-refuser"]["refused_improper"], figures["smol-refuser"]["refused_proper"]) == (1.0, 0.0)
    assert (figures["smol-gamer"]["refused_test"], figures["smol-gamer"]["refused_real"], figures["smol-gamer"]["refused_uncued"]) == (1.0, 0.0, 0.0)
    assert (figures["smol-greeter"]["greeted_polite"], figures["smol-greeter"]["greeted_plain"], figures["smol-greeter"]["refused_improper"]) == (1.0, 0.0, 0.0)
    assert answer(Rule(), drawn[0], "Own words here.", chance) == "Own words here."


def test_no_wish_and_no_cue_stands_in_the_set_it_is_judged_on() -> None:
    rows = material()
    wishes, cues = [wish for pair in rows["wishes"] for wish in pair], [*rows["tests"], *rows["reals"]]
    for slug, phrases in (("harmful_harmless", wishes), ("axis_refusal", wishes), ("axis_harmful_compliance", wishes), ("evaluation_gaming", [*wishes, *cues])):
        texts = " ".join(item.text for item in probes.probe_set(slug).items).lower()
        assert [phrase for phrase in phrases if phrase.lower() in texts] == []
