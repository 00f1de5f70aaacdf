"""Everything the pages of questionnaires show."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from accounts.models import User
from accounts.permissions import allowed
from questionnaires.differences import differences
from questionnaires.document import Cap, Clause, Document, Flag, Question
from questionnaires.exchange.files import FORMATS
from questionnaires.models import Template, TemplateVersion
from questionnaires.wording import KINDS, rule_words, scoring_words
from web.history import history
from web.lists.listing import Action, Empty, Listing
from web.questionnaire_templates import queries
from web.questionnaire_templates.tables import TemplateFilter, TemplateTable

NAV = "questionnaires"
VERB = "template.write"
TEXT = "What you ask vendors, in versions. A request keeps the version it was sent with, so changing one here changes no answer."


def crumbs(*more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """Where a page of questionnaires stands."""
    return (("Questionnaires", reverse("web:template-list")), *more)


def listing(actor: User) -> tuple[Listing, tuple[Action, ...]]:
    """The list, and what it offers this person."""
    write = (Action("Write a questionnaire", reverse("web:template-create"), primary=True), Action("Import a file", reverse("web:template-import")))
    actions = write if allowed(actor, VERB) else ()
    empty = Empty("No questionnaire is written", "Two come with the program and can be the beginning of your own.", next(iter(actions), None))
    more = {"nav": NAV, "noun": ("questionnaire", "questionnaires")}
    return Listing("questionnaire-templates", "Questionnaires", TEXT, TemplateTable, TemplateFilter, empty, **more), actions  # type: ignore[arg-type]


def detail_context(actor: User, template: Template, shown: TemplateVersion) -> dict[str, Any]:
    """The context of ``detail.html``: one version in full, and its siblings."""
    versions = queries.versions_of(template)
    document = shown.parsed()
    subject = f"questionnaires.template:{template.pk}"
    may_write = allowed(actor, VERB, template) and template.withdrawn_at is None
    return {
        "template": template,
        "shown": shown,
        "document": document,
        "title": template.name,
        "pretitle": version_name(shown),
        "crumbs": crumbs(),
        "groups": sections_of(document),
        "ends": ends_of(document),
        "versions": versions,
        "draft": next((row for row in versions if row.published_at is None), None),
        "published": [row for row in versions if row.published_at],
        "actions": actions_of(template, shown) if may_write else [_try_action(shown)],
        "may_write": may_write,
        "formats": [(ending, ending.upper()) for ending in FORMATS],
        "history": history(actor, [subject]) if allowed(actor, "evidence.read", template) else [],
        "subject": subject,
        "nav": NAV,
    }


def version_name(version: TemplateVersion) -> str:
    """“Version 2”, or “Draft of version 3”."""
    return f"Version {version.number}" if version.published_at else f"Draft of version {version.number}"


def actions_of(template: Template, shown: TemplateVersion) -> list[dict[str, Any]]:
    """What can be done with a questionnaire from the page of one version."""
    edit = {"label": "Edit the draft" if not shown.published_at else "Edit", "url": reverse("web:template-edit", args=[template.pk])}
    publish = {"label": "Publish…", "url": reverse("web:template-publish", args=[template.pk]), "primary": True}
    into = {"label": "Import a new draft", "url": reverse("web:template-import-into", args=[template.pk])}
    return [_try_action(shown), edit, into, *([] if shown.published_at else [publish])]


def _try_action(shown: TemplateVersion) -> dict[str, Any]:
    return {"label": "Try it", "url": reverse("web:template-try", args=[shown.pk]), "primary": bool(shown.published_at)}


def sections_of(document: Document) -> list[dict[str, Any]]:
    """Sections with their questions, in words."""
    titles = {row.id: row for row in document.categories}
    return [
        {"section": section, "category": titles.get(section.category), "questions": [question_words(row, document) for row in section.questions]}
        for section in document.sections
    ]


def question_words(question: Question, document: Document) -> dict[str, Any]:
    """One question with what decides about it, in words."""
    return {
        "row": question,
        "kind": KINDS[question.type] + (f", in {question.unit}" if question.unit else ""),
        "choices": [] if question.type.startswith("yes_no") else list(question.choices.values()),
        "show": rule_words(question.show_if, document) if question.show_if else "",
        "required": rule_words(question.required_if, document) if question.required_if else "",
        "scoring": scoring_words(question, document),
        "headline": question.id in document.headline,
    }


def ends_of(document: Document) -> list[dict[str, Any]]:
    """Caps, flags and clauses in words, each kind with its heading."""
    titles = {row.id: f"in “{row.title}”" for row in document.sections}
    caps = [(row, f"At most {row.at_most:g} % {titles.get(row.section, 'of the whole')}", row.because) for row in document.caps]
    flags = [(row, row.title, row.because) for row in document.flags]
    clauses = [(row, row.title, row.text) for row in document.clauses]
    kinds: tuple[tuple[str, str, Sequence[tuple[Cap | Flag | Clause, str, str]]], ...] = (
        ("cap", "Caps", caps),
        ("flag", "Exposures", flags),
        ("clause", "Clauses to ask for", clauses),
    )
    return [{"kind": kind, "heading": heading, "rows": [_end(document, *row) for row in rows]} for kind, heading, rows in kinds]


def _end(document: Document, row: Cap | Flag | Clause, title: str, text: str) -> dict[str, Any]:
    return {"row": row, "title": title, "text": text, "when": rule_words(row.when, document)}


def changes_of(before: TemplateVersion | None, after: TemplateVersion) -> list[str]:
    """What differs in words; nothing where there is no earlier version."""
    return [str(row) for row in differences(before.parsed(), after.parsed())] if before else []
