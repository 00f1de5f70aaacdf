"""Calls about questionnaires as they are written."""

from accounts.models import User
from api.v1.base.related import organisation_for
from api.v1.base.rows import Values
from api.v1.base.views import ActionView, CreateView, DetailView, ListView
from api.v1.questionnaire_templates.filters import TemplateFilter, VersionFilter
from api.v1.questionnaire_templates.serializers import (
    QuestionnaireDraftBody,
    QuestionnaireTemplateBody,
    QuestionnaireTemplateRow,
    QuestionnaireTemplateVersionRow,
    QuestionnaireTemplateVersionWhole,
)
from questionnaires.document import document_read
from questionnaires.models import Template
from questionnaires.services.templates import VERB, draft_write, template_create


class TemplateDetail(DetailView):
    """One questionnaire."""

    out, noun = QuestionnaireTemplateRow, "questionnaire"


class TemplateList(CreateView):
    """Questionnaires of your register."""

    out, body, noun, detail, address = QuestionnaireTemplateRow, QuestionnaireTemplateBody, "questionnaire", TemplateDetail, "questionnaire-template"
    filters, orderings = TemplateFilter, ("name", "created_at")

    def create(self, actor: User, data: Values) -> Template:
        """Begin a questionnaire with a document as its draft; a person publishes it."""
        home = organisation_for(actor, VERB, data.get("organisation"))
        return template_create(actor=actor, organisation=home, name=data["name"], document=document_read(data["document"]))


class TemplateDraft(ActionView):
    """A draft."""

    out, body, noun = QuestionnaireTemplateRow, QuestionnaireDraftBody, "questionnaire"

    def act(self, actor: User, row: Template, data: Values) -> None:
        """Make a document the draft, if the questionnaire is still what ``seen`` says; a person publishes it."""
        draft_write(actor=actor, template=row, document=document_read(data["document"]), seen=data["seen"])


class VersionList(ListView):
    """Versions and drafts, without their documents."""

    out, noun, filters, orderings = QuestionnaireTemplateVersionRow, "version", VersionFilter, ("-number", "created_at")


class VersionDetail(DetailView):
    """One version with its document."""

    out, noun = QuestionnaireTemplateVersionWhole, "version"
