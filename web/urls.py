"""The URL map of the browser face."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from web.views import findings, models, reports, runs
from web.views.session import Login

app_name = "web"

urlpatterns = [
    path("login/", Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("", models.model_list, name="model-list"),
    path("versions/<uuid:version_id>/assess/", runs.run_begin, name="run-begin"),
    path("runs/<uuid:run_id>/", runs.run_detail, name="run-detail"),
    path("runs/<uuid:run_id>/cancel/", runs.run_cancel, name="run-cancel"),
    path("runs/<uuid:run_id>/retry/", runs.run_retry, name="run-retry"),
    path("runs/<uuid:run_id>/report/", reports.report_build, name="report-build"),
    path("reports/<uuid:report_id>/", reports.report_download, name="report-download"),
    path("reports/<uuid:report_id>/log-entry/", reports.report_bundle, name="report-bundle"),
    path("findings/<uuid:finding_id>/", findings.finding_detail, name="finding-detail"),
    path("findings/<uuid:finding_id>/files/<uuid:artifact_id>/", findings.artifact_download, name="artifact-download"),
    path("findings/<uuid:finding_id>/links/<uuid:link_id>/", findings.link_review, name="link-review"),
]
