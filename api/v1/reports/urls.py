"""Addresses of reports."""

from django.urls import path

from api.v1.reports.views import ReportDetail, ReportList, ReportPdf, ReportProof

urlpatterns = [
    path("reports", ReportList.as_view(), name="reports"),
    path("reports/<uuid:id>", ReportDetail.as_view(), name="report"),
    path("reports/<uuid:id>/pdf", ReportPdf.as_view(), name="report-pdf"),
    path("reports/<uuid:id>/proof", ReportProof.as_view(), name="report-proof"),
]
