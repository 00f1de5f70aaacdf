"""Addresses of the pages of models and versions."""

from django.urls import path

from web.ai_models import declared, intakes, views

urlpatterns = [
    path("models/", views.model_list, name="model-list"),
    path("models/new/", views.model_create, name="model-create"),
    path("models/<uuid:model_id>/", views.model_detail, name="model-detail"),
    path("models/<uuid:model_id>/edit/", views.model_edit, name="model-edit"),
    path("models/<uuid:model_id>/versions/new/", intakes.version_create, name="version-create"),
    path("models/<uuid:model_id>/versions/declare/", declared.version_declare_view, name="version-declare"),
    path("versions/", views.version_list, name="version-list"),
    path("versions/<uuid:version_id>/", views.version_detail, name="version-detail"),
    path("versions/<uuid:version_id>/assessments/", views.version_assessments, name="version-assessments"),
    path("versions/<uuid:version_id>/weights/", views.version_weights, name="version-weights"),
    path("versions/<uuid:version_id>/history/", views.version_history, name="version-history"),
    path("versions/<uuid:version_id>/lifecycle/", views.version_move, name="version-move"),
    path("intakes/<uuid:intake_id>/", intakes.intake_detail, name="intake-detail"),
    path("intakes/<uuid:intake_id>/retry/", intakes.intake_retry, name="intake-retry"),
]
