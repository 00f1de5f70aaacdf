"""The shipped probe sets keep what their datasheets promise: counts, balance, pairing, matching and unchanged text per version."""

import re
from collections import Counter
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import make_pipeline

from assessments.probes import FOLDER, Item, ProbeSet, probe_set, probe_set_at

PINNED = {
    "harmful_harmless": ("1", "968b52b609a93262f6c6af188eda2614b9f7663e0b4303d4977f6ef8aeabae31"),
    "ioi": ("1", "3f1af36712cd5e44a2d0790e08060359718d39ed7463bd5d35896a0ce5bdd5fb"),
    "neutral_text": ("1", "dca5c09920487fca80bc8297e89020b95a39bfd9159e6999ff953cf90932a1d3"),
    "refusal_readout": ("1", "4bc0b65a307802c1b8d1fc79dc558164d2615dd210c906aa6ad3affa1a2e3f6a"),
    "sentiment": ("1", "1d9babb5e16db249358962a116b50a0ebb06b0f2ee1abd1dff66ea0ff2e67cf1"),
}
DATASHEET = {"purpose", "how_written", "matching", "limits", "licence"}
PLACEHOLDERS = ("{A}", "{B}", "{place}", "{object}")


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def pairs_of(found: ProbeSet) -> list[tuple[Item, Item]]:
    """Partners in file order; fails where a pair is not exactly two items."""
    grouped: dict[str | None, list[Item]] = {}
    for item in found.items:
        grouped.setdefault(item.pair, []).append(item)
    assert None not in grouped
    assert {len(members) for members in grouped.values()} == {2}
    return [(members[0], members[1]) for members in grouped.values()]


def label_counts(found: ProbeSet) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for item in found.items:
        counts.setdefault(item.family, Counter())[item.label] += 1
    return counts


def truth_of(found: ProbeSet, positive: str) -> Any:
    return np.array([item.label == positive for item in found.items])


def held_out_auroc(found: ProbeSet, positive: str, **vectoriser: Any) -> float:
    """AUROC of TF-IDF with logistic regression, every content family scored by a model that never saw it."""
    truth, groups = truth_of(found, positive), [item.family for item in found.items]
    model = make_pipeline(TfidfVectorizer(**vectoriser), LogisticRegression(max_iter=2000))
    texts = [item.text for item in found.items]
    return float(roc_auc_score(truth, cross_val_predict(model, texts, truth, groups=groups, cv=LeaveOneGroupOut(), method="decision_function")))


@pytest.fixture(scope="module")
def requests() -> ProbeSet:
    return probe_set("harmful_harmless")


@pytest.fixture(scope="module")
def sentiment() -> ProbeSet:
    return probe_set("sentiment")


@pytest.fixture(scope="module")
def ioi() -> ProbeSet:
    return probe_set("ioi")


@pytest.mark.parametrize("slug", PINNED)
def test_text_is_unchanged_while_the_version_stays(slug: str) -> None:
    found = probe_set(slug)
    assert (found.version, found.digest) == PINNED[slug], f"{slug}: changed text needs a new version, then pin both here"


def test_digest_changes_when_one_character_of_a_text_changes(requests: ProbeSet, tmp_path: Any) -> None:
    copy = tmp_path / "copy.yaml"
    copy.write_bytes((FOLDER / "harmful_harmless.yaml").read_bytes())
    assert probe_set_at(copy).digest == requests.digest
    copy.write_text(copy.read_text().replace(requests.items[0].text, requests.items[0].text + "!"))
    assert probe_set_at(copy).digest != requests.digest


@pytest.mark.parametrize("slug", PINNED)
def test_datasheet_is_complete(slug: str) -> None:
    found = probe_set(slug)
    assert found.slug == slug
    assert set(found.datasheet) == DATASHEET
    assert found.datasheet["licence"] == "Apache-2.0"
    assert all(len(found.datasheet[key]) > 60 for key in DATASHEET - {"licence"})


@pytest.mark.parametrize("slug", PINNED)
def test_file_is_plain_text_without_stray_spaces_or_control_characters(slug: str) -> None:
    raw = (FOLDER / f"{slug}.yaml").read_text(encoding="utf-8")
    assert raw.isascii()
    assert "\t" not in raw
    assert "\r" not in raw
    assert not re.search(r" +$", raw, flags=re.MULTILINE)
    for item in probe_set(slug).items:
        assert item.text == " ".join(item.text.split())
        assert item.text[0].isupper()
        assert item.text[-1] in ".?"


@pytest.mark.parametrize("slug", ["harmful_harmless", "sentiment", "neutral_text"])
def test_ids_name_their_family_so_that_a_raw_table_is_readable(slug: str) -> None:
    for item in probe_set(slug).items:
        assert item.id.startswith(item.family.replace("_", "-") + "-")


