"""Addresses of due-diligence packs."""

from django.urls import path

from api.v1.packs import views

urlpatterns = [
    path("vendor-packs", views.PackList.as_view(), name="vendor-packs"),
    path("vendor-packs/<uuid:id>", views.PackDetail.as_view(), name="vendor-pack"),
    path("vendor-packs/<uuid:id>/pdf", views.PackPdf.as_view(), name="vendor-pack-pdf"),
    path("vendor-packs/<uuid:id>/proof", views.PackProof.as_view(), name="vendor-pack-proof"),
]
