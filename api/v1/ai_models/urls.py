"""Addresses of models, versions and intakes."""

from django.urls import path

from api.v1.ai_models import views

urlpatterns = [
    path("models", views.ModelList.as_view(), name="models"),
    path("models/<uuid:id>", views.ModelDetail.as_view(), name="model"),
    path("versions", views.VersionList.as_view(), name="versions"),
    path("versions/<uuid:id>", views.VersionDetail.as_view(), name="version"),
    path("versions/<uuid:id>/lifecycle", views.VersionLifecycle.as_view(), name="version-lifecycle"),
    path("intakes", views.IntakeList.as_view(), name="intakes"),
    path("intakes/<uuid:id>", views.IntakeDetail.as_view(), name="intake"),
    path("intakes/<uuid:id>/retry", views.IntakeRetry.as_view(), name="intake-retry"),
]