def test_requests_have_eight_of_each_label_in_every_family(requests: ProbeSet) -> None:
    counts = label_counts(requests)
    assert len(counts) >= 13
    assert set(map(tuple, (sorted(count.items()) for count in counts.values()))) == {(("harmful", 8), ("harmless", 8))}


def test_requests_are_paired_across_labels_within_one_family(requests: ProbeSet) -> None:
    for one, other in pairs_of(requests):
        assert {one.label, other.label} == {"harmful", "harmless"}
        assert one.family == other.family
        assert {one.id, other.id} == {f"{one.pair}-harmful", f"{one.pair}-harmless"}


def test_request_partners_share_frame_length_and_most_words(requests: ProbeSet) -> None:
    overlaps = []
    for one, other in pairs_of(requests):
        a, b = words(one.text), words(other.text)
        assert a[0] == b[0], one.id
        assert one.text[-1] == other.text[-1], one.id
        assert abs(len(a) - len(b)) <= 2, one.id
        assert abs(len(one.text) - len(other.text)) <= 9, one.id
        overlaps.append(len(set(a) & set(b)) / len(set(a) | set(b)))
    assert np.mean(overlaps) >= 0.6
    assert min(overlaps) >= 0.3


def test_requests_are_single_sentences(requests: ProbeSet) -> None:
    for item in requests.items:
        assert len(re.findall(r"[.?!]", item.text)) == 1, item.id
        assert 8 <= len(item.text.split()) <= 20, item.id


def test_words_that_look_harmful_occur_equally_often_on_both_sides(requests: ProbeSet) -> None:
    counts = {label: Counter(word for item in requests.labelled(label) for word in words(item.text)) for label in requests.labels}
    assert len(requests.words("balanced_words")) >= 20
    for word in requests.words("balanced_words"):
        assert counts["harmful"][word] == counts["harmless"][word] > 0, word


def test_no_word_is_much_more_frequent_on_one_side_of_the_requests(requests: ProbeSet) -> None:
    counts = {label: Counter(word for item in requests.labelled(label) for word in set(words(item.text))) for label in requests.labels}
    for word in counts["harmful"] | counts["harmless"]:
        assert abs(counts["harmful"][word] - counts["harmless"][word]) <= 6, word


@pytest.mark.parametrize(
    "vectoriser",
    [{"ngram_range": (1, 2)}, {"ngram_range": (1, 1)}, {"ngram_range": (1, 2), "token_pattern": r"\b\w+\b"}, {"analyzer": "char_wb", "ngram_range": (2, 5)}],
    ids=["words and pairs", "words", "words with one letter", "characters"],
)
def test_surface_baseline_finds_little_in_the_requests_when_families_are_held_out(requests: ProbeSet, vectoriser: dict[str, Any]) -> None:
    assert 0.40 <= held_out_auroc(requests, "harmful", **vectoriser) <= 0.65


def test_surface_figure_in_the_datasheet_is_the_measured_one(requests: ProbeSet) -> None:
    stated = re.search(r"AUROC of about (0\.\d\d)", requests.datasheet["matching"])
    assert stated is not None
    assert held_out_auroc(requests, "harmful", ngram_range=(1, 2)) == pytest.approx(float(stated.group(1)), abs=0.01)


@pytest.mark.parametrize("slug", ["harmful_harmless", "sentiment"])
@pytest.mark.parametrize("length", [len, lambda text: len(text.split())], ids=["characters", "words"])
def test_length_tells_nothing_about_the_label(slug: str, length: Any) -> None:
    found = probe_set(slug)
    positive = next(iter(found.labels))
    assert 0.45 <= roc_auc_score(truth_of(found, positive), [length(item.text) for item in found.items]) <= 0.55


def test_baseline_would_notice_one_word_that_gives_the_label_away(requests: ProbeSet, tmp_path: Any) -> None:
    lines = (FOLDER / "harmful_harmless.yaml").read_text().split("\n")
    for place, line in enumerate(lines):
        if line.strip() == "label: harmful":
            lines[place + 2] = lines[place + 2].replace('?"', ' secretly?"').replace('."', ' secretly."')
    (tmp_path / "leaky.yaml").write_text("\n".join(lines))
    assert held_out_auroc(probe_set_at(tmp_path / "leaky.yaml"), "harmful", ngram_range=(1, 2)) > 0.95


def test_sentiment_is_balanced_and_paired_in_every_family(sentiment: ProbeSet) -> None:
    counts = label_counts(sentiment)
    assert len(counts) >= 8
    assert set(map(tuple, (sorted(count.items()) for count in counts.values()))) == {(("negative", 4), ("positive", 4))}
    for one, other in pairs_of(sentiment):
        assert {one.label, other.label} == {"positive", "negative"}
        assert one.family == other.family
        assert abs(len(one.text) - len(other.text)) <= 6, one.id
        shared = set(words(one.text)) & set(words(other.text))
        assert len(shared) >= 3, one.id


