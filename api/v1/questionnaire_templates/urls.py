"""Addresses of questionnaires as they are written."""

from django.urls import path

from api.v1.questionnaire_templates.views import TemplateDetail, TemplateDraft, TemplateList, VersionDetail, VersionList

urlpatterns = [
    path("questionnaire-templates", TemplateList.as_view(), name="questionnaire-templates"),
    path("questionnaire-templates/<uuid:id>", TemplateDetail.as_view(), name="questionnaire-template"),
    path("questionnaire-templates/<uuid:id>/draft", TemplateDraft.as_view(), name="questionnaire-template-draft"),
    path("questionnaire-template-versions", VersionList.as_view(), name="questionnaire-template-versions"),
    path("questionnaire-template-versions/<uuid:id>", VersionDetail.as_view(), name="questionnaire-template-version"),
]
