"""Calls that import frameworks and crosswalks from files: upload, look at what would change, apply exactly that."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from accounts.models import User
from api.v1.base.authentication import actor_of
from api.v1.base.filters import parameters_check
from api.v1.base.related import organisation_for
from api.v1.base.rendering import answer
from api.v1.base.rows import Values
from api.v1.base.views import ActionView, CreateView, DetailView
from api.v1.imports.serializers import Applied, ApplyBody, Discarded, ImportBody, ImportRow, ImportWhole, preview_of
from core.errors import NotFound
from evidence import ledger
from evidence.libraries import library_import
from frameworks.import_services import draft_columns, draft_create, draft_discard
from frameworks.models import ImportDraft


class ImportDetail(DetailView):
    """One uploaded file with what it would change."""

    out, noun = ImportWhole, "uploaded file"
    texts = {"into": "slug of an imported framework of which the file is a new edition"}  # noqa: RUF012 - read by the description

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """What applying the file would do now; ``into`` looks at it as a new edition of another imported framework."""
        parameters_check(request, ["into"])
        found = self.shown(actor_of(request), id)
        if "into" in request.query_params:
            found["preview"] = preview_of(ImportDraft.objects.get(pk=id), request.query_params["into"])
        return answer(found)


class ImportList(CreateView):
    """Files that you uploaded and have not applied."""

    out, body, noun, detail, address = ImportRow, ImportBody, "uploaded file", ImportDetail, "framework-import"

    @transaction.atomic
    def create(self, actor: User, data: Values) -> ImportDraft:
        """Upload a file. It is checked whole and answered with what it would change; nothing is imported before you apply it."""
        home = organisation_for(actor, "frameworks.load", data.get("organisation"))
        draft = draft_create(actor=actor, record=ledger.append, organisation=home, name=data["name"], raw=data["content"])
        if data.get("columns"):
            draft_columns(actor=actor, record=ledger.append, draft=draft, columns=data["columns"])
        return draft


class ImportApply(ActionView):
    """An import."""

    out, body, noun = Applied, ApplyBody, "uploaded file"

    def act(self, actor: User, row: ImportDraft, data: Values) -> None:
        """Import exactly what the preview showed. 409 where somebody applied another file since; look at the preview again."""

    def _done(self, actor: User, key: UUID, data: Values) -> HttpResponse:
        draft = _own(actor, key)
        framework = library_import(actor=actor, draft=draft, into=data.get("into", ""), seen=data["seen"])
        return answer({"framework": framework.slug if framework else None, "digest": draft.digest})


class ImportDiscard(ActionView):
    """A file that is forgotten."""

    out, noun = Discarded, "uploaded file"

    def act(self, actor: User, row: ImportDraft, data: Values) -> None:
        """Forget an uploaded file. Nothing that is loaded changes."""

    def _done(self, actor: User, key: UUID, data: Values) -> HttpResponse:
        draft_discard(actor=actor, record=ledger.append, draft=_own(actor, key))
        return answer({"id": key})


def _own(actor: User, key: UUID) -> Any:
    found = ImportRow.visible(actor).filter(pk=key).first()
    if found is None:
        raise NotFound("There is no such uploaded file of yours. It may have been applied or discarded.")
    return found