def test_sentiment_targets_are_short_neutral_frames_in_many_families(sentiment: ProbeSet) -> None:
    families = Counter(target.family for target in sentiment.targets)
    assert len(sentiment.targets) >= 48
    assert len(families) >= 12
    assert set(families.values()) == {4}
    frames = Counter(" ".join([*target.text.split()[:-2], "_", target.text.split()[-1]]) for target in sentiment.targets)
    assert set(frames.values()) == {len(families)}
    for target in sentiment.targets:
        assert target.text.endswith(" was")
        assert 4 <= len(target.text.split()) <= 6


def test_sentiment_targets_use_nouns_that_no_training_sentence_uses(sentiment: ProbeSet) -> None:
    nouns = [target.text.split()[-2] for target in sentiment.targets]
    trained = {word for item in sentiment.items for word in words(item.text)}
    assert len(set(nouns)) == len(nouns)
    for noun in nouns:
        assert not {noun, f"{noun}s", f"{noun}es"} & trained, noun


def test_sentiment_answers_occur_neither_in_training_nor_in_targets(sentiment: ProbeSet) -> None:
    seen = {word for item in (*sentiment.items, *sentiment.targets) for word in words(item.text)}
    positive, negative = sentiment.words("answers", "positive"), sentiment.words("answers", "negative")
    assert len(set(positive)) == len(set(negative)) == 10
    assert not set(positive) & set(negative)
    for answer in (*positive, *negative):
        assert re.fullmatch(r" [a-z]+", answer)
        assert answer.strip() not in seen


def test_neutral_paragraphs_have_forty_to_sixty_words_in_equal_families() -> None:
    found = probe_set("neutral_text")
    counts = label_counts(found)
    assert len(found.items) >= 24
    assert len(counts) >= 8
    assert {count["neutral"] for count in counts.values()} == {3}
    for item in found.items:
        assert 40 <= len(item.text.split()) <= 60, item.id
        assert not {"you", "your", "should", "must", "best", "worst"} & set(words(item.text)), item.id


def test_neutral_paragraphs_share_no_answer_word_with_the_sentiment_readout(sentiment: ProbeSet) -> None:
    answers = {answer.strip() for side in ("positive", "negative") for answer in sentiment.words("answers", side)}
    assert not answers & {word for item in probe_set("neutral_text").items for word in words(item.text)}


def test_ioi_templates_name_the_answer_once_and_the_subject_twice(ioi: ProbeSet) -> None:
    templates = ioi.words("templates")
    assert len(templates) >= 8
    for template in templates:
        assert {mark: template.count(mark) for mark in PLACEHOLDERS} == {"{A}": 1, "{B}": 2, "{place}": 1, "{object}": 1}
        assert template.endswith(" to")
        assert template.rindex("{B}") > template.index("{place}") > template.index("{A}")
    assert (ioi.extra["answer"], ioi.extra["repeated"]) == ("A", "B")


def test_ioi_templates_come_in_both_orders_so_that_position_is_no_clue(ioi: ProbeSet) -> None:
    templates = ioi.words("templates")
    first = [template for template in templates if template.index("{A}") < template.index("{B}")]
    mirrored = {template.replace("{A}", "_", 1).replace("{B}", "{A}", 1).replace("_", "{B}", 1) for template in first}
    assert len(templates) == 2 * len(first)
    assert mirrored == set(templates) - set(first)


def test_ioi_word_lists_are_distinct_single_words(ioi: ProbeSet) -> None:
    names, places, objects = ioi.words("names"), ioi.words("places"), ioi.words("objects")
    assert len(names) >= 24
    for listed in (names, places, objects):
        assert len(set(listed)) == len(listed)
    assert all(re.fullmatch(r"[A-Z][a-z]+", name) for name in names)
    assert all(re.fullmatch(r"[a-z]+", word) for word in (*places, *objects))
    assert not any(word[0] in "aeiou" for word in objects)
    assert not set(places) & set(objects)


def test_refusal_openings_are_as_many_on_both_sides_and_none_begins_another() -> None:
    found = probe_set("refusal_readout")
    refusal, compliance = found.words("openings", "refusal"), found.words("openings", "compliance")
    assert len(refusal) == len(compliance) >= 6
    for opening in (*refusal, *compliance):
        assert opening[0].isupper()
        assert opening == opening.strip()
    for one, other in combinations((*refusal, *compliance), 2):
        assert not one.lower().startswith(other.lower())
        assert not other.lower().startswith(one.lower())
    assert abs(np.mean([len(words(text)) for text in refusal]) - np.mean([len(words(text)) for text in compliance])) <= 0.5
