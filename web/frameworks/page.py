"""Everything the pages of frameworks and imports show."""

from typing import Any

from django.core.paginator import Paginator

from accounts.models import User
from accounts.permissions import allowed
from frameworks.import_plans import Plan, importable
from frameworks.import_words import sentences, told
from frameworks.imports.shapes import FORMATS, Format
from frameworks.models import Framework, ImportDraft
from web.frameworks import queries
from web.frameworks.forms import IntoForm

CRUMBS = (("Requirements", "/requirements/"), ("Frameworks", "/frameworks/"))
CHANGES, ROWS = 25, 100
"""On one page of a preview."""


def list_context(actor: User) -> dict[str, Any]:
    """The context of ``web/frameworks/list.html``."""
    rows = queries.loaded()
    return {
        "rows": [(row, FORMATS.get(Format(row.version.format)) if row.version and row.version.format else "") for row in rows],
        "crosswalks": queries.crosswalks_of(),
        "drafts": queries.drafts_of(actor),
        "actions": [{"label": "Import a file", "url": "/frameworks/import/", "primary": True}] if allowed(actor, "frameworks.load") else [],
        "empty": {"title": "No framework is loaded yet", "text": "Setting Assay up loads those it ships with; import others from a file."},
        "crumbs": CRUMBS[:1],
        "nav": "requirements",
    }


def framework_context(actor: User, framework: Framework) -> dict[str, Any]:
    """The context of ``web/frameworks/detail.html``."""
    versions = list(queries.versions_of(framework))
    newest = versions[0] if versions else None
    return {
        "framework": framework,
        "versions": versions,
        "newest": newest,
        "format": FORMATS.get(Format(newest.format)) if newest and newest.format else "",
        "file": queries.file_of(actor, newest.digest) if newest and newest.format else None,
        "crosswalks": queries.crosswalks_of(framework),
        "crumbs": CRUMBS,
        "actions": [
            {"label": "Coverage", "url": f"/requirements/?framework={framework.slug}", "primary": True},
            {"label": "Its requirements", "url": f"/requirements/all/?framework={framework.slug}"},
        ],
        "nav": "requirements",
    }


def preview_context(draft: ImportDraft, plan: Plan, into: str, show: str, page: str) -> dict[str, Any]:
    """The context of ``web/frameworks/preview.html``; ``show`` is ``rows`` or ``changes``."""
    by_rows = show == "rows"
    listed = Paginator(plan.found.rows if by_rows else plan.changes, ROWS if by_rows else CHANGES)
    found = queries.draft_framework(plan)
    return {
        "draft": draft,
        "plan": plan,
        "library": plan.found,
        "format": FORMATS[plan.found.format],
        "sentences": sentences(plan),
        "into": IntoForm({"into": into}, importable(), found) if plan.found.identity and importable() else None,
        "into_value": into,
        "crosswalks": [(row, told(row)) for row in plan.crosswalks],
        "show": "rows" if by_rows else "changes",
        "page": listed.get_page(page),
        "may_apply": not plan.nothing and not plan.missing,
        "crumbs": CRUMBS,
        "nav": "requirements",
    }
