"""How writes of this app reach the log, which lies above it: the caller hands in ``record`` (ledger.append)."""

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from accounts.models import User


class Record(Protocol):
    """How a write reaches the log."""

    def __call__(self, *, actor: User, action: str, subject: str, payload: dict[str, Any], organisation_id: UUID | None = None) -> object:
        """Append one entry inside the open transaction."""


@dataclass(frozen=True)
class Owner:
    """An organisation seen as the owner of itself, for ``require``."""

    organisation_id: UUID


def homes_of(user: User) -> list[UUID]:
    """The organisations whose log hears of what happens to ``user``."""
    return sorted({organisation for organisation, _ in user.roles_held})
