"""Addresses of customers' questionnaires."""

from django.urls import path

from api.v1.inbound.views import InboundDetail, InboundList

urlpatterns = [
    path("inbound-questionnaires", InboundList.as_view(), name="inbound-questionnaires"),
    path("inbound-questionnaires/<uuid:id>", InboundDetail.as_view(), name="inbound-questionnaire"),
]
