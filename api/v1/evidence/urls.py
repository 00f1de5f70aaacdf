"""Addresses of artifacts, links and the log."""

from django.urls import path

from api.v1.evidence import views

urlpatterns = [
    path("artifacts", views.ArtifactList.as_view(), name="artifacts"),
    path("artifacts/<uuid:id>", views.ArtifactDetail.as_view(), name="artifact"),
    path("artifacts/<uuid:id>/content", views.ArtifactContent.as_view(), name="artifact-content"),
    path("artifacts/<uuid:id>/proof", views.ArtifactProof.as_view(), name="artifact-proof"),
    path("evidence-links", views.LinkList.as_view(), name="evidence-links"),
    path("evidence-links/<uuid:id>", views.LinkDetail.as_view(), name="evidence-link"),
    path("log/entries", views.EntryList.as_view(), name="log-entries"),
    path("log/entries/<int:index>", views.EntryDetail.as_view(), name="log-entry"),
    path("log/entries/<int:index>/proof", views.EntryProof.as_view(), name="log-entry-proof"),
    path("log/checkpoint", views.NewestCheckpoint.as_view(), name="log-checkpoint"),
    path("log/keys", views.Keys.as_view(), name="log-keys"),
]
