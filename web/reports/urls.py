"""Addresses of the reports."""

from django.urls import path

from web.reports import views

urlpatterns = [
    path("reports/", views.report_list, name="report-list"),
    path("reports/new/", views.report_new, name="report-new"),
    path("reports/<uuid:report_id>/", views.report_detail, name="report-detail"),
    path("runs/<uuid:run_id>/report/", views.report_build, name="report-build"),
    path("reports/<uuid:report_id>/pdf/", views.report_download, name="report-download"),
    path("reports/<uuid:report_id>/log-entry/", views.report_bundle, name="report-bundle"),
]
