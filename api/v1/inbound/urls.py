"""Addresses of customers' questionnaires."""

from django.urls import path

from api.v1.inbound import views

urlpatterns = [
    path("inbound-questionnaires", views.InboundList.as_view(), name="inbound-questionnaires"),
    path("inbound-questionnaires/<uuid:id>", views.InboundDetail.as_view(), name="inbound-questionnaire"),
    path("inbound-questionnaires/<uuid:id>/answer", views.InboundAnswer.as_view(), name="inbound-questionnaire-answer"),
    path("inbound-questionnaires/<uuid:id>/approve", views.InboundApprove.as_view(), name="inbound-questionnaire-approve"),
    path("inbound-questionnaires/<uuid:id>/reopen", views.InboundReopen.as_view(), name="inbound-questionnaire-reopen"),
]
