"""The typeface of reports: IBM Plex as shipped, the characters it can draw, and how text that it cannot draw is printed."""

import base64
import functools
import io
import tempfile
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from fontTools.ttLib import TTFont

SANS = {400: "IBMPlexSans-Regular", 500: "IBMPlexSans-Medium", 600: "IBMPlexSans-SemiBold"}
MONO = "IBMPlexMono-Regular"


def font_file(stem: str) -> Path:
    """Path of a shipped woff2 file."""
    return Path(settings.BASE_DIR) / "static" / "fonts" / f"{stem}.woff2"


@functools.cache
def font_faces() -> str:
    """CSS font faces with the files inline, so that rendering needs to fetch nothing."""
    faces = [("IBM Plex Sans", weight, stem) for weight, stem in SANS.items()] + [("IBM Plex Mono", 400, MONO)]
    return "\n".join(_face(*face) for face in faces)


def _face(family: str, weight: int, stem: str) -> str:
    data = base64.b64encode(truetype(stem)).decode("ascii")
    return f'@font-face {{ font-family: "{family}"; font-weight: {weight}; src: url(data:font/ttf;base64,{data}) format("truetype"); }}'


@functools.cache
def truetype(stem: str) -> bytes:
    """A shipped font unpacked, once per process: the page renderer would unpack it for every report, the chart renderer cannot."""
    # Without this the time of unpacking would be written into the font, and from there into every report.
    font, target = TTFont(font_file(stem), recalcTimestamp=False), io.BytesIO()
    font.flavor = None
    font.save(target)
    return target.getvalue()


@functools.cache
def truetype_folder() -> "tempfile.TemporaryDirectory[str]":
    """The sans fonts as TrueType in a folder that lives as long as this process: the chart renderer measures text with them."""
    folder = tempfile.TemporaryDirectory(prefix="assay-fonts-")
    for stem in SANS.values():
        (Path(folder.name) / f"{stem}.ttf").write_bytes(truetype(stem))
    return folder


@functools.cache
def drawable() -> frozenset[int]:
    """Code points that the sans face has, less control characters; the mono face falls back on it."""
    return frozenset(code for code in TTFont(font_file(SANS[400])).getBestCmap() if unicodedata.category(chr(code)) != "Cc")


def printable(text: str) -> str:
    """``text`` with every character that the typeface lacks written as ``[U+4E2D]``.

    A missing glyph breaks PDF/A, and a font taken from the machine would make the same report differ between machines.
    """
    known = drawable()
    return "".join(mark if ord(mark) in known or mark == "\n" else f"[U+{ord(mark):04X}]" for mark in text)


def printable_tree(value: Any) -> Any:
    """``printable`` on every text of a JSON-like value, keys included."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable(str(key)): printable_tree(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [printable_tree(item) for item in value]
    return value
