"""A person's own conveniences. They are not evidence, so unlike every other write they are not logged (ADR 10)."""

from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from accounts.models import SavedFilter, User
from core.errors import InvalidInput, NotFound

NOT_KEPT = {"page", "export", "csrfmiddlewaretoken"}


def filter_save(*, actor: User, listing: str, name: str, query: str) -> SavedFilter:
    """Keep ``query`` of a list under ``name``, in place of an earlier one of that name."""
    if not name.strip():
        raise InvalidInput("name", "give the filter a name")
    kept = urlencode([(key, value) for key, value in parse_qsl(query) if key not in NOT_KEPT and value])
    if not kept or len(kept) > 1000 or len(name) > 80:
        raise InvalidInput("query", "filter or sort the list first, then save it under a short name")
    row, _ = SavedFilter.objects.update_or_create(user=actor, listing=listing, name=name.strip(), defaults={"query": kept})
    return row


def filter_delete(*, actor: User, filter_id: UUID) -> SavedFilter:
    """Forget one of the actor's own filters; ``NotFound`` for anyone else's."""
    row = SavedFilter.objects.filter(user=actor, pk=filter_id).first()
    if row is None:
        raise NotFound("You have no such filter.")
    row.delete()
    return row
