"""Calls about questionnaires of customers, to be read only: answering and approving are people's acts."""

from api.v1.base.views import DetailView, ListView
from api.v1.inbound.filters import InboundFilter
from api.v1.inbound.serializers import InboundQuestionnaireRow, InboundQuestionnaireWhole


class InboundList(ListView):
    """Questionnaires that customers put to you."""

    out, noun, filters, orderings = InboundQuestionnaireRow, "questionnaire of a customer", InboundFilter, ("-created_at", "due_on")


class InboundDetail(DetailView):
    """One questionnaire of a customer with every question and answer."""

    out, noun = InboundQuestionnaireWhole, "questionnaire of a customer"
