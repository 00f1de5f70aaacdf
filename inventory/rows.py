"""How every row of the register is checked, saved, changed and logged."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models

from accounts.models import User
from core.errors import Conflict, InvalidInput
from evidence import ledger

PRIVATE = frozenset({"contact", "owner", "notes"})
WITHHELD = "changed; free text may name people, so the log does not keep it"
R = TypeVar("R", bound=models.Model)


def row_check(row: models.Model) -> None:
    """A broken rule becomes ``InvalidInput`` on its first field, a taken name ``Conflict``.

    The database itself holds the rest, which no input can break: references are rows that the service was given, and choices are
    checked with the fields.
    """
    references = {field.name for field in row._meta.concrete_fields if field.is_relation}
    try:
        row.clean_fields(exclude=references)
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise InvalidInput(name, " ".join(messages)) from error
    try:
        for constraint in row._meta.constraints:
            if isinstance(constraint, models.UniqueConstraint):
                constraint.validate(type(row), row)
    except ValidationError as error:
        raise Conflict(f"{row._meta.verbose_name}: an entry with this name exists already; open it or choose another name") from error


def row_insert(row: models.Model) -> None:
    """Check and insert."""
    row_check(row)
    row.save(force_insert=True)


def row_log(actor: User, action: str, row: Any, payload: Mapping[str, Any]) -> None:
    """Enter what was done to ``row`` in the log, as a matter of the organisation that owns it."""
    ledger.append(actor=actor, action=action, subject=f"{row._meta.label_lower}:{row.id}", payload=payload, organisation_id=row.organisation_id)


def row_change(row: R, *, editable: Iterable[str], changes: Mapping[str, Any], seen: Mapping[str, Any] | None) -> tuple[R, dict[str, Any]]:
    """Lock ``row``, apply ``changes`` to its ``editable`` fields and save them; returns the row and, for the log, before and after of what changed.

    ``seen`` are the values the editor had in view: ``Conflict`` names the first that is no longer the stored one.
    """
    unknown = sorted(set(changes) - set(editable))
    if unknown:
        raise InvalidInput(unknown[0], f"this cannot be changed; what can: {', '.join(editable)}")
    manager: models.Manager[R] = type(row)._default_manager
    stored = manager.select_for_update(of=("self",)).get(pk=row.pk)
    _check_seen(stored, seen or {})
    fresh = {name: value for name, value in changes.items() if getattr(stored, name) != value}
    changed = {name: {"before": plain(getattr(stored, name)), "after": plain(value)} for name, value in fresh.items()}
    for name, value in fresh.items():
        setattr(stored, name, value)
    if changed:
        row_check(stored)
        stored.save(update_fields=list(changed))
    return stored, {name: WITHHELD if name in PRIVATE else values for name, values in changed.items()}


def plain(value: Any) -> Any:
    """``value`` as the log and a page hold it: a day becomes its ISO date."""
    return value.isoformat() if isinstance(value, datetime.date) else value


def _check_seen(stored: models.Model, seen: Mapping[str, Any]) -> None:
    for name, value in seen.items():
        found = plain(getattr(stored, name, value))
        if found != plain(value):
            raise Conflict(f"“{name.replace('_', ' ')}” was changed in the meantime: it is now “{found}”, you saw “{value}”.")
