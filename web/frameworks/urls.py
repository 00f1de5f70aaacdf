"""Addresses of frameworks, imports and evidence along crosswalks."""

from django.urls import path

from web.frameworks import carry, columns, views

urlpatterns = [
    path("frameworks/", views.framework_list, name="framework-list"),
    path("frameworks/import/", views.framework_import, name="framework-import"),
    path("frameworks/import/<uuid:draft_id>/", views.import_preview, name="import-preview"),
    path("frameworks/import/<uuid:draft_id>/columns/", columns.import_columns, name="import-columns"),
    path("frameworks/import/<uuid:draft_id>/apply/", views.import_apply, name="import-apply"),
    path("frameworks/import/<uuid:draft_id>/discard/", views.import_discard, name="import-discard"),
    path("frameworks/<str:framework>/", views.framework_detail, name="framework-detail"),
    path("requirements/<uuid:requirement_id>/from/<uuid:link_id>/", carry.link_carry, name="link-carry"),
]
