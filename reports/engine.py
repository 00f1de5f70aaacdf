"""The template engine of reports: HTML-escaping, without a request, and strict: a missing field is an error, not a blank."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template import Context, Engine, Library

from core.errors import InvalidInput
from reports import formats
from reports.vocabulary import tier_word

register = Library()
FILTERS: dict[str, Callable[..., Any]] = {
    "day": formats.day,
    "moment": formats.moment,
    "grouped": formats.grouped,
    "short": formats.short,
    "plain": formats.plain,
    "tier": tier_word,
}
for name, function in FILTERS.items():
    register.filter(name, function)


class Missing(str):
    """What Django prints for a missing field; asking for it names the field."""

    def __contains__(self, item: object) -> bool:
        return item == "%s"

    def __mod__(self, field: object) -> str:
        raise InvalidInput("snapshot", f"the report needs the field {field}, which the snapshot lacks")


@functools.cache
def _engine() -> Engine:
    folder = Path(settings.BASE_DIR) / "templates" / "reports"
    return Engine(dirs=[str(folder)], string_if_invalid=Missing("%s"), builtins=["reports.engine"])


def render(name: str, context: dict[str, Any]) -> str:
    """HTML of template ``name``; ``InvalidInput`` when a field is missing."""
    return _engine().get_template(name).render(Context(context, autoescape=True))
