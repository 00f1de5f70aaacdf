"""Addresses of the pages of systems and deployments."""

from django.urls import path

from web.systems import views

urlpatterns = [
    path("systems/", views.system_list, name="system-list"),
    path("systems/new/", views.system_create, name="system-create"),
    path("systems/<uuid:system_id>/", views.system_detail, name="system-detail"),
    path("systems/<uuid:system_id>/edit/", views.system_edit, name="system-edit"),
    path("systems/<uuid:system_id>/deployments/new/", views.deployment_create, name="deployment-create"),
    path("deployments/<uuid:deployment_id>/end/", views.deployment_end, name="deployment-end"),
]
