"""The instruments there are. Adding one: a module in ``methods`` and one line here."""

import ast
import hashlib
import importlib.util
from functools import cache
from pathlib import Path

from assessments.contracts import Instrument, Refused
from assessments.methods.known_circuits import KnownCircuits
from assessments.methods.linear_direction import LinearDirection
from assessments.methods.steering_validation import SteeringValidation

METHODS: tuple[Instrument, ...] = (KnownCircuits(), LinearDirection(), SteeringValidation())


def instrument(slug: str) -> Instrument:
    """The instrument called ``slug``; refuses an unknown one naming those that exist."""
    known = {method.card.slug: method for method in METHODS}
    if slug not in known:
        raise Refused(f"unknown instrument {slug!r}; known: {', '.join(known)}")
    return known[slug]


@cache
def source_digest(slug: str) -> str:
    """SHA-256 over the source of the instrument's module and of every ``assessments`` module it imports, directly or not.

    Hashes ``name NUL length NUL bytes`` of each module by rising name, so that no two sets of files give the same input.
    """
    total = hashlib.sha256()
    for name in source_modules(type(instrument(slug)).__module__):
        source = _file(name).read_bytes()
        total.update(f"{name}\0{len(source)}\0".encode() + source)
    return total.hexdigest()


def source_modules(module: str) -> list[str]:
    """``module`` and all modules of this package that its results depend on, by rising name."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += _imported(name)
    return sorted(seen)


def _imported(module: str) -> list[str]:
    package = __name__.partition(".")[0]
    found: list[str] = []
    for node in ast.walk(ast.parse(_file(module).read_bytes())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == package:
            # ``from package import name`` may name a module or something inside one
            candidates = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [str(node.module), *(name for name in candidates if _is_module(name))]
    return found


def _is_module(name: str) -> bool:
    parent, _, last = name.rpartition(".")
    folder = _file(parent).parent
    return _file(parent).name == "__init__.py" and ((folder / f"{last}.py").exists() or (folder / last / "__init__.py").exists())


def _file(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise Refused(f"the source of {module} is not there, so the instrument cannot be identified; install from source files")
    return Path(spec.origin)
