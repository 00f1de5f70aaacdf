"""Writes to questionnaires: begin one, change its draft, publish a version, withdraw it. What is published never changes."""

from typing import Any

from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import require
from core import clock
from core.errors import Conflict, InvalidInput, InvalidState, NotFound
from inventory.rows import row_check, row_insert, row_log
from questionnaires.document import Document
from questionnaires.models import Template, TemplateVersion

VERB = "template.write"
LONGEST_NOTE = 500


@transaction.atomic
def template_create(*, actor: User, organisation: Organisation, name: str, document: Document) -> Template:
    """A questionnaire with ``document`` as its draft; ``Conflict`` where the name is taken."""
    template = Template(organisation=organisation, name=name.strip(), created_by=actor)
    require(actor, VERB, template)
    row_insert(template)
    draft = _draft_add(actor, template, 1, document)
    _log(actor, template, "created", {"name": template.name, "digest": draft.digest})
    return template


@transaction.atomic
def draft_write(*, actor: User, template: Template, document: Document, seen: str) -> TemplateVersion:
    """Make ``document`` the draft. ``seen`` is the digest of what the editor began from: the draft, or before there is one the newest version."""
    require(actor, VERB, template)
    row = _locked(template)
    draft, newest = _draft(row), _newest(row)
    _seen_check(draft or newest, seen)
    if draft is None:
        draft = _draft_add(actor, row, newest.number + 1 if newest else 1, document)
    elif draft.digest == document.digest():
        return draft
    else:
        draft.document, draft.digest = document.stored(), document.digest()
        draft.save(update_fields=["document", "digest"])
    _log(actor, row, "draft_written", {"number": draft.number, "digest": draft.digest})
    return draft


@transaction.atomic
def draft_discard(*, actor: User, template: Template) -> bool:
    """Forget the draft, and a questionnaire that never had a published version with it. Returns whether the questionnaire is still there."""
    require(actor, VERB, template)
    row = _locked(template)
    draft = _draft(row)
    if draft is None:
        raise InvalidState("There is no draft to discard.")
    _log(actor, row, "draft_discarded", {"number": draft.number, "digest": draft.digest})
    draft.delete()
    if _newest(row) is not None:
        return True
    row.delete()
    return False


@transaction.atomic
def version_publish(*, actor: User, template: Template, seen: str, note: str = "") -> TemplateVersion:
    """Publish the draft with digest ``seen`` as the next version; ``InvalidState`` where it says what the newest version says."""
    require(actor, VERB, template)
    row = _locked(template)
    draft, newest = _draft(row), _newest(row)
    if draft is None:
        raise InvalidState("There is no draft to publish. Change something first.")
    _seen_check(draft, seen)
    if newest is not None and newest.digest == draft.digest:
        raise InvalidState(f"The draft says exactly what version {newest.number} says. Discard it, or change something.")
    if len(note) > LONGEST_NOTE:
        raise InvalidInput("note", f"at most {LONGEST_NOTE} characters; this has {len(note)}")
    draft.parsed()
    draft.note, draft.published_at, draft.published_by = note.strip(), clock.now(), actor
    row_check(draft)
    draft.save(update_fields=["note", "published_at", "published_by"])
    _log(actor, row, "published", {"number": draft.number, "digest": draft.digest})
    return draft


@transaction.atomic
def template_withdraw(*, actor: User, template: Template) -> Template:
    """Offer it for new requests no more; requests that were sent keep their version."""
    require(actor, VERB, template)
    row = _locked(template)
    if _newest(row) is None:
        raise InvalidState("Nothing of it is published, so nothing can be withdrawn. Discard the draft instead.")
    row.withdrawn_at = clock.now()
    row.save(update_fields=["withdrawn_at"])
    _log(actor, row, "withdrawn", {})
    return row


def _locked(template: Template) -> Template:
    """The row, locked; ``InvalidState`` where it was withdrawn, ``NotFound`` where it went with its only draft."""
    row = Template.objects.select_for_update(of=("self",)).filter(pk=template.pk).first()
    if row is None:
        raise NotFound("This questionnaire was discarded in the meantime.")
    if row.withdrawn_at is not None:
        raise InvalidState("This questionnaire was withdrawn. Write a new one; it can begin from an export of this.")
    return row


def _draft(template: Template) -> TemplateVersion | None:
    return TemplateVersion.objects.filter(template=template, published_at__isnull=True).first()


def _newest(template: Template) -> TemplateVersion | None:
    return TemplateVersion.objects.filter(template=template, published_at__isnull=False).order_by("-number").first()


def _seen_check(current: TemplateVersion | None, seen: str) -> None:
    if (current.digest if current else "") != seen:
        raise Conflict("The questionnaire was changed in the meantime. Nothing was stored; look at it as it is now and make the change again.")


def _draft_add(actor: User, template: Template, number: int, document: Document) -> TemplateVersion:
    draft = TemplateVersion(template=template, number=number, document=document.stored(), digest=document.digest(), created_by=actor)
    row_insert(draft)
    return draft


def _log(actor: User, template: Template, action: str, payload: dict[str, Any]) -> None:
    row_log(actor, f"questionnaires.template.{action}", template, payload)
