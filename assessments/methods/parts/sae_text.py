"""Text to fit dictionaries of features on: documentation strings of the Python standard library, whole packages held out."""

import ast
import hashlib
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from assessments.contracts import Refused
from assessments.statistics import generator
from assessments.subject import Subject, Tokens

SHORTEST = 80
"""Characters below which a documentation string is left out."""
HELD_OUT = 0.2
"""Share of the packages that training never sees."""
_SKIPPED = {"site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3", "__pycache__", "pydoc_data", "turtledemo", "ensurepip"}


@dataclass(frozen=True)
class Document:
    """All documentation strings of one module; ``family`` is its top-level package."""

    name: str
    family: str
    strings: tuple[str, ...]

    @property
    def text(self) -> str:
        """The strings in file order."""
        return "\n\n".join(self.strings)

    @property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Chunks:
    """Token sequences of one length with the family each came from; ``digest`` covers names and texts of the documents used."""

    tokens: list[Tokens]
    families: list[str]
    documents: int
    digest: str
    strings: frozenset[str]


def families() -> tuple[str, ...]:
    """Top-level packages of the standard library with a source file, by name."""
    return tuple(sorted({_family(path) for path in _sources()}))


def held_out(seed: int) -> tuple[list[str], list[str]]:
    """Packages to fit on and packages to judge on, both in an order of their own under ``seed``."""
    names = families()
    if len(names) < 10:
        raise Refused("the source of the Python standard library is not installed, and the fitting text comes from it: install Python with its sources")
    order = [names[index] for index in generator(seed, "fitting text").permutation(len(names))]
    count = max(2, round(HELD_OUT * len(order)))
    return order[count:], order[:count]


def chunks(subject: Subject, packages: Sequence[str], tokens: int, length: int, seen: frozenset[str] = frozenset(), share: float = 1.0) -> Chunks:
    """Sequences of ``length`` tokens (document start in front) until ``tokens`` are reached or ``packages`` are used up.

    No module gives more than ``share`` of them. A documentation string that stands in ``seen`` is left out: copied texts must not cross the split.
    """
    rows: list[Tokens] = []
    names: list[str] = []
    digests = hashlib.sha256()
    used = 0
    read: list[str] = []
    for document in _documents(packages, seen):
        if len(rows) * length >= tokens:
            break
        cut = _cut(subject, document.text, length)[: max(1, round(share * tokens / length))]
        rows += cut
        names += [document.family] * len(cut)
        digests.update(f"{document.name}\0{document.digest}\n".encode())
        used += 1
        read += document.strings
    wanted = -(-tokens // length)
    return Chunks(rows[:wanted], names[:wanted], used, digests.hexdigest(), frozenset(read))


@cache
def strings(package: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """``(module, documentation strings)`` of every module of ``package`` that has some."""
    found = []
    for path in _sources():
        if _family(path) == package:
            texts = tuple(_docstrings(path))
            if texts:
                found.append((path.relative_to(_root()).as_posix(), texts))
    return tuple(found)


def _documents(packages: Sequence[str], seen: frozenset[str]) -> Iterator[Document]:
    for package in packages:
        for name, texts in strings(package):
            kept = tuple(text for text in texts if text not in seen)
            if kept:
                yield Document(name, package, kept)


def _cut(subject: Subject, text: str, length: int) -> list[Tokens]:
    start = () if subject.facts.prefix_token is None else (subject.facts.prefix_token,)
    body, room = subject.encode(text, prefix=False), length - len(start)
    return [(*start, *body[at : at + room]) for at in range(0, len(body) - room + 1, room)]


def _docstrings(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_bytes())
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text and len(text) >= SHORTEST:
                yield text


def _root() -> Path:
    return Path(sysconfig.get_path("stdlib"))


@cache
def _sources() -> tuple[Path, ...]:
    root = _root()
    return tuple(sorted(path for path in root.rglob("*.py") if not _SKIPPED & set(path.relative_to(root).parts[:-1])))


def _family(path: Path) -> str:
    return path.relative_to(_root()).parts[0].removesuffix(".py")
