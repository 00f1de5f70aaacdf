"""Addresses of imports."""

from django.urls import path

from api.v1.imports.views import ImportApply, ImportDetail, ImportDiscard, ImportList

urlpatterns = [
    path("framework-imports", ImportList.as_view(), name="framework-imports"),
    path("framework-imports/<uuid:id>", ImportDetail.as_view(), name="framework-import"),
    path("framework-imports/<uuid:id>/apply", ImportApply.as_view(), name="framework-import-apply"),
    path("framework-imports/<uuid:id>/discard", ImportDiscard.as_view(), name="framework-import-discard"),
]
