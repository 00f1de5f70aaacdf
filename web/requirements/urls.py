"""Addresses of requirements and coverage."""

from django.urls import path

from web.requirements import amendments, views

urlpatterns = [
    path("requirements/", views.coverage, name="coverage"),
    path("requirements/all/", views.requirement_list, name="requirement-list"),
    path("requirements/changes/", amendments.requirement_changes, name="requirement-changes"),
    path("requirements/<uuid:requirement_id>/", views.requirement_detail, name="requirement-detail"),
]
