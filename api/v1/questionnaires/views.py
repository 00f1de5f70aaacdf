"""Calls about questionnaires as a whole; sending them is in ``sending``, judging answers in ``reviewing``."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from accounts.models import User
from accounts.permissions import require
from api.v1.base.authentication import actor_of
from api.v1.base.files import file_sent
from api.v1.base.filters import parameters_check
from api.v1.base.related import named
from api.v1.base.rows import Values
from api.v1.base.views import ApiView, CreateView, DetailView, ListView
from api.v1.questionnaires.bodies import QuestionnaireRequestBody
from api.v1.questionnaires.filters import RequestFilter, ScoreFilter
from api.v1.questionnaires.serializers import AnswerFileRow, QuestionnaireRow, QuestionnaireWhole, ScoreRow
from api.v1.questionnaires.wishes import wish_of
from core.errors import InvalidState, NotFound
from inventory.models import AISystem, ModelVersion, Vendor
from questionnaires.models import Exhibit, ExhibitOrigin, ExhibitState, QuestionnaireRequest
from questionnaires.services.requests import request_create


class QuestionnaireDetail(DetailView):
    """One questionnaire with its answers, verdicts and what is known of files."""

    out, noun = QuestionnaireWhole, "questionnaire"


class QuestionnaireList(CreateView):
    """Questionnaires that were put to vendors or to you, with what they are worth today."""

    out, body, noun, detail, address = QuestionnaireRow, QuestionnaireRequestBody, "questionnaire", QuestionnaireDetail, "questionnaire"
    filters, orderings = RequestFilter, ("-created_at", "due_on", "valid_until")

    def create(self, actor: User, data: Values) -> QuestionnaireRequest:
        """Write a questionnaire to a vendor as a draft. Then invite somebody and send it."""
        vendor = named("vendor", Vendor.objects.visible_to(actor), data["vendor"])
        known: dict[str, QuerySet[Any]] = {
            "model_version": ModelVersion.objects.visible_to(actor).select_related("model__vendor"),
            "system": AISystem.objects.visible_to(actor),
        }
        about = {name: named(name, rows, data[name]) for name, rows in known.items() if data.get(name)}
        return request_create(actor=actor, vendor=vendor, wish=wish_of(actor, vendor.organisation_id, data), **about)


class ScoreList(ListView):
    """Every count of every questionnaire: the history of scores."""

    out, noun, filters, orderings = ScoreRow, "score", ScoreFilter, ("-created_at",)


class FileContent(ApiView):
    """The bytes of a file behind an answer."""

    out, noun, media_types = AnswerFileRow, "file", ("application/octet-stream",)

    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        """The file, hashed again on the way out; its SHA-256 is the ETag. Only once a person released it: what waits or was refused is for the
        review page. A file cited from the evidence store also takes ``evidence:read``."""
        parameters_check(request, ())
        actor = actor_of(request)
        rows = Exhibit.objects.visible_to(actor).filter(removed_at__isnull=True).select_related("artifact")
        row = rows.filter(pk=id).first()
        if row is None:
            raise NotFound("There is no such file in your register.")
        if row.origin == ExhibitOrigin.CITED:  # it is of the evidence store, which has a scope of its own
            require(actor, "evidence.read", row)
        if row.state != ExhibitState.RELEASED:
            raise InvalidState(
                f"“{row.name}” is {row.get_state_display().lower()}; only a released file is handed out here. A reviewer fetches it on the page."
            )
        return file_sent(request, row.artifact, "application/octet-stream", row.file_name)
