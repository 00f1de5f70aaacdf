"""Each format in its real shape becomes the same plain rows."""

import datetime

import pytest

from core.errors import InvalidInput
from frameworks.imports.reader import read
from frameworks.imports.shapes import Format, Library, Relationship
from frameworks.imports.sheets import Columns, guess, heading_of
from frameworks.imports.words import words_changed
from tests.frameworks.imports import files


def library(raw: bytes, columns: Columns | None = None) -> Library:
    found = read(raw, columns).found
    assert found is not None
    return found


def test_ciso_assistant_library_keeps_sections_licence_and_the_texts_as_written() -> None:
    found = library(files.as_yaml(files.ciso()))
    assert (found.format, found.identity, found.name) == (Format.CISO_ASSISTANT, "urn:example:risk:framework:garden", "The garden code")
    assert (found.edition, found.published, found.publisher, found.licence) == ("library version 3", datetime.date(2025, 4, 1), "A club", "CC-BY-4.0")
    assert [(row.ref, row.title, row.text, row.depth, row.section) for row in found.duties] == [
        ("U.1", "Keep a list", "Keep a list of all tools.", 2, "Upkeep"),
        ("U.2", "Oil them.", "Oil them.", 2, "Upkeep"),
    ]
    assert [row.assessable for row in found.rows] == [False, True, True]


def test_reference_like_a_number_stays_as_written_and_a_shared_one_gives_way_to_the_urn() -> None:
    raw = files.as_yaml(files.ciso(nodes=[{}, {"ref_id": "1.10", "name": "a"}, {"ref_id": "same", "name": "b"}, {"ref_id": "same", "name": "c"}]))
    assert [row.ref for row in library(raw.replace(b"'1.10'", b"1.10")).duties] == ["1.10", "node2", "node3"]


def test_reference_controls_and_annotations_come_along() -> None:
    document = files.ciso(nodes=[{}, {"ref_id": "U.1", "name": "a", "annotation": "See page 3.", "reference_controls": ["urn:x:Control:1"]}])
    document["objects"]["reference_controls"] = [{"urn": "urn:x:control:1", "ref_id": "C1", "name": "A shed", "category": "physical"}]
    (row,) = library(files.as_yaml(document)).duties
    assert (row.note, row.controls) == ("See page 3.", ("A shed",))


def test_mapping_set_keeps_relationship_rationale_and_strength() -> None:
    (found,) = library(files.as_yaml(files.mapping([("node1", "subset", "node2"), ("node2", "not_related", "node1")]))).pair_sets
    (pair,) = found.pairs
    assert (found.source, found.target) == ("urn:example:risk:framework:garden", "urn:example:risk:framework:kitchen")
    assert (pair.relationship, pair.rationale, pair.strength) == (Relationship.SUBSET, "semantic", 7)


def test_oscal_catalog_writes_out_parameters_and_leaves_withdrawn_controls() -> None:
    found = library(files.as_json(files.oscal()))
    assert (found.name, found.edition, found.published, found.publisher) == ("Housekeeping catalog", "version 1.10", datetime.date(2025, 2, 3), "A club")
    assert (found.source, found.licence) == ("https://example.org/catalog", "")
    assert [(row.ref, row.depth, row.section) for row in found.duties] == [("SW-1", 2, "Sweep"), ("sw-1.1", 3, "Sweep › SW-1 Sweeping")]
    assert found.duties[0].text == "Sweep [how often].\na. Begin at the top."
    assert "broom" not in found.duties[0].text, "guidance is not what is demanded"


def test_atlas_puts_techniques_below_their_tactic_and_mitigations_last() -> None:
    found = library(files.as_yaml(files.atlas()))
    assert [(row.ref, row.depth, row.assessable, row.section) for row in found.rows] == [
        ("EX.TA1", 1, False, ""), ("EX.T1", 2, True, "Arrive"), ("EX.T1.1", 3, True, "Arrive"), ("", 1, False, ""), ("EX.M1", 2, True, "Mitigations"),
    ]  # fmt: skip
    assert (found.edition, found.licence, found.published) == ("version 1.2.0", "", None)


