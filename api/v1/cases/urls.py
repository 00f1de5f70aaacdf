"""Addresses of cases."""

from django.urls import path

from api.v1.cases import views

urlpatterns = [
    path("cases", views.CaseList.as_view(), name="cases"),
    path("cases/<uuid:id>", views.CaseDetail.as_view(), name="case"),
    path("cases/<uuid:id>/content", views.CaseContent.as_view(), name="case-content"),
    path("received-cases", views.ReceivedList.as_view(), name="received-cases"),
    path("received-cases/import", views.ReceivedImport.as_view(), name="received-case-import"),
    path("received-cases/<uuid:id>", views.ReceivedDetail.as_view(), name="received-case"),
]
