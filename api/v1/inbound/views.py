"""Calls about questionnaires of customers. A person's token answers; to approve is in no scope, so a signed-in person does."""

from accounts.models import User
from api.v1.base.related import named, organisation_for
from api.v1.base.rows import Values
from api.v1.base.views import ActionView, CreateView, DetailView
from api.v1.inbound.filters import InboundFilter
from api.v1.inbound.serializers import (
    InboundAnswerBody,
    InboundApproveBody,
    InboundQuestionnaireBody,
    InboundQuestionnaireRow,
    InboundQuestionnaireWhole,
    InboundReopenBody,
)
from questionnaires.models import QuestionnaireRequest, TemplateVersion
from questionnaires.services.inbound import VERB, Received, inbound_answer, inbound_approve, inbound_receive, inbound_reopen

NOUN = "questionnaire of a customer"


class InboundDetail(DetailView):
    """One questionnaire of a customer with every question and answer."""

    out, noun = InboundQuestionnaireWhole, NOUN


class InboundList(CreateView):
    """Questionnaires that customers put to you."""

    out, body, noun, detail, address = InboundQuestionnaireRow, InboundQuestionnaireBody, NOUN, InboundDetail, "inbound-questionnaire"
    filters, orderings = InboundFilter, ("-created_at", "due_on")

    def create(self, actor: User, data: Values) -> QuestionnaireRequest:
        """Take one in, open to be answered. A file is checked whole first; 409 where the same one was taken in today."""
        organisation, key = organisation_for(actor, VERB, data.pop("organisation", None)), data.pop("version", None)
        version = named("version", TemplateVersion.objects.visible_to(actor), key) if key else None
        return inbound_receive(actor=actor, organisation=organisation, given=Received(**data, version=version))


class InboundAnswer(ActionView):
    """An answer to a customer."""

    out, body, noun = InboundQuestionnaireWhole, InboundAnswerBody, NOUN

    def act(self, actor: User, row: QuestionnaireRequest, data: Values) -> None:
        """Write or change one answer with the files it cites; earlier forms are kept. 409 where it was changed since, or all are approved."""
        citations = data.get("citations", ())
        inbound_answer(actor=actor, request=row, question=data["question"], raw=data["value"], citations=citations, seen=data["revision"])


class InboundApprove(ActionView):
    """The approval of what goes out."""

    out, body, noun = InboundQuestionnaireWhole, InboundApproveBody, NOUN

    def act(self, actor: User, row: QuestionnaireRequest, data: Values) -> None:
        """Say that the answers may go out, signed in: no token does. Never by who wrote one of them."""
        inbound_approve(actor=actor, request=row, seen=data["answers_digest"])


class InboundReopen(ActionView):
    """The end of an approval."""

    out, body, noun = InboundQuestionnaireWhole, InboundReopenBody, NOUN

    def act(self, actor: User, row: QuestionnaireRequest, data: Values) -> None:
        """Let the answers change again; what went out stays in the log."""
        inbound_reopen(actor=actor, request=row, reason=data["reason"])
