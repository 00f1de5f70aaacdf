"""The main navigation: each section appears for those who may open it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from accounts.permissions import allowed
from web.access import verb_for


@dataclass(frozen=True)
class Section:
    """An entry of the navigation; ``key`` is what pages of the section put into the context as ``nav``."""

    key: str
    label: str
    name: str


SECTIONS = (
    Section("home", "Home", "home"),
    Section("vendors", "Vendors", "vendor-list"),
    Section("systems", "Systems", "system-list"),
    Section("models", "Models", "version-list"),
    Section("assessments", "Assessments", "run-list"),
    Section("instruments", "Instruments", "instrument-list"),
    Section("requirements", "Requirements", "coverage"),
    Section("questionnaires", "Questionnaires", "questionnaire-list"),
    Section("decisions", "Decisions", "decision-list"),
    Section("incidents", "Incidents", "incident-list"),
    Section("evidence", "Evidence", "artifact-list"),
    Section("reports", "Reports", "report-list"),
)


def open_sections(actor: User, sections: Sequence[Section] = SECTIONS) -> list[Section]:
    """Those of ``sections`` that one of the actor's roles opens."""
    return [row for row in sections if allowed(actor, verb_for(row.name, "GET") or "")]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the sections open to this person, with their addresses."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"sections": []}
    return {"sections": [(row, reverse(f"web:{row.name}")) for row in open_sections(user)]}
