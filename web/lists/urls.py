"""Addresses behind the saved filters."""

from django.urls import path

from web.lists import views

urlpatterns = [
    path("filters/save/", views.filter_save, name="filter-save"),
    path("filters/<uuid:filter_id>/delete/", views.filter_delete, name="filter-delete"),
]
