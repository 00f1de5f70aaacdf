"""Calls about questionnaires as a whole; sending them is in ``sending``, judging answers in ``reviewing``."""

from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from api.v1.base.related import named
from api.v1.base.rows import Values
from api.v1.base.views import CreateView, DetailView, ListView
from api.v1.questionnaires.bodies import QuestionnaireRequestBody
from api.v1.questionnaires.filters import RequestFilter, ScoreFilter
from api.v1.questionnaires.serializers import QuestionnaireRow, QuestionnaireWhole, ScoreRow
from api.v1.questionnaires.wishes import wish_of
from inventory.models import AISystem, ModelVersion, Vendor
from questionnaires.models import QuestionnaireRequest
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
