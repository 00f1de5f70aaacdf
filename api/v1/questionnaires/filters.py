"""Filters of questionnaires and scores."""

from django_filters import FilterSet

from api.v1.base import filters
from questionnaires.models import Direction, RequestState, ScoreReason


class RequestFilter(FilterSet):  # the library is untyped
    """Vendor, state, direction, template, version."""

    vendor = filters.key("vendor", "id of a vendor")
    state = filters.choice("state", RequestState.choices, "where it stands")
    direction = filters.choice("direction", Direction.choices, "who asks whom")
    template = filters.text("version__template__name", "name of the questionnaire", "iexact")
    model_version = filters.key("model_version", "id of the model version it is about")
    campaign = filters.key("campaign", "id of a campaign")
    due_until = filters.day("due on this day or before", field_name="due_on", lookup_expr="lte")


class ScoreFilter(FilterSet):  # the library is untyped
    """Request, vendor, reason."""

    request = filters.key("request", "id of a questionnaire that was sent")
    vendor = filters.key("request__vendor", "id of a vendor")
    reason = filters.choice("reason", ScoreReason.choices, "why it was counted")


class InvitationFilter(FilterSet):  # the library is untyped
    """Questionnaire."""

    questionnaire = filters.key("request", "id of a questionnaire to a vendor")


class CampaignFilter(FilterSet):  # the library is untyped
    """Name, version."""

    name = filters.text("name", "part of the name", "icontains")
    template_version = filters.key("version", "id of the version that is asked")


class CommentFilter(FilterSet):  # the library is untyped
    """Questionnaire, question, for whom."""

    questionnaire = filters.key("request", "id of a questionnaire to a vendor")
    question = filters.text("question", "key of the question", longest=40)
    internal = filters.flag("internal", "for colleagues alone")
