"""The typeface, and what happens to text it cannot draw."""

import io
from pathlib import Path

from fontTools.ttLib import TTFont

from reports import fonts

NEEDED = "−×≤≥→≈±…–—“”’·σΔαβµ\u2009\u202f\u00a0½%‰°²"


def test_drawable_covers_the_signs_that_instruments_use() -> None:
    assert [mark for mark in NEEDED if ord(mark) not in fonts.drawable()] == []


def test_every_weight_draws_the_same_characters() -> None:
    faces = {frozenset(TTFont(fonts.font_file(stem)).getBestCmap()) for stem in fonts.SANS.values()}
    assert len(faces) == 1
    assert fonts.drawable() < faces.pop()


def test_printable_spells_out_what_no_glyph_exists_for() -> None:
    assert fonts.printable("a中b\u202e\x00c") == "a[U+4E2D]b[U+202E][U+0000]c"


def test_printable_leaves_drawable_text_and_line_breaks_alone() -> None:
    assert fonts.printable(f"{NEEDED}\nsecond") == f"{NEEDED}\nsecond"


def test_printable_tree_reaches_keys_lists_and_leaves_numbers() -> None:
    assert fonts.printable_tree({"中": ["中", 1, None, (True,)]}) == {"[U+4E2D]": ["[U+4E2D]", 1, None, [True]]}


def test_font_faces_carry_the_files_inline() -> None:
    css = fonts.font_faces()
    assert css.count("@font-face") == 4
    assert css.count("url(data:font/ttf;base64,") == css.count("url(") == 4


def test_truetype_folder_holds_every_weight_for_measuring() -> None:
    folder = Path(fonts.truetype_folder().name)
    assert sorted(path.stem for path in folder.glob("*.ttf")) == sorted(fonts.SANS.values())
    assert all(TTFont(path).flavor is None for path in folder.glob("*.ttf"))


def test_truetype_keeps_the_date_of_the_shipped_font() -> None:
    for stem in (*fonts.SANS.values(), fonts.MONO):
        assert TTFont(io.BytesIO(fonts.truetype(stem)))["head"].modified == TTFont(fonts.font_file(stem))["head"].modified
