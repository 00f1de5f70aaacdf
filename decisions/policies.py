"""The gate policies that come with the program, as beginnings to be made one's own."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from accounts.permissions import roles_with
from core.errors import InvalidInput
from decisions.conditions import Condition, parse
from decisions.gate_vocabulary import STEPS

SHIPPED = Path(__file__).parent / "policies.yaml"
MOST = 9
"""Largest quorum."""


@dataclass(frozen=True)
class Draft:
    """What a version of a policy holds: the conditions, how many people must approve, and whose approval counts."""

    conditions: tuple[Condition, ...] = ()
    quorum: int = 2
    roles: tuple[str, ...] = ("approver", "governance")

    @property
    def fields(self) -> dict[str, Any]:
        """As they are stored."""
        return {"conditions": [row.document for row in self.conditions], "quorum": self.quorum, "roles": list(self.roles)}


@dataclass(frozen=True)
class Template:
    """A shipped policy."""

    name: str
    step: str
    draft: Draft


@functools.cache
def shipped() -> tuple[Template, ...]:
    """Every shipped policy; ``InvalidInput`` or ``KeyError`` where the file is wrong."""
    return tuple(_template(row) for row in yaml.safe_load(SHIPPED.read_text(encoding="utf-8")))


def _template(row: Mapping[str, Any]) -> Template:
    draft = Draft(parse(row["conditions"]), row["quorum"], tuple(row["roles"]))
    check(draft)
    if row["step"] not in STEPS:
        raise InvalidInput("step", f"“{row['step']}” is not a step; choose from {', '.join(STEPS)}")
    return Template(row["name"], row["step"], draft)


def check(draft: Draft) -> None:
    """``InvalidInput`` where a policy cannot be decided under."""
    parse([row.document for row in draft.conditions])
    if not 1 <= draft.quorum <= MOST:
        raise InvalidInput("quorum", f"choose from 1 to {MOST} people")
    may = roles_with("decision.approve")
    if not draft.roles or not set(draft.roles) <= may:
        raise InvalidInput("roles", f"choose at least one role that may approve: {', '.join(sorted(may))}")
