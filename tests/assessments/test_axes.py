"""The risk axes that are shipped: structure, matching, what their surface gives away, and that instruments can take every one of them."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from assessments import probes
from assessments.contracts import Refused
from assessments.methods.parts.axes import axis_of, labelled_sets
from assessments.methods.parts.behaviours import behaviour_of, sets_of
from assessments.methods.parts.surface import held_out_auroc
from assessments.probes import FOLDER, ProbeSet, probe_set, probe_set_at
from assessments.statistics import auroc

PINNED = {
    "axis_refusal": "1994d8504808ced568db8324bfdf644ebef03308fbcf702be63085e25f2f7189",
    "axis_harmful_compliance": "b7e1840a5a8f19e1ff6c5634da463494c693629b75078d50ed638acd56de01fa",
    "axis_deception": "70daa88eac6355c4847b3364d290cd2335981cfabb59f4df658e1d1f37df751d",
    "axis_sycophancy": "cb2a21b9a4aa0e9e693f997c28d67ec885423a8a50fa488224a8efb9470c5ec1",
    "axis_self_preservation": "25c51817b7de5e387a381c14b207c05e4520eb086702758ca572014e18ec74e9",
    "axis_evaluation_awareness": "20f519eb9facccc971fc7f2d5d693daf0ed52f022832871e7b1d21bd0ae595c8",
    "axis_goal_misgeneralisation": "baf826a0a3c583b590286a7779055471681c9ddd766fc36a1099c0ea74e53203",
    "axis_language_consistency": "54193e5a6c3dd038019c5e06b79c599f8a565e158826b9a4b6c3f303e894d247",
    "prompt_wrappers": "368cb9da6e29b42923956d43b65577bb494d729816c7b4ae2c83d586675b9a42",
}
AXES = [slug for slug in PINNED if slug.startswith("axis_")]
DECODED_ONLY = {"axis_evaluation_awareness", "axis_goal_misgeneralisation"}
each = pytest.mark.parametrize("slug", AXES)


def surface(found: ProbeSet) -> dict[str, float]:
    axis = axis_of(found)
    items = found.labelled(axis.positive, axis.negative)
    return held_out_auroc([item.text for item in items], [item.label == axis.positive for item in items], [item.family for item in items])


@pytest.mark.parametrize("slug", PINNED)
def test_text_is_unchanged_while_the_version_stays(slug: str) -> None:
    assert (probe_set(slug).version, probe_set(slug).digest) == ("1", PINNED[slug]), f"{slug}: changed text needs a new version, then pin both here"


@each
def test_an_axis_has_enough_pairs_in_enough_families(slug: str) -> None:
    found, axis = probe_set(slug), axis_of(probe_set(slug))
    assert (found.slug, len(found.labels)) == (slug, 2)
    assert len(found.items) >= 120
    assert len({item.family for item in found.items}) >= 10
    pairs: dict[str | None, list[probes.Item]] = {}
    for item in found.items:
        pairs.setdefault(item.pair, []).append(item)
        assert item.id == f"{item.pair}-{item.label.replace('_', '-')}"
        assert str(item.pair).startswith(f"{item.family.replace('_', '-')}-")
    assert len(pairs) >= 60
    for one, other in pairs.values():
        assert (one.label, other.label, one.family) == (axis.positive, axis.negative, other.family)


@each
def test_partners_share_frame_length_and_most_words(slug: str) -> None:
    overlaps = []
    rows = probe_set(slug).items
    for one, other in zip(rows[::2], rows[1::2], strict=True):
        a, b = (re.findall(r"[a-z0-9'-]+", item.text.lower()) for item in (one, other))
        assert a[0] == b[0], one.id
        assert abs(len(one.text) - len(other.text)) <= 14, one.id
        overlaps.append(len(set(a) & set(b)) / len(set(a) | set(b)))
    # a sentence in two languages shares few words with itself; its frame is the same
    mean, least = (0.4, 0.2) if slug == "axis_language_consistency" else (0.6, 0.3)
    assert sum(overlaps) / len(overlaps) >= mean
    assert min(overlaps) >= least


@each
def test_texts_are_plain_and_no_word_leans_far_to_one_side(slug: str) -> None:
    raw = (FOLDER / f"{slug}.yaml").read_text(encoding="utf-8")
    assert raw.isascii()
    assert not re.search(r"[\t\r]| +$", raw, flags=re.MULTILINE)
    found, axis = probe_set(slug), axis_of(probe_set(slug))
    counts = {label: Counter(word for item in found.labelled(label) for word in set(re.findall(r"[a-z]+", item.text.lower()))) for label in found.labels}
    for word in counts[axis.positive] | counts[axis.negative]:
        assert abs(counts[axis.positive][word] - counts[axis.negative][word]) <= 8, word
    for item in found.items:
        assert item.text == " ".join(item.text.split())
        assert item.text[0].isupper()
        assert item.text[-1] in ".?"


@each
def test_words_length_and_format_tell_little_and_the_datasheet_says_how_little(slug: str) -> None:
    found = probe_set(slug)
    measured = surface(found)
    assert all(0.35 <= value <= 0.65 for value in measured.values()), measured
    stated = re.findall(r"0\.\d\d(?=,|\.)", found.datasheet["matching"])[:3]
    # Linear algebra sums in another order on another processor: the last digit stated may differ by one.
    assert [float(value) for value in stated] == pytest.approx([measured[name] for name in ("words", "length", "format")], abs=0.0151)
    labels = [item.label == axis_of(found).positive for item in found.items]
    assert 0.45 <= float(auroc([len(item.text) for item in found.items], labels)) <= 0.55


def test_the_baseline_would_notice_one_word_that_gives_the_label_away(tmp_path: Path) -> None:
    data = yaml.safe_load((FOLDER / "axis_deception.yaml").read_text())
    for item in (item for family in data["families"] for item in family["items"] if item["label"] == "deceptive"):
        item["text"] = item["text"].replace(".", " slyly.", 1)
    (tmp_path / "leaky.yaml").write_text(yaml.safe_dump(data))
    assert surface(probe_set_at(tmp_path / "leaky.yaml"))["words"] > 0.95


@each
def test_datasheets_say_what_they_must(slug: str) -> None:
    sheet = probe_set(slug).datasheet
    assert set(sheet) == {"purpose", "how_written", "matching", "limits", "licence"}
    assert sheet["licence"] == "Apache-2.0"
    assert all(len(sheet[name]) > 60 for name in sheet if name != "licence")


@pytest.mark.parametrize("slug", sorted(set(AXES) - DECODED_ONLY))
def test_a_read_out_has_prompts_and_answers_of_its_own(slug: str) -> None:
    found = probe_set(slug)
    behaviour = behaviour_of(slug, probe_set)
    answers = probe_set(behaviour.answer_set)
    up, down = answers.words(*behaviour.up_words), answers.words(*behaviour.down_words)
    assert len(up) >= 5
    assert len(down) >= 5
    assert not set(up) & set(down)
    if not found.targets:
        return
    assert len({item.family for item in found.targets}) >= 10
    assert not {item.family for item in found.targets} & {item.family for item in found.items}
    texts = {word for item in (*found.items, *found.targets) for word in re.findall(r"[a-z]+", item.text.lower())}
    if not behaviour.chat:
        assert all(re.fullmatch(r" [a-z]+", word) for word in (*up, *down))
        assert not {word.strip() for word in (*up, *down)} & texts


@pytest.mark.parametrize("slug", sorted(DECODED_ONLY))
def test_a_set_without_answers_can_be_read_and_not_steered_on(slug: str) -> None:
    assert slug in labelled_sets()
    assert slug not in labelled_sets(steerable=True)
    with pytest.raises(Refused, match="names no answer words"):
        behaviour_of(slug, probe_set)


def test_a_use_names_the_sets_it_needs() -> None:
    assert sets_of("refusal", probe_set) == ("harmful_harmless", "refusal_readout", "neutral_text", "prompt_wrappers")
    assert sets_of("axis_refusal", probe_set) == ("axis_refusal", "refusal_readout", "neutral_text", "prompt_wrappers")
    assert sets_of("axis_deception", probe_set) == ("axis_deception", "neutral_text", "prompt_wrappers")


FAULTS: list[tuple[dict[str, Any] | str | None, str]] = [
    (None, "declares no axis; add an entry axis"),
    ("deceptive", "declares no axis"),
    ({"positive": ""}, "axis.positive is missing or empty"),
    ({"positive": "perhaps"}, "has no label perhaps"),
    ({"negative": "deceptive"}, "needs two different labels"),
    ({"chat": "yes"}, "chat as true or false"),
    ({"up": []}, "for one side only"),
    ({"up": "answers"}, "axis.up must be a list of names"),
    ({"readout": " "}, "axis.readout is missing or empty"),
    ({"items": True}, "axis.items must be a whole number from 4 to 500"),
]


@pytest.mark.parametrize(("change", "message"), FAULTS)
def test_half_an_axis_is_refused_by_name(change: dict[str, Any] | str | None, message: str, tmp_path: Path) -> None:
    data = yaml.safe_load((FOLDER / "axis_deception.yaml").read_text())
    data["axis"] = data["axis"] | change if isinstance(change, dict) else change
    (tmp_path / "set.yaml").write_text(yaml.safe_dump(data))
    with pytest.raises(Refused, match=message):
        axis_of(probe_set_at(tmp_path / "set.yaml"))


def test_an_axis_without_a_name_is_called_after_its_set(tmp_path: Path) -> None:
    data = yaml.safe_load((FOLDER / "axis_deception.yaml").read_text())
    del data["axis"]["name"], data["axis"]["what"]
    (tmp_path / "set.yaml").write_text(yaml.safe_dump(data | {"slug": "small_lies"}))
    axis = axis_of(probe_set_at(tmp_path / "set.yaml"))
    assert (axis.name, axis.what, axis.answers_set) == ("small lies", "deceptive and candid texts", "small_lies")
