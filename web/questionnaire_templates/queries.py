"""What the pages of questionnaires read."""

from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, IntegerField, OuterRef, QuerySet, Subquery

from accounts.models import User
from core.errors import InvalidState, NotFound
from questionnaires.models import Template, TemplateVersion


def template_rows(actor: User) -> QuerySet[Template]:
    """All questionnaires the actor may know of, with the number of the current version, how many requests use them, and whether a draft is open."""
    versions = TemplateVersion.objects.filter(template=OuterRef("pk"))
    newest = versions.filter(published_at__isnull=False).order_by("-number")
    return Template.objects.visible_to(actor).annotate(
        current=Subquery(newest.values("number")[:1], output_field=IntegerField()),
        used=Count("versions__requests", distinct=True),
        drafted=Exists(versions.filter(published_at__isnull=True)),
    )


def template_for(actor: User, template_id: UUID) -> Template:
    """A questionnaire of the actor's register, or ``NotFound``."""
    row = Template.objects.visible_to(actor).select_related("organisation").filter(pk=template_id).first()
    if row is None:
        raise NotFound("There is no such questionnaire in your register.")
    return row


def version_for(actor: User, version_id: UUID) -> TemplateVersion:
    """A version or draft of one, or ``NotFound``."""
    row = TemplateVersion.objects.visible_to(actor).select_related("template", "published_by").filter(pk=version_id).first()
    if row is None:
        raise NotFound("There is no such version in your register.")
    return row


def versions_of(template: Template) -> list[TemplateVersion]:
    """Versions and draft, newest first, without their documents, with the number of requests that froze them."""
    rows = TemplateVersion.objects.filter(template=template).select_related("published_by").defer("document")
    return list(rows.annotate(used=Count("requests")).order_by("-number"))


def draft_of(template: Template) -> TemplateVersion | None:
    """The draft, if one is open."""
    return TemplateVersion.objects.filter(template=template, published_at__isnull=True).first()


def newest_of(template: Template) -> TemplateVersion | None:
    """The newest published version."""
    return TemplateVersion.objects.filter(template=template, published_at__isnull=False).order_by("-number").first()


def edited_of(template: Template) -> TemplateVersion:
    """What an editor begins from: the draft, else the newest version. ``InvalidState`` for a withdrawn questionnaire."""
    if template.withdrawn_at is not None:
        raise InvalidState("This questionnaire was withdrawn. Write a new one; it can begin from an export of this.")
    row = draft_of(template) or newest_of(template)
    if row is None:
        raise NotFound("This questionnaire has no text; it was discarded in the meantime.")
    return row


def questions_in(keys: list[UUID]) -> dict[UUID, int]:
    """How many questions the newest text of each questionnaire has; a draft counts only where nothing is published."""
    rows = TemplateVersion.objects.filter(template__in=keys).order_by("template", "published_at", "number")
    newest = rows.filter(number=Subquery(_shown_number(), output_field=IntegerField()))
    return {row.template_id: sum(len(section["questions"]) for section in row.document["sections"]) for row in newest}


def _shown_number() -> QuerySet[TemplateVersion, Any]:
    """The number of the newest published version, else of the draft: drafts come last."""
    from_newest = TemplateVersion.objects.filter(template=OuterRef("template")).annotate(open=Exists(_open())).order_by("open", "-number")
    shown: QuerySet[TemplateVersion, Any] = from_newest.values("number")[:1]
    return shown


def _open() -> QuerySet[TemplateVersion]:
    return TemplateVersion.objects.filter(pk=OuterRef("pk"), published_at__isnull=True)