@pytest.mark.parametrize("raw", [files.as_csv(), files.as_csv().replace(b",", b";"), files.as_csv().replace(b",", b"\t"), b"\xef\xbb\xbf" + files.as_csv()])
def test_csv_needs_columns_and_then_gives_rows(raw: bytes) -> None:
    assert read(raw).found is None, "a sheet does not say what its columns mean"
    found = library(raw, Columns(**files.COLUMNS))
    assert [(row.ref, row.title, row.section) for row in found.duties] == [("Q-1", "Do you keep a list?", "Lists"), ("Q-2", "Who reads it?", "Lists")]
    assert (found.identity, found.licence) == ("sheet:tool questions", "CC0-1.0")


def test_xlsx_gives_the_same_rows_from_the_sheet_and_row_chosen() -> None:
    rows = [("A title above",), (), *files.SHEET]
    grids = read(files.as_xlsx(rows)).grids
    assert list(grids) == ["Sheet"]
    assert heading_of(grids["Sheet"]) == 3
    assert guess(grids["Sheet"][2]) == {"ref": 0, "text": 1, "section": 2}
    found = library(files.as_xlsx(rows), Columns(**{**files.COLUMNS, "sheet": "Sheet", "heading": 3}))
    assert [row.ref for row in found.duties] == ["Q-1", "Q-2"]


def test_format_is_recognised_by_content_alone() -> None:
    with_comment = b"# a comment\n\n" + files.as_yaml(files.ciso())
    assert library(with_comment).format == Format.CISO_ASSISTANT
    assert library(b"---\n" + files.as_yaml(files.atlas())).format == Format.ATLAS
    assert library(b"\n  " + files.as_json(files.oscal())).format == Format.OSCAL


def test_crosswalk_sheet_is_known_by_its_headings() -> None:
    raw = files.crosswalk_csv(("eu-ai-act", "AIA-4", "superset", "garden", "U.1", "by hand", "90"), ("eu-ai-act", "AIA-5", "equal", "garden", "U.2", "", ""))
    (found,) = library(raw).pair_sets
    assert [(pair.source, pair.relationship.value, pair.target, pair.strength) for pair in found.pairs] == [
        ("AIA-4", "superset", "U.1", 90),
        ("AIA-5", "equal", "U.2", None),
    ]


def test_relationship_is_turned_round_from_the_other_end() -> None:
    assert Relationship.SUBSET.reverse == Relationship.SUPERSET
    assert Relationship.SUPERSET.reverse == Relationship.SUBSET
    assert Relationship.INTERSECT.reverse == Relationship.INTERSECT


def test_words_that_differ_are_found_and_long_texts_stay_cheap() -> None:
    assert words_changed("Oil them weekly.", "Oil them daily.") == [("same", "Oil them "), ("out", "weekly"), ("in", "daily"), ("same", ".")]
    assert words_changed("", "New") == [("in", "New")]
    long = "word " * 20_000
    assert words_changed(long, f"{long}more") == [("out", long), ("in", f"{long}more")]


def test_title_and_reference_that_are_too_long_are_cut_without_meeting_another() -> None:
    long = "x" * 300
    raw = files.as_yaml(files.ciso(nodes=[{}, {"ref_id": f"{long}a", "name": long[:250]}, {"ref_id": f"{long}b"[-250:], "name": "b"}]))
    with pytest.raises(InvalidInput, match="255"):
        read(raw)
    raw = files.as_yaml(files.ciso(nodes=[{}, {"ref_id": f"{long[:200]}a", "name": "a"}, {"ref_id": f"{long[:200]}b", "name": long[:250]}]))
    one, other = library(raw).duties
    assert one.ref != other.ref
    assert (len(one.ref), len(other.title), other.title[-1]) == (60, 200, "…")
