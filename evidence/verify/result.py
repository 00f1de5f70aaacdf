"""What the verifier found: problems that name the thing at fault, notes, and the keys everything was checked against."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pikepdf
from pyhanko.pdf_utils.misc import PdfError

from core.errors import IntegrityFailed

# What reading foreign data of the wrong shape raises.
MALFORMED = (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, PdfError, pikepdf.PdfError)


class Unusable(Exception):
    """The input cannot be verified at all: not there, not a case or report, or no keys to check against."""


@dataclass
class Result:
    """Collects everything that does not hold, so that one run names every changed thing."""

    target: str
    problems: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    keys: list[tuple[str, str]] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """``verified`` or ``failed``."""
        return "failed" if self.problems else "verified"

    @contextmanager
    def check(self, thing: str) -> Iterator[None]:
        """Whatever fails inside is a problem of ``thing``."""
        try:
            yield
        except IntegrityFailed as error:
            self.problems.append((thing, str(error)))
        except MALFORMED as error:
            self.problems.append((thing, f"not in the form in which this software writes it ({type(error).__name__}: {str(error)[:120]})"))

    def holds(self, thing: str, step: Callable[..., object], *arguments: Any) -> bool:
        """Run ``step`` as a check of ``thing``; whether it went through without raising."""
        with self.check(thing):
            step(*arguments)
            return True
        return False

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "target": self.target,
            "verdict": self.verdict,
            "problems": [{"thing": thing, "reason": reason} for thing, reason in self.problems],
            "notes": self.notes,
            "checked": self.counts,
            "keys": [{"key": label, "value": value} for label, value in self.keys],
        }

    def as_text(self) -> str:
        """For people: problems first, the verdict last."""
        lines = [f"failed: {thing}: {reason}" for thing, reason in self.problems]
        lines += [f"note: {note}" for note in self.notes]
        lines += [f"checked against {label}: {value}" for label, value in self.keys]
        counts = ", ".join(f"{count} {name}" for name, count in self.counts.items())
        return "\n".join([*lines, f"{self.verdict}: {self.target}" + (f" ({counts})" if counts else "")])


def expect(condition: bool, reason: str) -> None:
    """``IntegrityFailed`` with ``reason`` unless ``condition``."""
    if not condition:
        raise IntegrityFailed(reason)
