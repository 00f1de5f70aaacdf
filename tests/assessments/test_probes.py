"""Loading probe sets: every fault is named with file, item and field; splits keep whole families together."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from assessments import probes
from assessments.contracts import Refused
from assessments.probes import Item, probe_set_at, sealed, split


def document() -> dict[str, Any]:
    return {
        "slug": "small",
        "version": "1",
        "title": "Small set",
        "design": "Two families.",
        "datasheet": {"purpose": "a test", "licence": "Apache-2.0"},
        "labels": {"yes": "a yes", "no": "a no"},
        "families": [
            {
                "family": family,
                "items": [{"id": f"{family}-{label}", "label": label, "text": f"{family} says {label}", "pair": family} for label in ("yes", "no")],
            }
            for family in ("birds", "boats")
        ],
        "targets": [{"id": "t-1", "family": "trees", "text": "The tree was"}],
        "answers": {"up": [" good", " fine"], "down": []},
    }


def write(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def test_a_file_is_read_with_its_digest_and_its_word_lists(tmp_path: Path) -> None:
    path = write(tmp_path / "small.yaml", document())
    found = probe_set_at(path)
    assert found.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.items[1] == Item("birds-no", "birds", "no", "birds says no", "birds")
    assert found.targets == (Item("t-1", "trees", "target", "The tree was"),)
    assert found.words("answers", "up") == (" good", " fine")
    assert [item.id for item in found.labelled("yes")] == ["birds-yes", "boats-yes"]


def test_one_changed_byte_changes_the_digest(tmp_path: Path) -> None:
    first = probe_set_at(write(tmp_path / "a.yaml", document()))
    assert probe_set_at(write(tmp_path / "a.yaml", yaml.safe_dump(document(), sort_keys=False) + "\n")).digest != first.digest


def _without(field: str) -> dict[str, Any]:
    return {key: value for key, value in document().items() if key != field}


def _item(**changes: Any) -> dict[str, Any]:
    found = document()
    found["families"][1]["items"][0] |= changes
    return found


FAULTS = [
    (_without("title"), "bad.yaml: field title is missing or empty"),
    (document() | {"version": 1}, "bad.yaml: field version is missing or empty; it must be text"),
    (document() | {"design": "  "}, "bad.yaml: field design"),
    (document() | {"labels": ["yes", "no"]}, "bad.yaml: field labels must map"),
    (document() | {"datasheet": {}}, "bad.yaml: field datasheet is empty; say what the set is for"),
    (document() | {"families": {}}, "bad.yaml: field families must be a list"),
    (document() | {"families": [{"items": []}]}, "bad.yaml: family number 1 has no name"),
    (document() | {"families": [{"family": "birds", "items": []}]}, "bad.yaml: family birds has no items"),
    (document() | {"families": [{"family": "birds", "items": ["text"]}]}, "bad.yaml: family birds, item 1: must be a mapping"),
    (_item(text=" "), r"bad.yaml: family boats, item 1 \(boats-yes\): field text is missing or empty"),
    (_item(text=7), "field text is missing or empty; it must be text"),
    (_item(id=""), "bad.yaml: family boats, item 1: field id"),
    (_item(label="maybe"), r"\(boats-yes\): field label is 'maybe'; the set defines yes, no"),
    (_item(pair=["a"]), r"\(boats-yes\): field pair must be text or a number"),
    (_item(id="birds-yes"), "bad.yaml: field id repeats: 'birds-yes'"),
    (_item(text="Birds  says yes"), "bad.yaml: field text repeats: 'birds says yes'"),
    (document() | {"targets": {"a": 1}}, "bad.yaml: field targets must be a list"),
    (document() | {"targets": [{"id": "t", "text": "x"}]}, r"bad.yaml: target 1 \(t\): field family is missing"),
    ("- just\n- a list\n", "bad.yaml: must be a mapping with slug"),
    ("a: [unclosed", "bad.yaml: not readable as yaml"),
    ("!!python/object/apply:os.system ['true']", "bad.yaml: not readable as yaml"),
]


@pytest.mark.parametrize(("content", "message"), FAULTS)
def test_a_fault_is_refused_with_file_item_and_field(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(Refused, match=message):
        probe_set_at(write(tmp_path / "bad.yaml", content))


def test_a_set_without_items_and_without_word_lists_is_refused(tmp_path: Path) -> None:
    bare = {key: value for key, value in document().items() if key not in {"targets", "answers"}} | {"families": []}
    with pytest.raises(Refused, match="families holds no items"):
        probe_set_at(write(tmp_path / "bare.yaml", bare))


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_bytes(b"slug: \xff\xfe\x00")
    with pytest.raises(Refused, match=r"bad\.yaml: not readable as yaml"):
        probe_set_at(tmp_path / "bad.yaml")


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"absent.yaml: cannot be read \(No such file"):
        probe_set_at(tmp_path / "absent.yaml")


def test_an_unknown_set_is_refused_naming_those_there_are() -> None:
    with pytest.raises(Refused, match=r"unknown probe set 'nothing'; known: .*harmful_harmless, ioi"):
        probes.probe_set("nothing")


def test_a_path_is_no_slug() -> None:
    with pytest.raises(Refused, match="unknown probe set"):
        probes.probe_set("../methods/ioi")


def test_an_unknown_label_or_word_list_is_refused(tmp_path: Path) -> None:
    found = probe_set_at(write(tmp_path / "small.yaml", document()))
    with pytest.raises(Refused, match="probe set small has no label perhaps; it has yes, no"):
        found.labelled("yes", "perhaps")
    for path in (("answers", "down"), ("answers", "sideways"), ("questions",), ("answers", "up", "deeper")):
        with pytest.raises(Refused, match="must be a list of texts"):
            found.words(*path)


def test_a_sealed_set_must_still_have_the_sealed_digest() -> None:
    digest = probes.probe_set("ioi").digest
    assert sealed({"ioi": digest}, "ioi").slug == "ioi"
    assert sealed({"ioi": f"sha256:{digest}"}, "ioi").slug == "ioi"
    with pytest.raises(Refused, match="restore the sealed file or seal a new plan"):
        sealed({"ioi": "0" * 64}, "ioi")
    with pytest.raises(Refused, match="names no digest for probe set ioi"):
        sealed({}, "ioi")


def items(families: int, per_family: int = 3) -> list[Item]:
    return [Item(f"{family}-{number}", f"family {family}", "a", f"text {family} {number}") for family in range(families) for number in range(per_family)]


@pytest.mark.parametrize("seed", range(5))
def test_a_split_shares_no_family_and_loses_no_item(seed: int) -> None:
    found = split(items(9), seed)
    explored, confirmed = ({item.family for item in part} for part in (found.exploration, found.confirmation))
    assert not explored & confirmed
    assert sorted(item.id for item in found.exploration + found.confirmation) == sorted(item.id for item in items(9))
    assert len(explored) == 4


def test_a_split_depends_on_the_seed_and_not_on_the_order_of_items() -> None:
    families = {seed: {item.family for item in split(items(12), seed).exploration} for seed in range(6)}
    assert len({frozenset(found) for found in families.values()}) > 1
    assert {item.family for item in split(items(12)[::-1], 3).exploration} == families[3]


@pytest.mark.parametrize(("fraction", "explored"), [(0.0, 1), (0.25, 2), (0.5, 4), (1.0, 7)])
def test_both_parts_of_a_split_hold_at_least_one_family(fraction: float, explored: int) -> None:
    assert len({item.family for item in split(items(8), 0, fraction).exploration}) == explored


def test_a_split_of_one_family_is_refused() -> None:
    with pytest.raises(Refused, match="at least two content families"):
        split(items(1), 0)


def test_set_that_somebody_changed_is_read_afresh() -> None:
    first = probes.probe_set("ioi")
    first.extra.clear()  # type: ignore[attr-defined]
    assert probes.probe_set("ioi").extra


def test_sets_lie_in_two_folders_under_one_set_of_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped, organisms = tmp_path / "shipped", tmp_path / "organisms"
    for folder, slug in ((shipped, "small"), (organisms, "planted")):
        folder.mkdir()
        write(folder / f"{slug}.yaml", document() | {"slug": slug})
    monkeypatch.setattr(probes, "FOLDER", shipped)
    monkeypatch.setattr(probes, "ORGANISMS", organisms)
    assert probes.shipped() == ("planted", "small")
    assert probes.probe_set("planted").slug == "planted"
    write(organisms / "small.yaml", document())
    with pytest.raises(Refused, match="probe set small stands in shipped and in the organisms' folder"):
        probes.shipped()


def test_a_set_that_was_added_is_found_by_its_digest_on_the_shelf_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = yaml.safe_dump(document()).encode()
    digest = hashlib.sha256(raw).hexdigest()
    with pytest.raises(Refused, match=r"unknown probe set 'small'.* must lie on this process's shelf"):
        sealed({"small": digest}, "small")
    (tmp_path / f"{digest}.yaml").write_bytes(raw)
    monkeypatch.setenv(probes.SHELF, str(tmp_path))
    assert sealed({"small": f"sha256:{digest}"}, "small").slug == "small"
    with pytest.raises(Refused, match="calls itself small"):
        sealed({"large": digest}, "large")
    for wrong in ("../small", "0" * 64):
        with pytest.raises(Refused, match=r"unknown probe set|cannot be read"):
            sealed({"small": wrong}, "small")
    (tmp_path / f"{digest}.yaml").write_bytes(raw + b"# later")
    with pytest.raises(Refused, match="restore the sealed file"):
        sealed({"small": digest}, "small")


def test_a_shipped_set_is_never_taken_from_the_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = yaml.safe_dump(document() | {"slug": "ioi"}).encode()
    digest = hashlib.sha256(raw).hexdigest()
    (tmp_path / f"{digest}.yaml").write_bytes(raw)
    monkeypatch.setenv(probes.SHELF, str(tmp_path))
    with pytest.raises(Refused, match="restore the sealed file or seal a new plan"):
        sealed({"ioi": digest}, "ioi")
