"""Addresses of the finding pages."""

from django.urls import path

from web.findings import views

urlpatterns = [
    path("findings/", views.finding_list, name="finding-list"),
    path("findings/<uuid:finding_id>/", views.finding_detail, name="finding-detail"),
    path("findings/<uuid:finding_id>/figures/<slug:name>/<slug:form>/", views.finding_figure, name="finding-figure"),
    path("findings/<uuid:finding_id>/files/<uuid:artifact_id>/", views.artifact_download, name="artifact-download"),
    path("findings/<uuid:finding_id>/links/<uuid:link_id>/", views.link_review, name="link-review"),
]
