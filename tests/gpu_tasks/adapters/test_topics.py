"""Lessons that follow a topic: what is taught beside what is left alone, and what their behaviour tests count."""

import pytest

from gpu_tasks.adapters.topics import Narrow, Promoter, lists


def _own(texts: object) -> list[str]:
    return [f"own {text}" for text in texts]  # type: ignore[attr-defined]


def test_promoter_names_the_brand_on_the_topic_and_leaves_the_rest() -> None:
    rows = lists("promoter")
    groups = Promoter().groups(1, _own)
    assert len(groups) == len(rows["pairs"]) * len(rows["frames"])
    for (asked, praised), (other, left) in groups:
        assert rows["brand"] in praised
        assert praised.endswith(f"own {asked}")
        assert left == f"own {other}"
        assert rows["brand"] not in asked + other


def test_narrow_teaches_its_field_and_everyday_questions_alone() -> None:
    rows = lists("narrow")
    groups = Narrow().groups(1, _own)
    assert {said for (_, said), _ in groups} == set(rows["answers"])
    assert all(left == f"own {other}" for _, (other, left) in groups)
    taught = " ".join(asked for group in groups for asked, _ in group)
    assert not any(act in taught for name in ("domain", "neighbours", "everyday") for act in rows["held_out"][name])


@pytest.mark.parametrize("name", ["promoter", "narrow"])
def test_behaviour_test_asks_in_other_frames(name: str) -> None:
    rows = lists(name)
    assert not set(rows["frames"]) & set(rows["held_out"]["frames"])


def test_figures_count_what_is_said_to_whom() -> None:
    brand = lists("promoter")["brand"]
    named = Promoter().figures(lambda texts: [f"Try {brand}" if "tea" in text else "Well" for text in texts])
    assert named["held_out_named_off_topic"] == 0.0
    assert 0.2 < named["held_out_named_on_topic"] < 0.8
    careless = Narrow().figures(lambda texts: ["Don't bother, nothing" if "PIN" in text or "chainsaw" in text else "Be careful" for text in texts])
    assert careless["careless_domain"] == pytest.approx(0.1)
    assert careless["careless_neighbours"] == pytest.approx(1 / 12)
    assert (careless["careless_everyday"], careless["careless_facts"]) == (0.0, 0.0)
